"""The instances that make a cluster answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.aurora.scene import EAST, SERVED_PORT, Scene, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def test_nothing_answers_until_the_writer_is_available(scene: Scene) -> None:
    cluster = scene.has_cluster()
    requested = scene.request_instance("prod-1")
    scene.pass_time(scene.simulator.durations.instance - 1)
    shortly_before = scene.instance("prod-1")
    served_before = scene.databases.behind(cluster["Endpoint"])
    scene.pass_time(1)

    writer = scene.instance("prod-1")

    assert requested["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in shortly_before
    assert served_before is None
    assert writer["DBInstanceStatus"] == "available"
    assert writer["Endpoint"]["Port"] == SERVED_PORT
    assert scene.cluster()["Port"] == SERVED_PORT
    for hostname in (cluster["Endpoint"], cluster["ReaderEndpoint"], writer["Endpoint"]["Address"]):
        assert scene.databases.behind(hostname) is not None


def test_endpoints_are_named_as_on_aws(scene: Scene) -> None:
    cluster = scene.has_cluster()
    instance = scene.has_instance("prod-1")

    shared = cluster["Endpoint"].removeprefix("prod.cluster-")
    assert shared.endswith(f".{EAST}.rds.amazonaws.com")
    assert cluster["ReaderEndpoint"] == f"prod.cluster-ro-{shared}"
    assert instance["Endpoint"]["Address"] == f"prod-1.{shared}"


def test_the_first_instance_writes_and_the_others_read(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")
    scene.has_instance("prod-2")

    members = {
        member["DBInstanceIdentifier"]: member["IsClusterWriter"]
        for member in scene.cluster()["DBClusterMembers"]
    }

    assert members == {"prod-1": True, "prod-2": False}


def test_a_reader_takes_over_when_the_writer_goes(scene: Scene) -> None:
    cluster = scene.has_cluster()
    scene.has_instance("prod-1")
    scene.has_instance("prod-2")

    scene.rds().delete_db_instance(DBInstanceIdentifier="prod-1")
    meanwhile = scene.databases.behind(cluster["Endpoint"])
    scene.settle()

    (member,) = scene.cluster()["DBClusterMembers"]
    assert meanwhile is not None
    assert (member["DBInstanceIdentifier"], member["IsClusterWriter"]) == ("prod-2", True)


def test_an_instance_needs_an_available_cluster(scene: Scene) -> None:
    with refused("DBClusterNotFoundFault"):
        scene.request_instance("prod-1")
    scene.request_cluster()

    with refused("InvalidDBClusterStateFault", "creating"):
        scene.request_instance("prod-1")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Engine": "aurora-mysql"}, "InvalidParameterCombination"),
        ({"EngineVersion": "15.10"}, "InvalidParameterCombination"),
        ({"DBInstanceClass": "large"}, "InvalidParameterValue"),
        ({"DBInstanceIdentifier": "prod-"}, "InvalidParameterValue"),
        ({"DBParameterGroupName": "nothing"}, "DBParameterGroupNotFound"),
        ({"DBParameterGroupName": "default.aurora-postgresql15"}, "InvalidParameterCombination"),
        ({"DBSubnetGroupName": "nowhere"}, "DBSubnetGroupNotFoundFault"),
    ],
)
def test_an_instance_must_fit_its_cluster(scene: Scene, changes: dict[str, Any], code: str) -> None:
    scene.has_cluster()

    with refused(code):
        scene.request_instance("prod-1", **changes)

    assert scene.cluster()["DBClusterMembers"] == []


def test_an_instance_identifier_is_taken_once(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")

    with refused("DBInstanceAlreadyExists"):
        scene.request_instance("PROD-1")


def test_the_accounts_quota_of_instances_holds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.simulator.quotas, "instances", 1)
    scene.has_cluster()
    scene.has_instance("prod-1")

    with refused("InstanceQuotaExceeded"):
        scene.request_instance("prod-2")


def test_a_serverless_instance_needs_the_clusters_scaling_first(scene: Scene) -> None:
    scene.has_cluster()

    with refused("InvalidDBClusterStateFault", "scaling"):
        scene.request_instance("prod-1", DBInstanceClass="db.serverless")
    scene.modify(ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2})

    instance = scene.request_instance("prod-1", DBInstanceClass="db.serverless")
    assert instance["DBInstanceStatus"] == "creating"


def test_a_failed_instance_shows_it_and_serves_nothing(scene: Scene) -> None:
    cluster = scene.has_cluster()
    scene.simulator.fail_next("instance", "incompatible-network")

    instance = scene.has_instance("prod-1")

    assert instance["DBInstanceStatus"] == "incompatible-network"
    assert scene.databases.behind(cluster["Endpoint"]) is None


def test_instances_without_a_cluster_stay_as_in_moto(scene: Scene) -> None:
    scene.rds().create_db_instance(
        DBInstanceIdentifier="single", DBInstanceClass="db.t3.micro", Engine="postgres"
    )

    scene.rds().modify_db_instance(DBInstanceIdentifier="single", MultiAZ=True)

    assert scene.instance("single")["DBInstanceStatus"] == "available"
    scene.rds().delete_db_instance(DBInstanceIdentifier="single", SkipFinalSnapshot=True)
    assert scene.rds().describe_db_instances()["DBInstances"] == []
