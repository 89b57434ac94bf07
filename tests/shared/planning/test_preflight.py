"""What is checked of the network, against the API of the local cloud."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.gateways.aws import Aws
from shared.planning import preflight
from shared.planning.findings import Findings
from tests.builders import a_request, settings
from tests.local.aurora.scene import WEST, Scene, aurora_stage


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with aurora_stage() as stage:
        yield stage.next_scene()


def found(scene: Scene, **request: Any) -> str:
    """What stands in the way of a request's network."""
    findings, aws = Findings(), Aws(settings())
    aws._client = scene.client
    preflight._check_network(findings, aws, a_request(target_region=WEST, **request))
    return str(findings.error) if findings else ""


def a_group(scene: Scene, vpc: str) -> str:
    ec2 = scene.client("ec2", WEST)
    made = ec2.create_security_group(GroupName=f"in-{vpc}", Description="one", VpcId=vpc)
    return str(made["GroupId"])


def test_without_a_subnet_group_security_groups_have_to_be_in_the_default_vpc(scene: Scene) -> None:
    ec2 = scene.client("ec2", WEST)
    default = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    elsewhere = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    fitting = found(scene, vpc_security_group_ids=[a_group(scene, default)])
    strange = found(scene, vpc_security_group_ids=[a_group(scene, elsewhere)])

    assert fitting == ""
    assert f"is in {elsewhere}" in strange
    assert f"the default one if none is named, is in {default}" in strange
