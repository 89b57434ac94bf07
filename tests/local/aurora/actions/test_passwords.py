"""Master passwords: given, or managed by RDS."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.aurora.scene import PASSWORD, Scene, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def _password_of(scene: Scene, cluster: str = "prod") -> str | None:
    """The master password that opens the database behind a cluster's endpoint."""
    served = scene.databases.behind(scene.cluster(cluster)["Endpoint"])
    assert served is not None
    return served["root"]


def test_a_new_master_password_is_pending_then_being_reset_then_in_force(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")
    durations = scene.simulator.durations

    def seen() -> tuple[str, dict[str, Any], str | None]:
        cluster = scene.cluster()
        return cluster["Status"], cluster["PendingModifiedValues"], _password_of(scene)

    scene.modify(MasterUserPassword="brand-new-word")
    stages = [seen()]
    scene.pass_time(durations.pending)
    stages.append(seen())
    scene.pass_time(durations.password)
    stages.append(seen())

    pending = {"MasterUserPassword": "****"}
    assert stages == [
        ("available", pending, PASSWORD),
        ("resetting-master-credentials", pending, PASSWORD),
        ("available", {}, "brand-new-word"),
    ]


def test_of_two_pending_passwords_the_later_one_counts(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")

    scene.modify(MasterUserPassword="first-of-two")
    scene.modify(MasterUserPassword="second-of-two")
    scene.settle()

    assert _password_of(scene) == "second-of-two"
    assert [record.kind for record in scene.records].count("password") == 1


def test_a_pending_password_waits_for_a_rename(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")

    scene.modify(MasterUserPassword="brand-new-word", NewDBClusterIdentifier="prod-old")
    scene.pass_time(scene.simulator.durations.pending)
    meanwhile = scene.cluster("prod")
    scene.settle()

    assert meanwhile["Status"] == "renaming"
    assert scene.cluster("prod-old")["PendingModifiedValues"] == {}
    assert _password_of(scene, "prod-old") == "brand-new-word"


@pytest.mark.parametrize("password", ["short", "with/slash", "x" * 42])
def test_an_illegal_new_password_is_refused(scene: Scene, password: str) -> None:
    scene.has_cluster()

    with refused("InvalidParameterValue", "MasterUserPassword"):
        scene.modify(MasterUserPassword=password)

    assert scene.cluster()["PendingModifiedValues"] == {}


def test_a_managed_password_is_in_its_secret_and_in_the_database(scene: Scene) -> None:
    scene.has_cluster()
    scene.has_instance("prod-1")

    creating = scene.modify(ManageMasterUserPassword=True)["MasterUserSecret"]
    scene.settle()

    active = scene.cluster()["MasterUserSecret"]
    content = scene.client("secretsmanager").get_secret_value(SecretId=active["SecretArn"])
    assert (creating["SecretStatus"], active["SecretStatus"]) == ("creating", "active")
    assert active["SecretArn"].split(":secret:")[1].startswith("rds!cluster-")
    assert json.loads(content["SecretString"]) == {
        "username": "root",
        "password": _password_of(scene),
    }
    assert _password_of(scene) != PASSWORD


def test_a_secret_that_is_still_being_made_is_announced_and_empty(scene: Scene) -> None:
    scene.has_cluster()
    arn = scene.modify(ManageMasterUserPassword=True)["MasterUserSecret"]["SecretArn"]
    scene.pass_time(scene.simulator.durations.secret - 1)

    cluster, store = scene.cluster(), scene.client("secretsmanager")
    with refused("ResourceNotFoundException"):
        store.get_secret_value(SecretId=arn)

    assert cluster["MasterUserSecret"] == cluster["MasterUserSecret"] | {
        "SecretArn": arn,
        "SecretStatus": "creating",
    }
    assert (cluster["Status"], cluster["PendingModifiedValues"]) == ("available", {})


def test_a_cluster_can_be_created_with_a_managed_password(scene: Scene) -> None:
    scene.has_cluster(MasterUserPassword=None, ManageMasterUserPassword=True)
    scene.has_instance("prod-1")

    secret = scene.cluster()["MasterUserSecret"]
    content = scene.client("secretsmanager").get_secret_value(SecretId=secret["SecretArn"])
    assert json.loads(content["SecretString"])["password"] == _password_of(scene)
    assert secret["SecretStatus"] == "active"


def test_a_managed_secret_goes_with_its_cluster(scene: Scene) -> None:
    scene.has_cluster(MasterUserPassword=None, ManageMasterUserPassword=True)

    scene.rds().delete_db_cluster(DBClusterIdentifier="prod", SkipFinalSnapshot=True)
    scene.settle()

    assert scene.client("secretsmanager").list_secrets()["SecretList"] == []


def test_managing_ends_with_a_password_of_ones_own(scene: Scene) -> None:
    scene.has_cluster(MasterUserPassword=None, ManageMasterUserPassword=True)
    scene.has_instance("prod-1")

    with refused("InvalidParameterCombination", "manages"):
        scene.modify(MasterUserPassword="brand-new-word")
    with refused("InvalidParameterCombination", "managing"):
        scene.modify(ManageMasterUserPassword=False)
    scene.modify(ManageMasterUserPassword=False, MasterUserPassword="brand-new-word")
    scene.settle()

    assert "MasterUserSecret" not in scene.cluster()
    assert _password_of(scene) == "brand-new-word"


def test_a_restored_cluster_has_no_managed_password(scene: Scene) -> None:
    scene.has_cluster(MasterUserPassword=None, ManageMasterUserPassword=True)
    scene.has_snapshot("before")

    scene.request_restore("before")
    scene.settle()

    assert "MasterUserSecret" not in scene.cluster("staging")
