"""Clusters restored from snapshots."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.aurora.scene import WEST, Scene, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def test_a_restored_cluster_is_creating_then_available_and_without_instances(
    scene: Scene,
) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")
    scene.has_snapshot("before")

    requested = scene.request_restore("before", "Staging")
    scene.settle()

    restored = scene.cluster("staging")
    assert requested["Status"] == "creating"
    assert restored["Status"] == "available"
    assert restored["DBClusterMembers"] == []
    assert scene.databases.behind(restored["Endpoint"]) is None


@pytest.mark.parametrize(("asked", "kept"), [({}, 7), ({"BackupRetentionPeriod": 3}, 3)])
def test_backups_are_kept_as_long_as_those_of_the_snapshots_cluster_unless_asked_otherwise(
    scene: Scene, asked: dict[str, Any], kept: int
) -> None:
    scene.has_cluster(BackupRetentionPeriod=7)
    scene.has_snapshot("before")

    assert scene.request_restore("before", **asked)["BackupRetentionPeriod"] == kept


def test_a_restore_may_show_as_migrating(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.has_cluster()
    scene.has_snapshot("before")
    monkeypatch.setattr(scene.simulator, "restore_status", "migrating")

    assert scene.request_restore()["Status"] == "migrating"


def test_a_snapshot_is_restored_by_arn_as_well(scene: Scene) -> None:
    scene.has_cluster()

    restored = scene.request_restore(scene.automated_snapshot())

    assert restored["DBClusterIdentifier"] == "staging"


def test_a_snapshot_of_another_region_is_not_found(scene: Scene) -> None:
    scene.has_cluster()
    arn = scene.automated_snapshot()

    with refused("DBClusterSnapshotNotFoundFault"):
        scene.rds(WEST).restore_db_cluster_from_snapshot(
            SnapshotIdentifier=arn, DBClusterIdentifier="staging", Engine="aurora-postgresql"
        )


def test_only_an_available_snapshot_can_be_restored(scene: Scene) -> None:
    scene.has_cluster()
    scene.request_snapshot("before")

    with refused("InvalidDBClusterSnapshotStateFault", "creating"):
        scene.request_restore("before")


def test_a_restore_onto_a_cluster_that_is_there_is_refused(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_snapshot("before")

    with refused("DBClusterAlreadyExistsFault"):
        scene.request_restore("before", "prod")


def test_an_omitted_version_means_the_regions_default_and_not_the_snapshots(
    scene: Scene,
) -> None:
    scene.has_cluster(EngineVersion="15.10")
    scene.has_snapshot("before")

    assert scene.request_restore("before", "first")["EngineVersion"] == "16.13"
    kept = scene.request_restore("before", "second", EngineVersion="15.10")
    assert kept["EngineVersion"] == "15.10"
    assert kept["DBClusterParameterGroup"] == "default.aurora-postgresql15"
    with refused("InvalidParameterCombination", "14.9"):
        scene.request_restore("before", "third", EngineVersion="14.9")


def test_a_snapshot_of_another_engine_is_refused(scene: Scene) -> None:
    scene.has_cluster(Engine="aurora-mysql")
    scene.has_snapshot("before")

    with refused("InvalidParameterCombination", "aurora-mysql"):
        scene.request_restore("before")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DBSubnetGroupName": "nowhere"}, "DBSubnetGroupNotFoundFault"),
        ({"VpcSecurityGroupIds": ["sg-12345678"]}, "InvalidParameterValue"),
        ({"DBClusterParameterGroupName": "nothing"}, "DBClusterParameterGroupNotFound"),
        (
            {"DBClusterParameterGroupName": "default.aurora-postgresql15"},
            "InvalidParameterCombination",
        ),
        ({"KmsKeyId": "alias/nothing"}, "KMSKeyNotAccessibleFault"),
        ({"DBClusterIdentifier": "sta--ging"}, "InvalidParameterValue"),
        ({"Tags": [{"Key": "aws:mine", "Value": "no"}]}, "InvalidParameterValue"),
    ],
)
def test_what_a_restore_names_must_exist_and_be_allowed(
    scene: Scene, changes: dict[str, Any], code: str
) -> None:
    scene.has_cluster()
    scene.has_snapshot("before")

    with refused(code):
        scene.request_restore("before", **changes)

    assert len(scene.rds().describe_db_clusters()["DBClusters"]) == 1


def test_a_restore_keeps_the_key_or_takes_another(scene: Scene) -> None:
    key, other_key = scene.key(), scene.key()
    scene.has_cluster(KmsKeyId=key)
    scene.has_snapshot("before")

    assert scene.request_restore("before", "first")["KmsKeyId"] == key
    assert scene.request_restore("before", "second", KmsKeyId=other_key)["KmsKeyId"] == other_key


def test_a_restore_needs_the_key_of_its_snapshot(scene: Scene) -> None:
    key = scene.key()
    scene.has_cluster(KmsKeyId=key)
    scene.has_snapshot("before")
    scene.disable(key)

    with refused("KMSKeyNotAccessibleFault"):
        scene.request_restore("before", KmsKeyId=scene.key())


def test_a_restore_takes_the_settings_it_is_given(scene: Scene) -> None:
    scene.has_cluster(Port=6432)
    scene.has_snapshot("before")
    tags = [{"Key": "stage", "Value": "staging"}]

    restored = scene.request_restore(
        "before",
        DeletionProtection=True,
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
        EngineLifecycleSupport="open-source-rds-extended-support-disabled",
        Tags=tags,
    )

    assert restored["DeletionProtection"] is True
    assert restored["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 4
    assert restored["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
    assert restored["TagList"] == tags
    assert restored["Port"] == 6432
    assert restored["MasterUsername"] == "root"


def test_a_restore_does_not_follow_changes_of_its_source(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_snapshot("before")
    scene.request_restore("before")
    scene.settle()
    scene.has_instance("staging-1", "staging")
    scene.has_instance("prod-1", "prod")

    scene.modify("staging", MasterUserPassword="for-staging-only")
    scene.settle()

    prod = scene.databases.behind(scene.cluster("prod")["Endpoint"])
    staging = scene.databases.behind(scene.cluster("staging")["Endpoint"])
    assert prod is not None
    assert staging is not None
    assert (prod["root"], staging["root"]) == ("correct-horse", "for-staging-only")


def test_a_restore_whose_snapshot_goes_meanwhile_still_ends(scene: Scene) -> None:
    scene.has_cluster()
    volumes_before = set(scene.databases.volumes)
    scene.has_snapshot("before")
    scene.request_restore("before")

    scene.rds().delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before")
    scene.settle()

    assert scene.cluster("staging")["Status"] == "available"
    assert len(set(scene.databases.volumes) - volumes_before) == 1


def test_a_failed_restore_shows_it_and_can_be_deleted(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_snapshot("before")
    volumes_before = set(scene.databases.volumes)
    scene.simulator.fail_next("restore", "incompatible-restore")
    scene.request_restore("before")
    scene.settle()

    failed = scene.cluster("staging")
    scene.rds().delete_db_cluster(DBClusterIdentifier="staging", SkipFinalSnapshot=True)
    scene.settle()

    assert failed["Status"] == "incompatible-restore"
    with refused("DBClusterNotFoundFault"):
        scene.cluster("staging")
    assert set(scene.databases.volumes) == volumes_before


def test_a_snapshot_of_a_retired_version_cannot_be_restored_to_it(scene: Scene) -> None:
    scene.has_cluster()
    arn = scene.has_snapshot()["DBClusterSnapshotArn"]
    scene.simulator.let_be_from_long_ago(arn, "15.4")

    with refused("InvalidParameterCombination", "Cannot find version 15.4 for aurora-postgresql"):
        scene.request_restore(EngineVersion="15.4")

    assert scene.request_restore(EngineVersion="15.10")["EngineVersion"] == "15.10"


@pytest.mark.parametrize(
    ("support", "version", "group"),
    [
        ("", "13.9", "default.aurora-postgresql13"),
        ("-disabled", "14.23", "default.aurora-postgresql14"),
    ],
)
def test_what_is_past_standard_support_is_upgraded_unless_extended_support_is_paid_for(
    scene: Scene, support: str, version: str, group: str
) -> None:
    scene.has_cluster(EngineVersion="13.9")
    scene.has_snapshot()

    scene.request_restore(
        EngineVersion="13.9", EngineLifecycleSupport="open-source-rds-extended-support" + support
    )
    scene.settle()

    restored = scene.cluster("staging")
    assert (restored["EngineVersion"], restored["DBClusterParameterGroup"]) == (version, group)


def test_what_is_in_standard_support_is_not_upgraded(scene: Scene) -> None:
    scene.has_cluster(EngineVersion="14.17")
    scene.has_snapshot()

    scene.request_restore(
        EngineVersion="14.17", EngineLifecycleSupport="open-source-rds-extended-support-disabled"
    )
    scene.settle()

    assert scene.cluster("staging")["EngineVersion"] == "14.17"
