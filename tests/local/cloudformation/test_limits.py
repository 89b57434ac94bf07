"""The local cloud makes no function and no role that AWS would not make."""

import json
from pathlib import Path
from typing import Any

import pytest
from moto.iam.models import iam_backends

from infra.limits.counted import policies_of_roles
from infra.limits.sizes import Place, Sizes
from local.cloud import LocalCloud
from local.cloudformation.deployment import DeploymentFailed
from tests.infra.limits import many
from tests.infra.template import synthesized
from tests.local.cloudformation.test_deployment import SOURCES, a_template
from tests.local.toys import an_assembly


def a_policy(characters: int) -> dict[str, Any]:
    """A policy of so many characters, without white space."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    statement["Resource"] += "r" * (characters - len(json.dumps(policy, separators=(",", ":"))))
    return policy


def managed(number: int, characters: int) -> dict[str, Any]:
    return {
        f"Managed{number}": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": a_policy(characters), "Roles": [{"Ref": "Role"}]},
        }
    }


def inline(characters: int) -> dict[str, Any]:
    return {
        "Inline": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "more",
                "PolicyDocument": a_policy(characters),
                "Roles": [{"Ref": "Role"}],
            },
        }
    }


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (managed(1, 6145), "quota for PolicySize: 6144"),
        (
            {key: value for number in range(11) for key, value in managed(number, 200).items()},
            "quota for PoliciesPerRole: 10",
        ),
        (inline(10_241), "Maximum policy size of 10240 bytes exceeded"),
    ],
    ids=["a managed policy", "managed policies", "inline policies"],
)
def test_a_role_with_too_much_is_not_made(
    cloud: LocalCloud, tmp_path: Path, more: dict[str, Any], why: str
) -> None:
    assembly = an_assembly(tmp_path, a_template(**more), code=SOURCES)

    with pytest.raises(DeploymentFailed, match=why):
        cloud.deploy(assembly)


def test_a_role_with_as_much_as_aws_takes_is_made(cloud: LocalCloud, tmp_path: Path) -> None:
    template = a_template(**managed(1, 6144), **inline(9_000))

    cloud.deploy(an_assembly(tmp_path, template, code=SOURCES))

    iam = cloud.client("iam")
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    policies = [iam.list_role_policies(RoleName=role)["PolicyNames"] for role in roles]
    assert any("more" in names for names in policies)


@pytest.mark.parametrize(("characters", "is_made"), [(4074, True), (4075, False)])
def test_a_function_gets_four_kilobytes_of_environment(
    cloud: LocalCloud, tmp_path: Path, characters: int, is_made: bool
) -> None:
    template = a_template()
    variables = template["Resources"]["Counter"]["Properties"]["Environment"]["Variables"]
    variables["MORE"] = "m" * characters  # beside {"STEP":"5","MORE":""}
    assembly = an_assembly(tmp_path, template, code=SOURCES)

    if is_made:
        cloud.deploy(assembly)
    else:
        with pytest.raises(DeploymentFailed, match="exceeded the 4KB limit"):
            cloud.deploy(assembly)


@pytest.mark.thorough
def test_more_of_everything_is_deployed_and_is_as_long_as_was_counted(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    settings = many.accounts(12) | many.patterns(30) | many.secrets(70) | many.schedules(25)
    template = json.loads(synthesized(tmp_path, **settings).text)
    sizes = Sizes(template, Place("aws", "us-west-2", "123456789012"))

    cloud.deploy(tmp_path)

    counted = sorted(
        sizes.characters(document)
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        for _, _, document in policies_of_roles(template["Resources"], kind)
    )
    made = sorted(map(len, map(without_space, policies())))
    assert len(made) == len(counted)
    # Names that CloudFormation makes up are at most as long as is assumed.
    assert all(low <= high <= low + 300 for low, high in zip(made, counted, strict=True))


def policies() -> list[Any]:
    roles = iam_backends["123456789012"]["aws"].roles.values()
    attached = [policy for role in roles for policy in role.managed_policies.values()]
    return [document for role in roles for document in role.policies.values()] + [
        version.document for policy in attached for version in policy.versions if version.is_default
    ]


def without_space(document: Any) -> str:
    content = json.loads(document) if isinstance(document, str) else document
    return json.dumps(content, separators=(",", ":"))
