"""What a successor will not have as the replaced cluster has it."""

from typing import Any

import pytest

from shared.planning.differences import differences
from tests.builders import a_cluster, a_request

GROUP = "sg-0123456789abcdef0"
ROLE = "arn:aws:iam::123456789012:role/loader"


def told(cluster: dict[str, Any], **request: Any) -> str:
    return " ".join(differences(a_cluster(**cluster), a_request(**request)))


def test_nothing_is_told_of_a_cluster_that_is_what_its_successor_will_be() -> None:
    alike = {
        "security_groups": (GROUP,),
        "parameter_group": "default.aurora-postgresql16",
        "upgrades_itself": True,
    }

    assert told(alike, vpc_security_group_ids=[GROUP]) == ""
    assert told({}) == ""


@pytest.mark.parametrize(
    ("cluster", "request_", "words"),
    [
        ({"roles": (f"{ROLE} (s3Import)",)}, {}, f"associated with {ROLE} (s3Import); its succ"),
        ({"security_groups": (GROUP,)}, {}, f"group {GROUP}; its successor will be in the default"),
        (
            {"security_groups": (GROUP,)},
            {"vpc_security_group_ids": ["sg-1"]},
            f"group {GROUP}; its successor will be in sg-1.",
        ),
        (
            {"parameter_group": "tuned"},
            {},
            "parameter group is tuned; its successor's will be the default one",
        ),
        (
            {"parameter_group": "default.aurora-postgresql16"},
            {"db_cluster_parameter_group_name": "tuned"},
            "parameter group is default.aurora-postgresql16; its successor's will be tuned.",
        ),
        ({"upgrades_itself": False}, {}, "not applied to it automatically; to its successor they"),
        (
            {"upgrades_itself": True},
            {"auto_minor_version_upgrade": False},
            "are applied to it automatically; to its successor they will not be",
        ),
    ],
)
def test_what_will_be_otherwise_is_told(
    cluster: dict[str, Any], request_: dict[str, Any], words: str
) -> None:
    assert words in told(cluster, **request_)
