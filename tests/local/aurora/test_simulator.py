"""Putting the simulator into moto, and taking it out again."""

from local.aurora.model.limits import Durations
from tests.local.aurora.scene import START, aurora_stage


def test_without_durations_a_scene_is_set_at_once() -> None:
    with aurora_stage(Durations.none()) as stage:
        scene = stage.new_account()
        scene.request_cluster()
        scene.request_instance("prod-1")

        cluster = scene.cluster()

    assert cluster["Status"] == "available"
    assert cluster["ClusterCreateTime"] == START
    assert scene.databases.behind(cluster["Endpoint"]) is not None


def test_removing_the_simulator_gives_rds_back_to_moto() -> None:
    with aurora_stage() as stage:
        stage.remove_simulator()
        scene = stage.new_account()
        scene.request_cluster()

        snapshots = scene.rds().describe_db_cluster_snapshots()["DBClusterSnapshots"]

    assert scene.databases.volumes == {}
    assert [snapshot["SnapshotType"] for snapshot in snapshots] == ["automated"]


def test_removing_the_simulator_leaves_no_cluster_behind() -> None:
    with aurora_stage() as stage:
        scene = stage.new_account()
        scene.has_cluster()
        scene.has_instance("prod-1")
        scene.has_snapshot("before")

        stage.remove_simulator()

        assert scene.rds().describe_db_clusters()["DBClusters"] == []
        assert scene.rds().describe_db_instances()["DBInstances"] == []
        assert scene.rds().describe_db_cluster_snapshots()["DBClusterSnapshots"] == []
