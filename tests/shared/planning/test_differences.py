"""What a successor will not have as the replaced cluster has it."""

from collections.abc import Sequence
from typing import Any

import pytest

from shared.planning.differences import differences
from tests.builders import a_cluster, a_request, an_instance

GROUP = "sg-0123456789abcdef0"
ROLE = "arn:aws:iam::123456789012:role/loader"


def told(cluster: dict[str, Any], groups: Sequence[str] = (), **request: Any) -> str:
    instances = [an_instance(parameter_group=group) for group in groups]
    return " ".join(differences(a_cluster(**cluster), instances, a_request(**request)))


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


@pytest.mark.parametrize(
    ("groups", "requested", "words"),
    [
        (["tuned", "tuned"], None, "parameter group tuned; its successor's will have the default"),
        (["tuned", "reports"], "tuned", "parameter group reports; its successor's will have tuned"),
        (["default.aurora-postgresql16"], "tuned", "default.aurora-postgresql16; its successor's"),
    ],
)
def test_instances_with_other_parameter_groups_are_told(
    groups: Sequence[str], requested: str | None, words: str
) -> None:
    request = {"db_parameter_group_name": requested} if requested else {}

    assert words in told({}, groups, **request)


def test_instances_with_the_groups_of_their_successors_are_not_told() -> None:
    assert told({}, ["default.aurora-postgresql16"]) == ""
    assert told({}, ["tuned"], db_parameter_group_name="tuned") == ""
