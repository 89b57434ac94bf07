"""Calls of functions are judged by the policies of their role."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.iam.judge import permits
from local.iam.record import RECORD
from local.iam.required_permissions import RequiredPermission
from local.iam.sessions import role_of
from tests.local.toys import a_function, invoke

LOOKING = """
    import boto3

    def handler(event, context):
        try:
            boto3.client("rds").describe_db_clusters(**event)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return "allowed"
"""
CLUSTERS = "arn:aws:rds:us-west-2:123456789012:cluster:"


def a_policy(**statement: Any) -> str:
    allowing = {"Effect": "Allow", "Action": "rds:DescribeDBClusters", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowing | statement]})


def give(cloud: LocalCloud, **policies: str) -> None:
    """Let the toys' role have these policies and no others."""
    iam = cloud.client("iam")
    for name in iam.list_role_policies(RoleName="toy")["PolicyNames"]:
        iam.delete_role_policy(RoleName="toy", PolicyName=name)
    for name, document in policies.items():
        iam.put_role_policy(RoleName="toy", PolicyName=name, PolicyDocument=document)


def test_a_call_without_permission_is_refused_and_names_it(cloud: LocalCloud) -> None:
    a_function(cloud, LOOKING)
    give(cloud, other=a_policy(Action="rds:DescribeDBInstances"))

    answer = invoke(cloud, {})

    assert "AccessDenied" in answer
    assert f"rds:DescribeDBClusters on resource: {CLUSTERS}*" in answer


@pytest.mark.parametrize(
    ("resource", "asked", "allowed"),
    [
        (f"{CLUSTERS}mine", {"DBClusterIdentifier": "mine"}, True),
        (f"{CLUSTERS}mine", {"DBClusterIdentifier": "theirs"}, False),
        (f"{CLUSTERS}mine", {}, False),
        (f"{CLUSTERS}*", {}, True),
    ],
)
def test_a_call_is_judged_by_what_it_names(
    cloud: LocalCloud, resource: str, asked: dict[str, str], allowed: bool
) -> None:
    a_function(cloud, LOOKING)
    give(cloud, looking=a_policy(Resource=resource))

    answer = invoke(cloud, asked)

    assert ("AccessDenied" not in answer) is allowed


def test_a_denial_outweighs_every_permission(cloud: LocalCloud) -> None:
    a_function(cloud, LOOKING)
    give(cloud, looking=a_policy(), not_looking=a_policy(Effect="Deny"))

    assert "AccessDenied" in invoke(cloud, {})


def test_a_policy_that_is_replaced_counts_at_once(cloud: LocalCloud) -> None:
    a_function(cloud, LOOKING)
    give(cloud, looking=a_policy())
    assert invoke(cloud, {}) == "allowed"

    give(cloud, looking=a_policy(Resource=f"{CLUSTERS}mine"))

    assert "AccessDenied" in invoke(cloud, {})


def test_a_call_that_nobody_has_described_is_refused_to_narrow_roles(cloud: LocalCloud) -> None:
    a_function(cloud, LOOKING.replace("describe_db_clusters", "describe_db_engine_versions"))
    give(cloud, looking=a_policy(Action="rds:*", Resource=f"{CLUSTERS}*"))

    assert "AccessDenied" in invoke(cloud, {})


def test_what_allows_something_is_recorded(cloud: LocalCloud) -> None:
    arn = a_function(cloud, LOOKING)
    give(cloud, recorded=a_policy(Action=["rds:Describe*", "rds:CreateDBCluster"]))
    here = Path("of a test")
    RECORD.deployed(here)
    role = role_of(cloud.client("lambda").get_function(FunctionName=arn)["Configuration"]["Role"])

    assert permits(role, RequiredPermission("rds:DescribeDBClusters", f"{CLUSTERS}*"))

    assert [grant.action for grant in RECORD.used(here)] == ["rds:Describe*"]
    assert RECORD.needed(here) == RECORD.used(here)


def test_without_permission_to_write_logs_there_are_none(cloud: LocalCloud) -> None:
    a_function(cloud, "def handler(event, context): print('hello')")
    give(cloud, looking=a_policy())

    invoke(cloud, {})

    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    assert groups == []
