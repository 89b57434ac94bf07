"""Deleting clusters and instances: what protects them, and what goes with them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.aurora.scene import EAST, WEST, Scene, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def _delete(scene: Scene, cluster: str = "prod", **how: Any) -> Any:
    how = how or {"SkipFinalSnapshot": True}
    return scene.rds().delete_db_cluster(DBClusterIdentifier=cluster, **how)["DBCluster"]


def _delete_instance(scene: Scene, instance: str, **how: Any) -> Any:
    return scene.rds().delete_db_instance(DBInstanceIdentifier=instance, **how)["DBInstance"]


def test_a_cluster_is_deleting_for_a_while_and_then_gone_with_its_data(scene: Scene) -> None:
    volumes_before = set(scene.databases.volumes)
    scene.has_cluster()

    requested = _delete(scene)
    meanwhile = scene.cluster()
    scene.settle()

    assert requested["Status"] == meanwhile["Status"] == "deleting"
    with refused("DBClusterNotFoundFault"):
        scene.cluster()
    assert set(scene.databases.volumes) == volumes_before


def test_deleting_what_is_not_there_is_refused(scene: Scene) -> None:
    with refused("DBClusterNotFoundFault"):
        _delete(scene)
    with refused("DBInstanceNotFound"):
        _delete_instance(scene, "prod-1")


def test_a_cluster_goes_only_after_its_instances(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")

    with refused("InvalidDBClusterStateFault", "instances"):
        _delete(scene)
    _delete_instance(scene, "prod-1")
    _delete(scene)
    scene.settle()

    ended = {record.kind: record.ended for record in scene.records}
    assert ended["delete_cluster"] >= ended["delete_instance"]
    with refused("DBClusterNotFoundFault"):
        scene.cluster()


def test_a_protected_cluster_stays(scene: Scene) -> None:
    scene.has_cluster(DeletionProtection=True)

    with refused("InvalidParameterCombination", "protected"):
        _delete(scene)

    assert scene.cluster()["Status"] == "available"


def test_the_last_instance_goes_although_the_cluster_is_protected(scene: Scene) -> None:
    cluster = scene.has_cluster(DeletionProtection=True)
    scene.has_instance("prod-1")

    deleting = _delete_instance(scene, "prod-1")
    scene.settle()

    assert deleting["DBInstanceStatus"] == "deleting"
    assert scene.cluster()["DBClusterMembers"] == []
    assert scene.databases.behind(cluster["Endpoint"]) is None


@pytest.mark.parametrize(
    "how",
    [
        {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "last"},
        {"SkipFinalSnapshot": False},
        {"DeleteAutomatedBackups": True},
    ],
)
def test_a_final_snapshot_is_either_named_or_skipped(scene: Scene, how: dict[str, Any]) -> None:
    scene.has_cluster()

    with refused("InvalidParameterCombination", "SkipFinalSnapshot"):
        _delete(scene, **how)


def test_a_final_snapshot_outlives_its_cluster(scene: Scene) -> None:
    scene.has_cluster(DatabaseName="shop")

    _delete(scene, FinalDBSnapshotIdentifier="last")
    assert scene.snapshot("last")["Status"] == "creating"
    scene.settle()
    scene.request_restore("last")
    scene.settle()
    scene.has_instance("staging-1", "staging")

    with refused("DBClusterNotFoundFault"):
        scene.cluster("prod")
    served = scene.databases.behind(scene.cluster("staging")["Endpoint"])
    assert served is not None
    assert served["database"] == "shop"


def test_the_identifier_of_a_final_snapshot_must_be_legal_and_free(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_snapshot("before")

    with refused("DBClusterSnapshotAlreadyExistsFault"):
        _delete(scene, FinalDBSnapshotIdentifier="before")
    with refused("InvalidParameterValue", "FinalDBSnapshotIdentifier"):
        _delete(scene, FinalDBSnapshotIdentifier="rds:last")

    assert scene.cluster()["Status"] == "available"


def test_a_final_snapshot_can_hit_the_quota(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene.simulator.quotas, "manual_snapshots", 0)
    scene.has_cluster()

    with refused("SnapshotQuotaExceeded", "manual snapshots"):
        _delete(scene, FinalDBSnapshotIdentifier="last")

    assert scene.cluster()["Status"] == "available"


def test_automated_snapshots_go_with_their_cluster_and_manual_ones_stay(scene: Scene) -> None:
    scene.has_cluster()
    scene.automated_snapshot()
    scene.has_snapshot("by-hand")

    _delete(scene)
    scene.settle()

    (left,) = scene.rds().describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert left["DBClusterSnapshotIdentifier"] == "by-hand"


def test_automated_snapshots_stay_when_asked_to(scene: Scene) -> None:
    scene.has_cluster()
    scene.automated_snapshot()

    _delete(scene, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    scene.settle()

    (left,) = scene.rds().describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert left["SnapshotType"] == "automated"


def test_deleting_a_renamed_cluster_spares_the_backups_of_its_successor(scene: Scene) -> None:
    scene.has_cluster("staging")
    scene.has_cluster("candidate")
    scene.modify("staging", NewDBClusterIdentifier="staging-old")
    scene.settle()
    scene.modify("candidate", NewDBClusterIdentifier="staging")
    scene.settle()
    scene.automated_snapshot("staging")

    _delete(scene, "staging-old")
    scene.settle()

    assert len(scene.rds().describe_db_cluster_snapshots()["DBClusterSnapshots"]) == 1


def test_a_cluster_in_a_passing_status_is_not_deleted(scene: Scene) -> None:
    scene.request_cluster()
    with refused("InvalidDBClusterStateFault", "creating"):
        _delete(scene)
    scene.settle()
    scene.request_snapshot("before")
    with refused("InvalidDBClusterStateFault", "backing-up"):
        _delete(scene)
    scene.settle()
    _delete(scene)

    with refused("InvalidDBClusterStateFault", "deleting"):
        _delete(scene)


def test_a_member_of_a_global_cluster_must_be_detached_first(scene: Scene) -> None:
    arn = scene.has_cluster()["DBClusterArn"]
    scene.rds().create_global_cluster(
        GlobalClusterIdentifier="world", SourceDBClusterIdentifier=arn
    )

    assert scene.cluster()["GlobalClusterIdentifier"].endswith(":world")
    with refused("InvalidGlobalClusterStateFault"):
        _delete(scene)
    scene.rds().remove_from_global_cluster(GlobalClusterIdentifier="world", DbClusterIdentifier=arn)

    assert "GlobalClusterIdentifier" not in scene.cluster()
    assert _delete(scene)["Status"] == "deleting"


def test_the_source_of_a_replica_stays_until_the_replica_is_gone(scene: Scene) -> None:
    source = scene.has_cluster(region=EAST)["DBClusterArn"]
    replica = scene.has_cluster("copy", WEST, ReplicationSourceIdentifier=source)

    assert replica["ReplicationSourceIdentifier"] == source
    assert scene.cluster()["ReadReplicaIdentifiers"] == [replica["DBClusterArn"]]
    with refused("InvalidDBClusterStateFault", "source"):
        _delete(scene)
    scene.rds(WEST).delete_db_cluster(DBClusterIdentifier="copy", SkipFinalSnapshot=True)
    scene.settle()

    assert _delete(scene)["Status"] == "deleting"


def test_an_instance_that_is_being_deleted_is_not_deleted_again(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")
    _delete_instance(scene, "prod-1")

    with refused("InvalidDBInstanceState"):
        _delete_instance(scene, "prod-1")


def test_an_instance_of_a_cluster_has_no_final_snapshot(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")

    with refused("InvalidParameterCombination", "FinalDBSnapshotIdentifier"):
        _delete_instance(scene, "prod-1", FinalDBSnapshotIdentifier="last")


def test_an_instance_can_be_deleted_while_it_is_being_created(scene: Scene) -> None:
    scene.has_cluster()
    scene.request_instance("prod-1")

    _delete_instance(scene, "prod-1")
    scene.settle()

    assert scene.cluster()["DBClusterMembers"] == []
    outcomes = {record.kind: record.outcome for record in scene.records}
    assert outcomes["instance"] == "cancelled"


def test_a_cluster_of_a_deployment_or_an_integration_is_neither_renamed_nor_deleted(
    scene: Scene,
) -> None:
    arn = scene.has_cluster()["DBClusterArn"]
    rds = scene.rds()
    rds.create_blue_green_deployment(BlueGreenDeploymentName="upgrade", Source=arn)
    rds.create_integration(SourceArn=arn, TargetArn=f"{arn}-warehouse", IntegrationName="sales")

    with refused("InvalidDBClusterStateFault"):
        scene.modify(NewDBClusterIdentifier="other")
    with refused("InvalidDBClusterStateFault"):
        rds.delete_db_cluster(DBClusterIdentifier="prod", SkipFinalSnapshot=True)

    (deployment,) = rds.describe_blue_green_deployments()["BlueGreenDeployments"]
    (integration,) = rds.describe_integrations()["Integrations"]
    assert (deployment["Source"], deployment["Status"]) == (arn, "AVAILABLE")
    assert (integration["SourceArn"], integration["Status"]) == (arn, "active")


def test_a_cluster_stays_available_while_its_final_snapshot_is_taken(scene: Scene) -> None:
    scene.has_cluster()

    asked = _delete(scene, FinalDBSnapshotIdentifier="last")
    meanwhile = scene.cluster()["Status"]
    with refused("InvalidDBClusterStateFault", "final snapshot"):
        _delete(scene, FinalDBSnapshotIdentifier="last")
    scene.pass_time(scene.simulator.durations.snapshot)

    assert asked["Status"] == meanwhile == "available"
    assert scene.snapshot("last")["Status"] == "available"
    assert scene.cluster()["Status"] == "deleting"


def test_a_cluster_whose_final_snapshot_fails_stays(scene: Scene) -> None:
    scene.has_cluster()
    scene.simulator.fail_next("snapshot", "failed")

    _delete(scene, FinalDBSnapshotIdentifier="last")
    scene.settle()

    assert scene.snapshot("last")["Status"] == "failed"
    assert scene.cluster()["Status"] == "available"


def test_a_final_snapshot_needs_the_clusters_key(scene: Scene) -> None:
    key = scene.key()
    scene.has_cluster(KmsKeyId=key)
    scene.disable(key)

    with refused("KMSKeyNotAccessibleFault"):
        _delete(scene, FinalDBSnapshotIdentifier="last")


def _retained(scene: Scene) -> list[str]:
    listed = scene.rds().describe_db_cluster_automated_backups(
        Filters=[{"Name": "status", "Values": ["retained"]}]
    )
    return [one["DBClusterIdentifier"] for one in listed["DBClusterAutomatedBackups"]]


def test_retained_backups_expire_with_the_retention_of_their_cluster(scene: Scene) -> None:
    scene.has_cluster(BackupRetentionPeriod=7)
    _delete(scene, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    scene.settle()

    early = _retained(scene)
    scene.pass_time(7 * 24 * 3600)

    assert early == ["prod"]
    assert _retained(scene) == []


def test_retained_backups_are_deleted_by_the_resource_id_of_their_cluster(scene: Scene) -> None:
    scene.has_cluster()
    resource_id = scene.cluster("prod")["DbClusterResourceId"]
    _delete(scene, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    scene.settle()

    scene.rds().delete_db_cluster_automated_backup(DbClusterResourceId=resource_id)

    assert _retained(scene) == []
    with refused("DBClusterAutomatedBackupNotFoundFault"):
        scene.rds().delete_db_cluster_automated_backup(DbClusterResourceId=resource_id)


def test_retained_backups_have_a_quota(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene.simulator.quotas, "retained_backups", 1)
    for name in ("one", "two"):
        scene.has_cluster(name)
    _delete(scene, "one", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    scene.settle()

    with refused("DBClusterAutomatedBackupQuotaExceededFault", "quota"):
        _delete(scene, "two", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)

    assert _delete(scene, "two")["Status"] == "deleting"


def test_backups_that_aws_backup_makes_have_to_be_retained(scene: Scene) -> None:
    scene.has_cluster()
    scene.simulator.back_up_continuously(EAST, "prod", account_id=scene.account_id)

    assert scene.cluster()["AwsBackupRecoveryPointArn"].startswith("arn:aws:backup:")
    with refused("InvalidParameterCombination", "NoDeleteAutomatedBackups"):
        _delete(scene)
    assert _delete(scene, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
