"""Snapshots shared between accounts."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders import key_policy
from tests.local.aurora.scene import EAST, Scene, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def _share(scene: Scene, snapshot: str, *accounts: str, region: str = EAST) -> Any:
    return scene.rds(region).modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier=snapshot, AttributeName="restore", ValuesToAdd=list(accounts)
    )


def test_a_shared_snapshot_shows_its_arn_as_identifier_to_the_other_account(
    stage: Stage, scene: Scene
) -> None:
    scene.has_cluster()
    arn = scene.has_snapshot("before")["DBClusterSnapshotArn"]
    other = stage.new_account()

    with refused("DBClusterSnapshotNotFoundFault"):
        other.request_copy(arn, "mine")
    _share(scene, "before", other.account_id)

    assert other.rds().describe_db_cluster_snapshots()["DBClusterSnapshots"] == []
    (seen,) = other.rds().describe_db_cluster_snapshots(IncludeShared=True)["DBClusterSnapshots"]
    assert seen["DBClusterSnapshotIdentifier"] == seen["DBClusterSnapshotArn"] == arn
    assert seen["SnapshotType"] == "shared"
    assert other.request_copy(arn, "mine")["Status"] == "copying"


def test_an_encrypted_shared_snapshot_is_copied_under_a_key_of_the_copying_account(
    stage: Stage, scene: Scene
) -> None:
    their_key = scene.key()
    scene.has_cluster(KmsKeyId=their_key)
    arn = scene.has_snapshot("before")["DBClusterSnapshotArn"]
    other = stage.new_account()
    _share(scene, "before", other.account_id)
    key = other.key()

    with refused("KMSKeyNotAccessibleFault"):
        other.request_copy(arn, "mine", KmsKeyId=key)
    policy = key_policy(scene.account_id, other.account_id)
    scene.client("kms").put_key_policy(KeyId=their_key, PolicyName="default", Policy=policy)
    with refused("InvalidParameterValue", "KmsKeyId"):
        other.request_copy(arn, "mine")

    assert other.request_copy(arn, "mine", KmsKeyId=key)["KmsKeyId"] == key


def test_what_cannot_be_shared_is_refused(scene: Scene) -> None:
    account = "210987654321"
    scene.has_cluster("plain")
    scene.has_cluster("default-key", StorageEncrypted=True)
    scene.has_cluster("own-key", KmsKeyId=scene.key())
    for cluster in ("plain", "default-key", "own-key"):
        scene.has_snapshot(f"of-{cluster}", cluster)
    automated = scene.automated_snapshot("plain").split(":cluster-snapshot:")[1]

    with refused("InvalidDBClusterSnapshotStateFault", "default key"):
        _share(scene, "of-default-key", account)
    with refused("InvalidDBClusterSnapshotStateFault", "by hand"):
        _share(scene, automated, account)
    with refused("InvalidParameterCombination", "public"):
        _share(scene, "of-own-key", "all")
    with refused("SharedSnapshotQuotaExceeded", "20"):
        _share(scene, "of-plain", *(str(100000000000 + number) for number in range(21)))


def test_sharing_can_be_looked_at_and_taken_back(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_snapshot("before")
    _share(scene, "before", "210987654321", "310987654321")

    scene.rds().modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier="before",
        AttributeName="restore",
        ValuesToRemove=["210987654321"],
    )

    answer = scene.rds().describe_db_cluster_snapshot_attributes(
        DBClusterSnapshotIdentifier="before"
    )["DBClusterSnapshotAttributesResult"]
    assert answer["DBClusterSnapshotAttributes"] == [
        {"AttributeName": "restore", "AttributeValues": ["310987654321"]}
    ]
