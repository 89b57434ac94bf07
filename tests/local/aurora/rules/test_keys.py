"""Keys of other accounts."""

import json

from local.aurora.rules.keys import opens_key

ACCOUNT = "123456789012"
REGION = "us-west-2"


def test_a_key_is_open_only_with_everything_that_snapshots_need() -> None:
    def policy(*actions: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": [*actions],
        }
        return json.dumps({"Statement": statement})

    use = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*")

    assert opens_key(policy(*use, "kms:DescribeKey", "kms:CreateGrant"), ACCOUNT, REGION)
    assert not opens_key(policy(*use, "kms:DescribeKey"), ACCOUNT, REGION)
    assert not opens_key(policy(*use, "kms:DescribeKey", "kms:CreateGrant"), "555555555555", REGION)
