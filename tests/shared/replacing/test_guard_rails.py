"""Guard rails for deleting."""

from typing import Any

import pytest

from shared.errors import InvalidRequest, NotOurs, TargetExists, TargetNotAllowed, TargetProtected
from shared.names import TAG_OPERATION
from shared.replacing import guard_rails
from tests.builders import a_cluster, a_replaced_cluster, a_request, a_snapshot, settings

ALLOWING = settings(replaceable_clusters=("aurora-staging*",))


def check(request: dict[str, Any] | None = None, **cluster: Any) -> None:
    wanted = a_request(**(request or {"replace": "delete_first"}))
    guard_rails.check_replaceable(a_cluster(**cluster), wanted, ALLOWING)


def test_a_cluster_that_may_be_replaced_passes() -> None:
    check()
    check({"replace": "swap", "target_cluster_id": "aurora-staging-2"}, id="aurora-staging-2")


def test_nothing_may_be_replaced_unasked() -> None:
    with pytest.raises(TargetExists):
        check({"replace": "never"})


def test_nothing_may_be_replaced_where_the_deployment_names_nothing() -> None:
    with pytest.raises(TargetNotAllowed, match="are none"):
        guard_rails.check_replaceable(a_cluster(), a_request(replace="delete_first"), settings())


@pytest.mark.parametrize("name", ["aurora-prod", "my-aurora-staging"])
def test_a_pattern_fits_the_whole_name(name: str) -> None:
    with pytest.raises(TargetNotAllowed, match="aurora-staging"):
        check({"replace": "delete_first", "target_cluster_id": name}, id=name)


@pytest.mark.parametrize(
    "state",
    [
        {"is_protected": True},
        {"global_cluster_id": "world"},
        {"replication_source": "arn:aws:rds:us-east-1:123456789012:cluster:main"},
        {"read_replicas": ("arn:aws:rds:eu-west-1:123456789012:cluster:copy",)},
        {"status": "stopped"},
        {"is_limitless": True},
    ],
)
def test_a_protected_or_replicated_cluster_stays(state: dict[str, Any]) -> None:
    with pytest.raises(TargetProtected):
        check(**state)


def test_a_cluster_that_something_else_is_tied_to_stays() -> None:
    ties = ("blue/green deployment upgrade (AVAILABLE)", "zero-ETL integration sales (active)")

    with pytest.raises(TargetProtected, match=r"upgrade \(AVAILABLE\), zero-ETL integration sales"):
        guard_rails.check_untied(a_cluster(), ties)

    guard_rails.check_untied(a_cluster(), ())


@pytest.mark.parametrize("engine", ["neptune", "docdb", "aurora-mysql", "postgres", "mysql", ""])
def test_a_cluster_of_another_engine_is_never_replaced_or_removed(engine: str) -> None:
    with pytest.raises(TargetNotAllowed, match=f"engine {engine or 'unknown'}"):
        check(engine=engine)
    with pytest.raises(TargetNotAllowed, match="aurora-postgresql clusters only"):
        guard_rails.check_unfinished(
            a_cluster(engine=engine, tags={TAG_OPERATION: "broken"}),
            a_request(operation_id="broken"),
            ALLOWING,
        )


def test_another_cluster_that_took_the_id_meanwhile_stays() -> None:
    with pytest.raises(NotOurs, match="It is left alone"):
        guard_rails.check_is_the_same(a_cluster(resource_id="cluster-NEW"), a_replaced_cluster())


def test_the_source_is_never_the_target_also_when_only_the_snapshot_tells() -> None:
    request = a_request(source_region="us-west-2")

    snapshot = a_snapshot(region="us-west-2", cluster_id="aurora-staging")

    with pytest.raises(InvalidRequest, match="taken of aurora-staging itself"):
        guard_rails.check_target_is_not_source(request, snapshot, settings())


def test_a_cluster_of_another_account_may_have_the_targets_id() -> None:
    request = a_request(source_cluster_id="aurora-staging", source_account_id="999999999999")
    snapshot = a_snapshot(
        cluster_id="aurora-staging",
        arn="arn:aws:rds:us-west-2:999999999999:cluster-snapshot:nightly",
    )

    guard_rails.check_target_is_not_source(request, snapshot, settings())
