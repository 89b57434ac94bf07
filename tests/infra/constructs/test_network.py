"""Where `setup_db_users` sits: nobody comes in, and what leads out leads to what it needs."""

import re
import tomllib
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.settings.parts import Network
from shared.steps import Step
from tests.infra.template import Statement, Template, statements_of, text

STEP = Step.SETUP_DB_USERS
DOCUMENT = Path("docs/implementation_guide/04_network.md")
CLUSTERS = ("sg-00000001", "sg-00000002")
# Secrets Manager itself decrypts; of the others, Lambda sends what the function only writes.
NOT_CALLED_FROM_THE_VPC = {"kms", "ec2", "logs", "xray"}


def group(template: Template, name: str) -> tuple[str, dict[str, Any]]:
    """A security group by its name tag: how rules refer to it, and its properties."""
    (found,) = [
        one
        for one in template.resources("AWS::EC2::SecurityGroup")
        if {"Key": "Name", "Value": name} in one["Tags"]
    ]
    description = found["GroupDescription"]
    logical_id = template.id_of("AWS::EC2::SecurityGroup", GroupDescription=description)
    return f"{{{logical_id}.GroupId}}", found


def ways_out(properties: dict[str, Any]) -> set[tuple[str, int]]:
    """Where the rules of a group lead, and at which port."""
    kinds = ("CidrIp", "DestinationSecurityGroupId", "DestinationPrefixListId")
    assert {rule["IpProtocol"] for rule in properties["SecurityGroupEgress"]} == {"tcp"}
    assert all(rule["FromPort"] == rule["ToPort"] for rule in properties["SecurityGroupEgress"])
    return {
        (text(rule[kind]), rule["ToPort"])
        for rule in properties["SecurityGroupEgress"]
        for kind in kinds
        if kind in rule
    }


def ways_in(template: Template) -> set[tuple[str, str, int]]:
    """Every rule that lets a group into another one: source, target, port."""
    return {
        (text(rule["SourceSecurityGroupId"]), text(rule["GroupId"]), rule["ToPort"])
        for rule in template.resources("AWS::EC2::SecurityGroupIngress")
    }


def endpoint(template: Template, service: str) -> dict[str, Any]:
    return template.only("AWS::EC2::VPCEndpoint", ServiceName=f"com.amazonaws.us-west-2.{service}")


def groups_of_function(template: Template) -> list[str]:
    config = template.function(STEP)["VpcConfig"]
    return [text(one) for one in config["SecurityGroupIds"]]


def test_a_group_of_the_users_own_is_used_as_it_is(other_template: Template) -> None:
    kinds = {kind for kind in other_template.types if kind.startswith("AWS::EC2::")}

    assert groups_of_function(other_template) == ["sg-0000000a"]
    assert kinds == set()


def test_without_a_network_nothing_is_made_in_one(template: Template) -> None:
    assert not {kind for kind in template.types if kind.startswith("AWS::EC2::")}


def test_behind_nat_the_function_reaches_the_clusters_and_https_alone(
    nat_template: Template,
) -> None:
    name, properties = group(nat_template, "aurora-restore-setup-db-users")

    assert groups_of_function(nat_template) == [name]
    assert properties["VpcId"] == "vpc-0000000a"
    assert "SecurityGroupIngress" not in properties
    assert ways_out(properties) == {
        *((cluster, 5433) for cluster in CLUSTERS),
        ("0.0.0.0/0", 443),
    }
    assert "AWS::EC2::VPCEndpoint" not in nat_template.types


def test_the_clusters_let_the_function_in_at_their_port_alone(nat_template: Template) -> None:
    name, _ = group(nat_template, "aurora-restore-setup-db-users")

    assert ways_in(nat_template) == {(name, cluster, 5433) for cluster in CLUSTERS}


def test_with_endpoints_nothing_leads_out_of_the_vpc(endpoints_template: Template) -> None:
    endpoints, _ = group(endpoints_template, "aurora-restore-endpoints")
    _, properties = group(endpoints_template, "aurora-restore-setup-db-users")

    assert ways_out(properties) == {
        *((cluster, 5433) for cluster in CLUSTERS),
        (endpoints, 443),
        ("pl-0000000a", 443),
    }


def test_the_endpoints_let_only_the_function_in_and_reach_nothing(
    endpoints_template: Template,
) -> None:
    function, _ = group(endpoints_template, "aurora-restore-setup-db-users")
    endpoints, properties = group(endpoints_template, "aurora-restore-endpoints")

    into_endpoints = {rule for rule in ways_in(endpoints_template) if rule[1] == endpoints}
    (nowhere,) = properties["SecurityGroupEgress"]

    assert into_endpoints == {(function, endpoints, 443)}
    assert "SecurityGroupIngress" not in properties
    assert nowhere["CidrIp"] == "127.0.0.1/32"


def test_there_are_endpoints_for_what_the_function_calls_and_for_nothing_else(
    endpoints_template: Template,
) -> None:
    called = {
        action.split(":")[0]
        for statement in endpoints_template.of_step(STEP)
        for action in statement.actions
    }

    made = {
        one["ServiceName"].split(".")[-1]: one["VpcEndpointType"]
        for one in endpoints_template.resources("AWS::EC2::VPCEndpoint")
    }

    assert made == {"secretsmanager": "Interface", "rds": "Interface", "dynamodb": "Gateway"}
    assert set(made) == called - NOT_CALLED_FROM_THE_VPC


@pytest.mark.parametrize("service", ["secretsmanager", "rds", "dynamodb"])
def test_through_an_endpoint_only_the_function_may_do_what_its_role_may(
    endpoints_template: Template, service: str
) -> None:
    document = endpoint(endpoints_template, service)["PolicyDocument"]
    by_role = {"ArnEquals": {"aws:PrincipalArn": endpoints_template.function(STEP)["Role"]}}

    allowed = list(statements_of(document))

    assert {one["Principal"] for one in document["Statement"]} == {"*"}
    of_function = [one for one in allowed if "ArnNotEquals" not in one.conditions]
    assert of_function == [
        one._replace(conditions={**one.conditions, **by_role})
        for one in endpoints_template.of_step(STEP)
        if all(action.startswith(f"{service}:") for action in one.actions)
    ]


@pytest.mark.parametrize(
    ("service", "variable"),
    [
        ("secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
        ("rds", "AWS_ENDPOINT_URL_RDS"),
    ],
)
def test_the_sdk_calls_an_endpoint_by_its_own_name_and_nobody_else_is_led_there(
    endpoints_template: Template, monkeypatch: pytest.MonkeyPatch, service: str, variable: str
) -> None:
    properties = endpoint(endpoints_template, service)
    variables = endpoints_template.function(STEP)["Environment"]["Variables"]
    url = f"https://vpce-0a-0b.{service}.us-west-2.vpce.amazonaws.com"
    monkeypatch.setenv(variable, url)

    client = boto3.client(service, region_name="us-west-2")  # type: ignore[call-overload]

    assert client.meta.endpoint_url == url
    assert variable in variables
    assert properties["PrivateDnsEnabled"] is False
    assert properties["SubnetIds"] == ["subnet-0000000a", "subnet-0000000b"]


def test_only_the_function_in_the_network_is_led_to_endpoints(
    endpoints_template: Template,
) -> None:
    led = {
        step
        for step in Step
        for name in endpoints_template.function(step)["Environment"]["Variables"]
        if name.startswith("AWS_ENDPOINT_URL")
    }

    assert led == {STEP}


def test_dynamodb_is_reached_through_the_route_tables(endpoints_template: Template) -> None:
    gateway = endpoint(endpoints_template, "dynamodb")

    assert gateway["RouteTableIds"] == ["rtb-0000000a", "rtb-0000000b"]
    assert "SubnetIds" not in gateway


def test_what_else_is_behind_the_route_tables_reaches_dynamodb_as_before(
    endpoints_template: Template,
) -> None:
    document = endpoint(endpoints_template, "dynamodb")["PolicyDocument"]
    role = endpoints_template.function(STEP)["Role"]

    others = [one for one in statements_of(document) if "ArnNotEquals" in one.conditions]

    assert others == [
        Statement(frozenset({"dynamodb:*"}), ("*",), {"ArnNotEquals": {"aws:PrincipalArn": role}})
    ]


def test_lambda_connects_the_function_and_the_function_itself_may_not(
    endpoints_template: Template,
) -> None:
    role = endpoints_template.role_of(STEP)
    (policy,) = [
        policy["PolicyDocument"]["Statement"]
        for policy in endpoints_template.resources("AWS::IAM::Policy")
        if policy["Roles"] == [{"Ref": role}]
    ]
    managing = {"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"}

    (allowing,) = [one for one in endpoints_template.of_step(STEP) if managing <= one.actions]
    (denying,) = [one for one in policy if one["Effect"] == "Deny"]

    assert allowing.resources == (
        "arn:aws:ec2:us-west-2:123456789012:*/*",
        "arn:aws:ec2:us-west-2:*:subnet/*",
    )
    assert managing <= set(denying["Action"])
    function = text(denying["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"])
    assert function.endswith(":function:aurora-restore-setup-db-users")


def test_the_documented_settings_are_right() -> None:
    examples = re.findall(r"```toml\n(.+?)```", DOCUMENT.read_text(), re.DOTALL)

    networks = [Network.model_validate(tomllib.loads(one)["network"]) for one in examples]

    assert [bool(one.endpoints) for one in networks] == [False, True, False]
