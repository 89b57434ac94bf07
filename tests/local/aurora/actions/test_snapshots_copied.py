"""Copies of snapshots, within a region and across regions."""

from collections.abc import Iterator

import pytest

from tests.local.aurora.scene import EAST, WEST, Scene, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


@pytest.mark.parametrize("target", ["rds:prod-copy", "prod--copy", "prod-", "1prod", "p" * 64])
def test_the_identifier_of_a_copy_must_be_legal(scene: Scene, target: str) -> None:
    scene.has_cluster()
    source = scene.automated_snapshot()

    with refused("InvalidParameterValue", "TargetDBClusterSnapshotIdentifier"):
        scene.request_copy(source, target)


def test_a_copy_progresses_from_0_to_100(scene: Scene) -> None:
    scene.has_cluster()
    source = scene.automated_snapshot()
    duration = scene.simulator.durations.copy

    progress = [scene.request_copy(source, "copy", WEST)["PercentProgress"]]
    for _ in range(4):
        scene.pass_time(duration / 4)
        progress.append(scene.snapshot("copy", WEST)["PercentProgress"])

    assert progress == [0, 25, 50, 75, 100]
    assert scene.snapshot("copy", WEST)["Status"] == "available"


def test_a_copy_is_a_manual_snapshot_that_knows_its_source(scene: Scene) -> None:
    scene.has_cluster()
    source = scene.automated_snapshot()

    copy = scene.request_copy(source, "Copy", WEST)

    assert copy["DBClusterSnapshotIdentifier"] == "copy"
    assert copy["DBClusterSnapshotArn"].startswith(f"arn:aws:rds:{WEST}:{scene.account_id}:")
    assert copy["SourceDBClusterSnapshotArn"] == source
    assert copy["SnapshotType"] == "manual"
    assert copy["Status"] == "copying"


def test_a_copy_keeps_the_time_at_which_the_original_was_taken(scene: Scene) -> None:
    scene.has_cluster()
    source = scene.has_snapshot("before")
    scene.pass_time(24 * 3600)

    scene.request_copy(source["DBClusterSnapshotArn"], "copy", WEST)

    assert scene.snapshot("copy", WEST)["SnapshotCreateTime"] == source["SnapshotCreateTime"]


def test_only_an_available_snapshot_can_be_copied(scene: Scene) -> None:
    scene.has_cluster()
    source = scene.request_snapshot("before")["DBClusterSnapshotArn"]

    with refused("InvalidDBClusterSnapshotStateFault", "creating"):
        scene.request_copy(source, "copy")


def test_copying_what_is_not_there_or_onto_what_is_there_is_refused(scene: Scene) -> None:
    scene.has_cluster()
    source = scene.has_snapshot("before")["DBClusterSnapshotArn"]

    with refused("DBClusterSnapshotNotFoundFault"):
        scene.request_copy(source + "-not", "copy")
    with refused("DBClusterSnapshotNotFoundFault"):
        scene.request_copy("before", "copy", WEST)
    with refused("DBClusterSnapshotAlreadyExistsFault"):
        scene.request_copy(source, "before")


def test_an_encrypted_copy_into_another_region_needs_a_key_of_that_region(scene: Scene) -> None:
    scene.has_cluster(KmsKeyId=scene.key(EAST))
    source = scene.automated_snapshot()
    key = scene.key(WEST)

    with refused("InvalidParameterValue", "KmsKeyId"):
        scene.request_copy(source, "copy", WEST)
    with refused("KMSKeyNotAccessibleFault"):
        scene.request_copy(source, "copy", WEST, KmsKeyId=scene.key(EAST))
    copy = scene.request_copy(source, "copy", WEST, KmsKeyId=key)

    assert (copy["StorageEncrypted"], copy["KmsKeyId"]) == (True, key)


def test_an_encrypted_copy_within_a_region_may_change_its_key(scene: Scene) -> None:
    old_key, new_key = scene.key(), scene.key()
    scene.has_cluster(KmsKeyId=old_key)
    source = scene.automated_snapshot()

    assert scene.request_copy(source, "same")["KmsKeyId"] == old_key
    assert scene.request_copy(source, "other", KmsKeyId=new_key)["KmsKeyId"] == new_key


def test_a_copy_does_not_encrypt(scene: Scene) -> None:
    scene.has_cluster()
    source = scene.automated_snapshot()

    with refused("InvalidParameterCombination", "no key of KMS"):
        scene.request_copy(source, "copy", WEST, KmsKeyId=scene.key(WEST))


def test_a_snapshot_under_a_disabled_key_cannot_be_copied(scene: Scene) -> None:
    key = scene.key()
    scene.has_cluster(KmsKeyId=key)
    source = scene.automated_snapshot()
    scene.disable(key)

    with refused("KMSKeyNotAccessibleFault"):
        scene.request_copy(source, "copy", WEST, KmsKeyId=scene.key(WEST))


def test_tags_travel_with_a_copy_only_on_request(scene: Scene) -> None:
    tags = [{"Key": "team", "Value": "shop"}]
    scene.has_cluster()
    source = scene.has_snapshot("before", Tags=tags)["DBClusterSnapshotArn"]

    assert scene.request_copy(source, "bare", WEST)["TagList"] == []
    assert scene.request_copy(source, "tagged", WEST, CopyTags=True)["TagList"] == tags
    with refused("InvalidParameterValue", "aws:"):
        scene.request_copy(source, "refused", WEST, Tags=[{"Key": "aws:x", "Value": "y"}])


def test_five_copies_into_a_region_run_at_a_time(scene: Scene) -> None:
    scene.has_cluster()
    source = scene.automated_snapshot()
    for number in range(5):
        scene.request_copy(source, f"copy-{number}", WEST)

    with refused("SnapshotQuotaExceeded", "more than 5 snapshots across regions"):
        scene.request_copy(source, "copy-5", WEST)
    scene.request_copy(source, "within-the-region", EAST)
    scene.settle()

    assert scene.request_copy(source, "copy-5", WEST)["Status"] == "copying"


def test_deleting_a_copy_under_way_cancels_it(scene: Scene) -> None:
    scene.has_cluster()
    source = scene.automated_snapshot()
    scene.request_copy(source, "copy", WEST)
    scene.pass_time(60)

    scene.rds(WEST).delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="copy")
    scene.settle()

    with refused("DBClusterSnapshotNotFoundFault"):
        scene.snapshot("copy", WEST)
    (cancelled,) = [record for record in scene.records if record.kind == "copy"]
    assert cancelled.outcome == "cancelled"
    assert (cancelled.ended - cancelled.started).total_seconds() == 60


def test_deleting_a_snapshot_leaves_its_copies_whole(scene: Scene) -> None:
    scene.has_cluster(DatabaseName="shop")
    scene.has_snapshot("before")
    scene.request_copy("before", "copy")
    scene.settle()
    scene.rds().delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before")
    scene.settle()
    scene.request_restore("copy", "staging")
    scene.settle()

    scene.has_instance("staging-1", "staging")

    served = scene.databases.behind(scene.cluster("staging")["Endpoint"])
    assert served is not None
    assert served["database"] == "shop"


def test_a_copy_that_fails_stays_failed_and_can_be_deleted(scene: Scene) -> None:
    scene.has_cluster()
    source = scene.automated_snapshot()
    scene.simulator.fail_next("copy", "failed")
    scene.request_copy(source, "copy", WEST)
    scene.settle()

    failed = scene.snapshot("copy", WEST)
    with refused("InvalidDBClusterSnapshotStateFault", "failed"):
        scene.request_copy(failed["DBClusterSnapshotArn"], "again", WEST)
    scene.rds(WEST).delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="copy")
    scene.settle()

    assert failed["Status"] == "failed"
    assert scene.request_copy(source, "copy", WEST)["Status"] == "copying"


def test_a_hundred_manual_snapshots_are_the_limit_of_an_account(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scene.simulator.quotas.manual_snapshots == 100
    monkeypatch.setattr(scene.simulator.quotas, "manual_snapshots", 2)
    scene.has_cluster()
    source = scene.automated_snapshot()
    for _ in range(3):
        scene.simulator.take_backup_snapshot(EAST, "prod", account_id=scene.account_id)
    scene.request_copy(source, "first")
    scene.has_snapshot("second")

    with refused("SnapshotQuotaExceeded", "more than 2 manual snapshots"):
        scene.request_copy(source, "third")
    with refused("SnapshotQuotaExceeded", "more than 2 manual snapshots"):
        scene.request_snapshot("third")
