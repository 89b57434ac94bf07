"""Snapshots: taken by hand and by RDS, listed, deleted."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.aurora.scene import AURORA, EAST, Scene, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def test_taking_a_snapshot_takes_time_and_keeps_the_cluster_backing_up(scene: Scene) -> None:
    scene.has_cluster()

    requested = scene.request_snapshot("before")
    meanwhile = scene.cluster()
    scene.settle()

    assert (requested["Status"], requested["PercentProgress"]) == ("creating", 0)
    assert meanwhile["Status"] == "backing-up"
    assert scene.cluster()["Status"] == "available"
    assert scene.snapshot("before")["Status"] == "available"


def test_a_snapshot_holds_what_was_there_when_it_was_asked_for(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_snapshot("before")
    scene.modify(MasterUserPassword="another-password")
    scene.settle()
    scene.request_restore("before", "staging")
    scene.settle()

    scene.has_instance("staging-1", "staging")

    served = scene.databases.behind(scene.cluster("staging")["Endpoint"])
    assert served is not None
    assert served["root"] == "correct-horse"


def test_a_snapshot_describes_its_cluster(scene: Scene) -> None:
    key = scene.key()
    cluster = scene.has_cluster(KmsKeyId=key, EngineVersion="15.10", Port=6432)
    asked_at = scene.now

    snapshot = scene.request_snapshot("before", Tags=[{"Key": "why", "Value": "test"}])

    assert snapshot["SnapshotCreateTime"] == asked_at
    assert snapshot["SnapshotType"] == "manual"
    assert snapshot["DBClusterIdentifier"] == "prod"
    assert snapshot["KmsKeyId"] == key
    assert snapshot["StorageEncrypted"] is True
    assert snapshot["EngineVersion"] == "15.10"
    assert snapshot["Port"] == 6432
    assert snapshot["DbClusterResourceId"] == cluster["DbClusterResourceId"]
    assert snapshot["TagList"] == [{"Key": "why", "Value": "test"}]


def test_the_tags_of_the_cluster_travel_only_when_it_says_so(scene: Scene) -> None:
    tags = [{"Key": "team", "Value": "shop"}]
    scene.has_cluster("quiet", Tags=tags)
    scene.has_cluster("generous", Tags=tags, CopyTagsToSnapshot=True)

    assert scene.request_snapshot("of-quiet", "quiet")["TagList"] == []
    assert scene.request_snapshot("of-generous", "generous")["TagList"] == tags


def test_a_busy_cluster_takes_no_snapshot(scene: Scene) -> None:
    scene.request_cluster()

    with refused("InvalidDBClusterStateFault", "creating"):
        scene.request_snapshot("before")


def test_an_automated_snapshot_is_named_for_cluster_and_minute(scene: Scene) -> None:
    scene.has_cluster()

    arn = scene.automated_snapshot()

    name = f"rds:prod-{scene.now:%Y-%m-%d-%H-%M}"
    assert arn == f"arn:aws:rds:{EAST}:{scene.account_id}:cluster-snapshot:{name}"
    snapshot = scene.snapshot(name, SnapshotType="automated")
    assert (snapshot["SnapshotType"], snapshot["Status"]) == ("automated", "available")
    assert snapshot["PercentProgress"] == 100


def test_an_automated_snapshot_takes_time_when_asked_to(scene: Scene) -> None:
    scene.has_cluster()

    scene.automated_snapshot(takes_time=True)

    assert scene.cluster()["Status"] == "backing-up"


def test_an_automated_snapshot_is_found_by_identifier_only_with_its_type(scene: Scene) -> None:
    scene.has_cluster()
    name = scene.automated_snapshot().split(":cluster-snapshot:")[1]

    with refused("DBClusterSnapshotNotFoundFault"):
        scene.snapshot(name)

    assert scene.snapshot(name, SnapshotType="automated")["DBClusterSnapshotIdentifier"] == name


def test_snapshots_are_listed_by_cluster_type_and_filter(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_cluster("other", Engine="aurora-mysql")
    scene.has_snapshot("by-hand")
    scene.has_snapshot("of-other", "other")
    automated = scene.automated_snapshot().split(":cluster-snapshot:")[1]

    def listed(**question: Any) -> set[str]:
        answer = scene.rds().describe_db_cluster_snapshots(**question)
        return {each["DBClusterSnapshotIdentifier"] for each in answer["DBClusterSnapshots"]}

    assert listed() == {"by-hand", "of-other", automated}
    assert listed(DBClusterIdentifier="prod") == {"by-hand", automated}
    assert listed(DBClusterIdentifier="prod", SnapshotType="manual") == {"by-hand"}
    assert listed(SnapshotType="automated") == {automated}
    assert listed(Filters=[{"Name": "engine", "Values": [AURORA]}]) == {"by-hand", automated}
    assert listed(Filters=[{"Name": "snapshot-type", "Values": ["automated"]}]) == {automated}
    with refused("InvalidParameterValue", "weekly"):
        listed(SnapshotType="weekly")
    with refused("InvalidParameterValue", "colour"):
        listed(Filters=[{"Name": "colour", "Values": ["blue"]}])


def test_snapshots_are_listed_in_pages(scene: Scene) -> None:
    scene.has_cluster()
    for number in range(25):
        scene.has_snapshot(f"number-{number}")

    paginator = scene.rds().get_paginator("describe_db_cluster_snapshots")
    pages = [
        [each["DBClusterSnapshotIdentifier"] for each in page["DBClusterSnapshots"]]
        for page in paginator.paginate(PaginationConfig={"PageSize": 20})
    ]

    assert [len(page) for page in pages] == [20, 5]
    assert {name for page in pages for name in page} == {f"number-{n}" for n in range(25)}
    with refused("InvalidParameterValue", "MaxRecords"):
        scene.rds().describe_db_cluster_snapshots(MaxRecords=19)


def test_a_snapshot_of_aws_backup_is_manual(scene: Scene) -> None:
    scene.has_cluster()

    scene.simulator.take_backup_snapshot(EAST, "prod", account_id=scene.account_id)

    (snapshot,) = scene.rds().describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert snapshot["DBClusterSnapshotIdentifier"].startswith("awsbackup:")
    assert snapshot["SnapshotType"] == "manual"


def test_a_snapshot_is_deleting_for_a_while_and_then_gone_with_its_data(scene: Scene) -> None:
    scene.has_cluster()
    volumes_before = set(scene.databases.volumes)
    scene.has_snapshot("before")

    deleted = scene.rds().delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before")
    with refused("InvalidDBClusterSnapshotStateFault", "deleting"):
        scene.rds().delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before")
    scene.settle()

    assert deleted["DBClusterSnapshot"]["Status"] == "deleting"
    with refused("DBClusterSnapshotNotFoundFault"):
        scene.rds().delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before")
    assert set(scene.databases.volumes) == volumes_before


def test_an_automated_snapshot_and_one_being_taken_cannot_be_deleted(scene: Scene) -> None:
    scene.has_cluster()
    automated = scene.automated_snapshot().split(":cluster-snapshot:")[1]
    scene.request_snapshot("before")

    for name in (automated, "before"):
        with refused("InvalidDBClusterSnapshotStateFault"):
            scene.rds().delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)


def test_a_snapshot_tells_how_it_is_encrypted(scene: Scene) -> None:
    scene.has_cluster("new")
    scene.has_cluster("old")
    scene.simulator.let_be_unencrypted(EAST, "old", account_id=scene.account_id)
    scene.has_cluster("keyed", StorageEncrypted=True)
    snapshots = [scene.has_snapshot(f"of-{name}", name) for name in ("new", "old", "keyed")]

    told = [(one["StorageEncrypted"], one["StorageEncryptionType"]) for one in snapshots]

    assert told == [(False, "sse-rds"), (False, "none"), (True, "sse-kms")]


def test_what_is_restored_from_an_unencrypted_snapshot_is_encrypted_by_rds(scene: Scene) -> None:
    scene.has_cluster("old")
    scene.simulator.let_be_unencrypted(EAST, "old", account_id=scene.account_id)
    scene.has_snapshot("before", "old")

    assert scene.request_restore("before")["StorageEncryptionType"] == "sse-rds"
