"""Engine versions: which can be restored, which stay what they are, and what they can do."""

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import ConfigurationError, SnapshotUnusable
from shared.gateways.rds.versions import EngineVersion
from shared.planning import versions
from tests.builders import NOON, a_request, a_snapshot


def a_version(number: str = "16.6", **changes: Any) -> EngineVersion:
    facts: dict[str, Any] = {
        "number": number,
        "is_provisioned": True,
        "log_types": frozenset({"postgresql", "instance"}),
        "capacities": (0.5, 128.0),
    }
    return EngineVersion(**facts | changes)


def offering(*numbers: str) -> list[EngineVersion]:
    return [a_version(number, is_provisioned="limitless" not in number) for number in numbers]


def test_a_version_that_is_offered_can_be_restored() -> None:
    found = versions.find_offered(a_snapshot(), offering("16.8", "16.6"), "us-west-2")

    assert found.number == "16.6"


@pytest.mark.parametrize(
    ("retired", "offered", "nearest"),
    [
        ("15.4", ("14.6", "15.3", "15.12", "15.10", "16.8"), "15.10"),
        ("15.9", ("15.18", "15.10"), "15.10"),
        ("16.5", ("16.6-limitless", "16.8", "17.4"), "16.8"),
        ("10.21", ("9.6", "12.22", "11.21"), "11.21"),
    ],
)
def test_of_a_retired_version_the_nearest_is_named(
    retired: str, offered: tuple[str, ...], nearest: str
) -> None:
    with pytest.raises(SnapshotUnusable) as refused:
        versions.find_offered(
            a_snapshot(id="nightly", engine_version=retired), offering(*offered), "us-west-2"
        )

    assert (
        f"Snapshot nightly is of aurora-postgresql {retired}, which RDS does not offer in us-west-2"
        in str(refused.value)
    )
    assert f"can be restored to is {nearest}." in str(refused.value)


def test_where_no_later_version_is_offered_none_is_named() -> None:
    with pytest.raises(SnapshotUnusable, match="no later version"):
        versions.find_offered(a_snapshot(), offering("15.10", "16.6-limitless"), "us-west-2")


def test_past_the_end_of_standard_support_a_request_has_to_say_what_it_wants() -> None:
    source, end = a_snapshot(engine_version="13.9"), NOON - timedelta(seconds=1)

    with pytest.raises(ConfigurationError) as refused:
        versions.check_supported(source, end, NOON)

    for word in ("13 ended on 2026-11-23", "extended_support to true", "stay on 13.9", "bills"):
        assert word in str(refused.value)


def test_until_the_end_of_standard_support_and_without_one_nothing_is_refused() -> None:
    versions.check_supported(a_snapshot(), NOON, NOON)
    versions.check_supported(a_snapshot(), None, NOON)


def test_everything_that_a_version_does_not_have_is_named_at_once() -> None:
    request = a_request(
        db_instance_class="db.serverless",
        serverless_v2={"min_capacity": 0, "max_capacity": 192},
        log_exports=["postgresql", "iam-db-auth-error"],
    )

    with pytest.raises(ConfigurationError) as refused:
        versions.check_abilities(request, a_version("15.3"))

    for words in (
        "15.3 does not have",
        "serverless_v2.min_capacity is 0, and the smallest is 0.5",
        "serverless_v2.max_capacity is 192, and the largest is 128",
        "log_exports has iam-db-auth-error, and its logs are instance, postgresql",
    ):
        assert words in str(refused.value)


def test_what_rds_does_not_say_about_a_version_is_no_reason_to_refuse() -> None:
    request = a_request(
        db_instance_class="db.serverless",
        serverless_v2={"min_capacity": 0, "max_capacity": 256},
        log_exports=["instance"],
    )

    versions.check_abilities(request, a_version(capacities=None, log_types=frozenset()))
    versions.check_abilities(request, a_version(capacities=(0.0, 256.0)))
