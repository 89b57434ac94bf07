"""ARNs as values."""

import pytest

from shared.arns import Arn


def test_a_resource_may_hold_colons() -> None:
    arn = Arn.parse("arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:rds:nightly")

    assert arn.region == "eu-west-1"
    assert arn.account_id == "123456789012"
    assert arn.resource == "cluster-snapshot:rds:nightly"


@pytest.mark.parametrize("text", ["", "nightly", "rds:nightly", "arn:aws:rds", "aws:a:b:c:d:e"])
def test_anything_else_is_not_an_arn(text: str) -> None:
    with pytest.raises(ValueError, match="not an ARN"):
        Arn.parse(text)
