"""Restores of databases in which the master user may not do what has to be done."""

from local.rehearsal.production import REGION, at_once
from tests.restores.stage import Stage


def test_roles_that_nobody_administers_since_an_upgrade_are_named_at_once(stage: Stage) -> None:
    with at_once(stage.cloud):
        snapshot = stage.cloud.client("rds", region_name=REGION).create_db_cluster_snapshot(
            DBClusterIdentifier="aurora-prod", DBClusterSnapshotIdentifier="of-an-upgraded-one"
        )["DBClusterSnapshot"]
    volume = stage.cloud.aurora.volume_of_snapshot(snapshot["DBClusterSnapshotArn"])
    assert volume
    stage.cloud.databases.upgrade_roles(volume)

    outcome = stage.restore(source_snapshot_date=None, source_snapshot_id="of-an-upgraded-one")

    assert (outcome.status, outcome.error) == ("FAILED", "ValidationFailed")
    assert "shop_app, shop_reporting" in outcome.message
    assert "before an upgrade from 15" in outcome.message
