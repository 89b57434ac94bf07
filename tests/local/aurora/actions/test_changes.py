"""Changes of a cluster: its name and settings; stopping and starting it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.aurora.scene import Scene, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def test_a_rename_is_pending_then_shown_then_the_cluster_is_nowhere_then_twice(
    scene: Scene,
) -> None:
    durations = scene.simulator.durations
    scene.has_cluster()

    answer = scene.modify(NewDBClusterIdentifier="Prod-Old")
    pending = scene.cluster("prod")
    scene.pass_time(durations.pending)
    renaming = scene.cluster("prod")
    with refused("DBClusterNotFoundFault"):
        scene.cluster("prod-old")
    scene.pass_time(durations.rename)
    absent = listed(scene)
    scene.pass_time(durations.absent)
    both = listed(scene)
    echo, renamed = scene.cluster("prod"), scene.cluster("prod-old")
    scene.settle()

    assert answer["Status"] == pending["Status"] == "available"
    assert pending["PendingModifiedValues"] == {"DBClusterIdentifier": "prod-old"}
    assert renaming["Status"] == "renaming"
    assert absent == {}
    assert both == {"prod": "renaming", "prod-old": "available"}
    assert echo["DbClusterResourceId"] == renamed["DbClusterResourceId"]
    assert renamed["PendingModifiedValues"] == {}
    assert listed(scene) == {"prod-old": "available"}
    with refused("DBClusterNotFoundFault"):
        scene.cluster("prod")


def listed(scene: Scene) -> dict[str, str]:
    """The clusters by identifier, with their statuses."""
    clusters = scene.rds().describe_db_clusters()["DBClusters"]
    return {each["DBClusterIdentifier"]: each["Status"] for each in clusters}


@pytest.mark.parametrize("seconds", [0, 20, 80, 90])
def test_a_cluster_that_is_being_renamed_or_was_just_now_takes_no_other_name(
    scene: Scene, seconds: float
) -> None:
    scene.has_cluster()
    scene.modify(NewDBClusterIdentifier="prod-old")
    scene.pass_time(seconds)

    with refused("InvalidDBClusterStateFault|DBClusterNotFoundFault"):
        scene.modify("prod-old" if seconds > 80 else "prod", NewDBClusterIdentifier="other")


def test_a_certificate_keeps_the_names_of_a_cluster_until_it_is_stopped_and_started(
    scene: Scene,
) -> None:
    before = scene.has_cluster()
    address = scene.has_instance("prod-1")["Endpoint"]["Address"]
    scene.modify(NewDBClusterIdentifier="prod-old")
    scene.settle()
    renamed = scene.cluster("prod-old")["Endpoint"]
    after_renaming = scene.databases.certificate_at(renamed)

    scene.rds().reboot_db_instance(DBInstanceIdentifier="prod-1")
    scene.settle()
    after_rebooting = scene.databases.certificate_at(renamed)
    scene.rds().stop_db_cluster(DBClusterIdentifier="prod-old")
    scene.settle()
    scene.rds().start_db_cluster(DBClusterIdentifier="prod-old")
    scene.settle()
    after_starting = scene.databases.certificate_at(renamed)

    assert (
        after_renaming == after_rebooting == (before["Endpoint"], before["ReaderEndpoint"], address)
    )
    assert renamed in after_starting
    assert before["Endpoint"] not in after_starting


def test_endpoints_change_with_the_name_and_instances_keep_theirs(scene: Scene) -> None:
    before = scene.has_cluster()
    instance = scene.has_instance("prod-1")

    scene.modify(NewDBClusterIdentifier="prod-old")
    while_renaming = scene.databases.behind(before["Endpoint"])
    scene.settle()

    after = scene.cluster("prod-old")
    assert while_renaming is not None
    assert after["Endpoint"].startswith("prod-old.cluster-")
    assert scene.databases.behind(before["Endpoint"]) is None
    assert scene.databases.behind(after["Endpoint"]) is not None
    assert scene.databases.behind(instance["Endpoint"]["Address"]) is not None
    assert [member["DBInstanceIdentifier"] for member in after["DBClusterMembers"]] == ["prod-1"]
    assert scene.instance("prod-1")["DBClusterIdentifier"] == "prod-old"
    assert after["DbClusterResourceId"] == before["DbClusterResourceId"]


def test_two_clusters_swap_through_an_aside_name(scene: Scene) -> None:
    scene.has_cluster("staging")
    scene.has_cluster("candidate")

    scene.modify("staging", NewDBClusterIdentifier="staging-old")
    with refused("DBClusterAlreadyExistsFault"):
        scene.modify("candidate", NewDBClusterIdentifier="staging")
    scene.settle()
    scene.modify("candidate", NewDBClusterIdentifier="staging")
    scene.settle()

    listed = scene.rds().describe_db_clusters()["DBClusters"]
    assert {each["DBClusterIdentifier"] for each in listed} == {"staging", "staging-old"}


def test_the_name_a_cluster_is_about_to_get_is_taken(scene: Scene) -> None:
    scene.has_cluster()
    scene.modify(NewDBClusterIdentifier="prod-old")

    with refused("DBClusterAlreadyExistsFault"):
        scene.request_cluster("prod-old")


@pytest.mark.parametrize("name", ["prod--old", "prod-", "1prod"])
def test_an_illegal_new_name_is_refused(scene: Scene, name: str) -> None:
    scene.has_cluster()

    with refused("InvalidParameterValue", "NewDBClusterIdentifier"):
        scene.modify(NewDBClusterIdentifier=name)


def test_a_cluster_that_is_backing_up_cannot_be_renamed(scene: Scene) -> None:
    scene.has_cluster()
    scene.request_snapshot("before")

    with refused("InvalidDBClusterStateFault", "backing-up"):
        scene.modify(NewDBClusterIdentifier="prod-old")


def test_a_rename_that_is_not_immediate_stays_pending(scene: Scene) -> None:
    scene.has_cluster()

    scene.rds().modify_db_cluster(DBClusterIdentifier="prod", NewDBClusterIdentifier="prod-old")
    scene.settle()

    cluster = scene.cluster("prod")
    assert cluster["Status"] == "available"
    assert cluster["PendingModifiedValues"] == {"DBClusterIdentifier": "prod-old"}


def test_a_version_waits_for_the_window_and_is_applied_by_a_rename(scene: Scene) -> None:
    scene.has_cluster(EngineVersion="16.8")
    leave_to_window(scene, "16.10")
    waiting = scene.cluster("prod")

    scene.modify(NewDBClusterIdentifier="prod-old")
    scene.settle()

    assert waiting["EngineVersion"] == "16.8"
    assert waiting["PendingModifiedValues"] == {"EngineVersion": "16.10"}
    assert scene.cluster("prod-old")["EngineVersion"] == "16.10"
    assert scene.cluster("prod-old")["PendingModifiedValues"] == {}


def leave_to_window(scene: Scene, version: str) -> None:
    """Ask for another version of `prod`, and not at once."""
    scene.rds().modify_db_cluster(DBClusterIdentifier="prod", EngineVersion=version)


@pytest.mark.parametrize("version", ["16.8", "15.18", "17.4", "16.9-limitless", "16.99"])
def test_a_version_that_is_no_upgrade_is_refused(scene: Scene, version: str) -> None:
    scene.has_cluster(EngineVersion="16.8")

    with refused("InvalidParameterCombination"):
        leave_to_window(scene, version)

    assert scene.cluster("prod")["PendingModifiedValues"] == {}


def test_a_failed_rename_leaves_the_new_name_free(scene: Scene) -> None:
    scene.has_cluster()
    scene.simulator.fail_next("rename", "incompatible-parameters")
    scene.modify(NewDBClusterIdentifier="prod-old")
    scene.settle()

    assert scene.cluster("prod")["Status"] == "incompatible-parameters"
    assert scene.request_cluster("prod-old")["Status"] == "creating"


def test_settings_change_at_once(scene: Scene) -> None:
    scene.has_cluster()

    changed = scene.modify(
        DeletionProtection=True,
        BackupRetentionPeriod=7,
        ServerlessV2ScalingConfiguration={"MinCapacity": 1, "MaxCapacity": 8},
    )

    assert changed["Status"] == "available"
    assert changed["DeletionProtection"] is True
    assert changed["BackupRetentionPeriod"] == 7
    assert changed["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 1, "MaxCapacity": 8}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"VpcSecurityGroupIds": ["sg-12345678"]}, "InvalidParameterValue"),
        ({"DBClusterParameterGroupName": "nothing"}, "DBClusterParameterGroupNotFound"),
        (
            {"DBClusterParameterGroupName": "default.aurora-postgresql15"},
            "InvalidParameterCombination",
        ),
        (
            {"ManageMasterUserPassword": True, "MasterUserSecretKmsKeyId": "alias/nothing"},
            "KMSKeyNotAccessibleFault",
        ),
    ],
)
def test_a_refused_change_changes_nothing(scene: Scene, changes: dict[str, Any], code: str) -> None:
    before = scene.has_cluster()

    with refused(code):
        scene.modify(DeletionProtection=True, NewDBClusterIdentifier="other", **changes)

    assert scene.cluster() == before


def test_a_busy_or_missing_cluster_is_not_changed(scene: Scene) -> None:
    with refused("DBClusterNotFoundFault"):
        scene.modify(DeletionProtection=True)
    scene.request_cluster()

    with refused("InvalidDBClusterStateFault", "creating"):
        scene.modify(DeletionProtection=True)


def test_a_stopped_cluster_answers_again_once_started(scene: Scene) -> None:
    cluster = scene.has_cluster()
    scene.has_instance("prod-1")

    stopping = scene.rds().stop_db_cluster(DBClusterIdentifier="prod")["DBCluster"]
    scene.settle()
    stopped = scene.cluster()
    answered_when_stopped = scene.databases.behind(cluster["Endpoint"])
    with refused("InvalidDBClusterStateFault", "stopped"):
        scene.modify(DeletionProtection=True)
    starting = scene.rds().start_db_cluster(DBClusterIdentifier="prod")["DBCluster"]
    scene.settle()

    assert (stopping["Status"], stopped["Status"]) == ("stopping", "stopped")
    assert answered_when_stopped is None
    assert starting["Status"] == "starting"
    assert scene.cluster()["Status"] == "available"
    assert scene.databases.behind(cluster["Endpoint"]) is not None
