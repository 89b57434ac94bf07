"""What a status means."""

import pytest

from shared.resources import Cluster, Instance, Snapshot
from tests.builders import a_cluster, a_snapshot, an_export, an_instance


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


@pytest.mark.parametrize("pending", ["DBClusterIdentifier", "MasterUserPassword"])
def test_a_new_cluster_is_stable_when_it_has_its_id_and_its_password(pending: str) -> None:
    assert a_cluster().is_stable
    assert not a_cluster(pending={pending}).is_stable
    assert not a_cluster(status="modifying").is_stable


@pytest.mark.parametrize(
    "pending",
    [
        "EngineVersion",
        "BackupRetentionPeriod",
        "IAMDatabaseAuthenticationEnabled",
        "PendingCloudwatchLogsExports",
        "SomethingNew",
    ],
)
def test_what_may_wait_for_a_window_or_an_instance_is_not_waited_for(pending: str) -> None:
    assert a_cluster(pending={pending}).is_stable
    assert a_cluster(pending={pending}).can_be_renamed


def test_a_pending_name_is_a_rename_and_a_pending_password_does_not_bar_one() -> None:
    assert a_cluster(pending={"DBClusterIdentifier"}).is_renaming
    assert not a_cluster(pending={"DBClusterIdentifier"}).can_be_renamed
    assert a_cluster(pending={"MasterUserPassword"}).can_be_renamed


@pytest.mark.parametrize("status", ["FAILED", "CANCELING", "CANCELED"])
def test_an_export_that_will_not_complete_has_failed(status: str) -> None:
    assert an_export(status=status).has_failed
    assert not an_export(status=status).is_complete


@pytest.mark.parametrize("status", ["STARTING", "IN_PROGRESS", "SOMETHING_NEW"])
def test_an_export_under_way_has_neither_failed_nor_completed(status: str) -> None:
    assert not an_export(status=status).has_failed
    assert not an_export(status=status).is_complete


@pytest.mark.parametrize(
    ("prefix", "location"), [("a/b", "s3://exports/a/b/one/"), ("", "s3://exports/one/")]
)
def test_an_export_lies_in_a_folder_of_its_own(prefix: str, location: str) -> None:
    assert an_export(id="one", prefix=prefix).location == location
