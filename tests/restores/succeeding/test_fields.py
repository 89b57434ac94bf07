"""Every field of a request that describes the cluster reaches RDS as it was asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.restores.stage import TARGET_REGION, Stage

Found = dict[str, Any]


def cluster(stage: Stage) -> Found:
    """The restored cluster as RDS describes it now."""
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    (found,) = rds.describe_db_clusters(DBClusterIdentifier="aurora-staging")["DBClusters"]
    return dict(found)


def instances(stage: Stage) -> list[Found]:
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    return list(rds.describe_db_instances()["DBInstances"])


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


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ({"port": 6543}, lambda found: {"port": found["Port"]}),
        (
            {"deletion_protection": True},
            lambda found: {"deletion_protection": found["DeletionProtection"]},
        ),
        (
            {"log_exports": ["postgresql"]},
            lambda found: {"log_exports": found["EnabledCloudwatchLogsExports"]},
        ),
        (
            {"db_subnet_group_name": "aurora"},
            lambda found: {"db_subnet_group_name": found["DBSubnetGroup"]},
        ),
        (
            {
                "db_instance_class": "db.serverless",
                "serverless_v2": {"min_capacity": 0.5, "max_capacity": 4},
            },
            lambda found: {
                "db_instance_class": "db.serverless",
                "serverless_v2": {
                    "min_capacity": found["ServerlessV2ScalingConfiguration"]["MinCapacity"],
                    "max_capacity": found["ServerlessV2ScalingConfiguration"]["MaxCapacity"],
                },
            },
        ),
        (
            {"tags": {"team": "payments", "cost-centre": "42"}},
            lambda found: {
                "tags": {
                    tag["Key"]: tag["Value"]
                    for tag in found["TagList"]
                    if not tag["Key"].startswith("aurora-restore:")
                }
            },
        ),
    ],
    ids=lambda case: next(iter(case)) if isinstance(case, dict) else "",
)
def test_a_field_is_found_on_the_cluster(
    stage: Stage, asked: Found, read: Callable[[Found], Found]
) -> None:
    outcome = stage.restore(**asked)

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert read(cluster(stage)) == asked


@pytest.mark.parametrize(("asked", "support"), [(True, "support"), (False, "support-disabled")])
def test_extended_support_is_only_paid_for_when_asked(
    stage: Stage, asked: bool, support: str
) -> None:
    stage.restore(extended_support=asked)

    told = cluster(stage)["EngineLifecycleSupport"]
    assert told == f"open-source-rds-extended-{support}"


def test_the_key_encrypts_the_cluster(stage: Stage) -> None:
    key = stage.scene.deployment.outputs["RestoreKeyArn"]

    stage.restore(kms_key_id=key)

    assert (cluster(stage)["StorageEncrypted"], cluster(stage)["KmsKeyId"]) == (True, key)


def test_the_security_groups_are_those_of_the_request(stage: Stage) -> None:
    ec2 = stage.cloud.client("ec2", region_name=TARGET_REGION)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="databases", Description="them", VpcId=vpc)

    stage.restore(vpc_security_group_ids=[group["GroupId"]])

    found = [one["VpcSecurityGroupId"] for one in cluster(stage)["VpcSecurityGroups"]]
    assert found == [group["GroupId"]]


def test_cluster_and_instances_have_their_parameter_groups(stage: Stage) -> None:
    with parameter_groups(stage) as tuned:
        outcome = stage.restore(
            db_cluster_parameter_group_name=tuned, db_parameter_group_name=tuned, instance_count=2
        )

        assert outcome.status == "SUCCEEDED"
        assert cluster(stage)["DBClusterParameterGroup"] == tuned
        groups = [one["DBParameterGroups"][0]["DBParameterGroupName"] for one in instances(stage)]
        assert groups == [tuned, tuned]


def test_one_instance_writes_and_the_others_read_and_all_are_of_the_class(stage: Stage) -> None:
    stage.restore(instance_count=3, db_instance_class="db.r7g.large", tags={"team": "payments"})

    members = cluster(stage)["DBClusterMembers"]
    assert [member["IsClusterWriter"] for member in members].count(True) == 1
    assert [one["DBInstanceClass"] for one in instances(stage)] == ["db.r7g.large"] * 3
    assert all({"Key": "team", "Value": "payments"} in one["TagList"] for one in instances(stage))
