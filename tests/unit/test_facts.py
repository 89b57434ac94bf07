"""What a status means."""

import pytest

from shared.facts import Cluster, Instance, Snapshot
from tests.builders import a_cluster, a_snapshot, an_instance


@pytest.mark.parametrize(
    "resource",
    [
        a_cluster(status="migration-failed"),
        an_instance(status="incompatible-network"),
        a_snapshot(status="failed"),
    ],
)
def test_every_kind_of_resource_has_statuses_that_it_cannot_leave(
    resource: Cluster | Instance | Snapshot,
) -> None:
    assert resource.has_failed


@pytest.mark.parametrize("status", ["available", "creating", "something-new"])
def test_every_other_status_passes(status: str) -> None:
    assert not a_cluster(status=status).has_failed
    assert not an_instance(status=status).has_failed
    assert not a_snapshot(status=status).has_failed


def test_a_change_is_finished_when_nothing_is_pending_any_more() -> None:
    assert a_cluster().is_settled
    assert not a_cluster(has_pending_changes=True).is_settled
    assert not an_instance(status="modifying").is_settled
