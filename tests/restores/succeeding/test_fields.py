"""Every field of a request that describes the cluster reaches RDS as it was asked.

One restore asks for all of them at once, and another for what excludes some of that.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from tests.restores.stage import TARGET_REGION, Stage

CLASS = "db.r7g.large"
TAGS = {"team": "payments", "cost-centre": "42"}
CAPACITY = {"min_capacity": 0.5, "max_capacity": 4}


class Restored(NamedTuple):
    """What was asked for, and what RDS describes after the restore."""

    asked: Mapping[str, Any]
    cluster: Mapping[str, Any]
    instances: list[Mapping[str, Any]]


def restored(stage: Stage, **asked: Any) -> Restored:
    outcome = stage.restore(**asked)
    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier="aurora-staging")["DBClusters"]
    instances = rds.describe_db_instances()["DBInstances"]
    stage.clear()
    return Restored(asked, cluster, instances)


def a_free_port() -> int:
    """A port that nothing on this machine listens on, nor another process of this test run."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def parameter_groups(stage: Stage) -> Iterator[str]:
    """A cluster's and an instance's parameter group `tuned`, for production's version."""
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    family = f"aurora-postgresql{stage.cloud.databases.engine_version.split('.')[0]}"
    what = {"DBParameterGroupFamily": family, "Description": "tuned"}
    rds.create_db_cluster_parameter_group(DBClusterParameterGroupName="tuned", **what)
    rds.create_db_parameter_group(DBParameterGroupName="tuned", **what)
    yield "tuned"
    rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName="tuned")
    rds.delete_db_parameter_group(DBParameterGroupName="tuned")


@contextmanager
def security_group(stage: Stage) -> Iterator[str]:
    ec2 = stage.cloud.client("ec2", region_name=TARGET_REGION)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    made = ec2.create_security_group(GroupName="databases", Description="them", VpcId=vpc)
    yield str(made["GroupId"])
    ec2.delete_security_group(GroupId=made["GroupId"])


@pytest.fixture(scope="module")
def with_everything(standing_stage: Stage) -> Restored:
    """A cluster of instances of a class, with all else that can be asked for."""
    with parameter_groups(standing_stage) as tuned, security_group(standing_stage) as group:
        return restored(
            standing_stage,
            port=a_free_port(),
            deletion_protection=True,
            log_exports=["postgresql"],
            backup_retention_days=5,
            db_subnet_group_name="aurora",
            kms_key_id=standing_stage.scene.deployment.outputs["RestoreKeyArn"],
            vpc_security_group_ids=[group],
            db_cluster_parameter_group_name=tuned,
            db_parameter_group_name=tuned,
            db_instance_class=CLASS,
            instance_count=3,
            extended_support=True,
            auto_minor_version_upgrade=False,
            tags=TAGS,
        )


@pytest.fixture(scope="module")
def serverless(standing_stage: Stage) -> Restored:
    """A cluster without what costs more when nobody works."""
    return restored(
        standing_stage,
        db_instance_class="db.serverless",
        serverless_v2=CAPACITY,
        extended_support=False,
    )


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("port", "Port"),
        ("deletion_protection", "DeletionProtection"),
        ("log_exports", "EnabledCloudwatchLogsExports"),
        ("backup_retention_days", "BackupRetentionPeriod"),
        ("db_subnet_group_name", "DBSubnetGroup"),
        ("kms_key_id", "KmsKeyId"),
        ("db_cluster_parameter_group_name", "DBClusterParameterGroup"),
    ],
)
def test_a_field_is_found_on_the_cluster(with_everything: Restored, field: str, name: str) -> None:
    assert with_everything.cluster[name] == with_everything.asked[field]


def test_a_key_means_that_the_cluster_is_encrypted(with_everything: Restored) -> None:
    assert with_everything.cluster["StorageEncrypted"]


def test_the_security_groups_are_those_of_the_request(with_everything: Restored) -> None:
    groups = [one["VpcSecurityGroupId"] for one in with_everything.cluster["VpcSecurityGroups"]]

    assert groups == with_everything.asked["vpc_security_group_ids"]


def test_cluster_and_instances_carry_the_tags(with_everything: Restored) -> None:
    for one in (with_everything.cluster, *with_everything.instances):
        tags = {tag["Key"]: tag["Value"] for tag in one["TagList"]}
        assert {key: tags[key] for key in tags if not key.startswith("aurora-restore:")} == TAGS


def test_one_instance_writes_and_the_others_read(with_everything: Restored) -> None:
    members = with_everything.cluster["DBClusterMembers"]

    assert len(members) == with_everything.asked["instance_count"]
    assert [member["IsClusterWriter"] for member in members].count(True) == 1


def test_every_instance_is_of_the_class_and_has_the_parameter_group(
    with_everything: Restored,
) -> None:
    for one in with_everything.instances:
        assert one["DBInstanceClass"] == CLASS
        assert one["DBParameterGroups"][0]["DBParameterGroupName"] == "tuned"


def test_capacity_is_found_on_a_serverless_cluster(serverless: Restored) -> None:
    scaling = serverless.cluster["ServerlessV2ScalingConfiguration"]

    assert (scaling["MinCapacity"], scaling["MaxCapacity"]) == tuple(CAPACITY.values())
    assert [one["DBInstanceClass"] for one in serverless.instances] == ["db.serverless"]


def test_extended_support_is_only_paid_for_when_asked(
    with_everything: Restored, serverless: Restored
) -> None:
    paid, unpaid = (one.cluster["EngineLifecycleSupport"] for one in (with_everything, serverless))

    assert paid == "open-source-rds-extended-support"
    assert unpaid == "open-source-rds-extended-support-disabled"


def test_minor_versions_are_applied_unless_the_request_says_no(
    with_everything: Restored, serverless: Restored
) -> None:
    pinned, usual = (
        {instance["AutoMinorVersionUpgrade"] for instance in one.instances}
        for one in (with_everything, serverless)
    )

    assert (pinned, usual) == ({False}, {True})
