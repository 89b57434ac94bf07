"""What RDS needs to write an export: the bucket, and the role with its trust and permissions."""

import json
from collections.abc import Iterator

import pytest

from tests.local.aurora.exporting import (
    EXPORTER,
    ON_OBJECTS,
    ON_THE_BUCKET,
    Exporting,
    document,
    has_bucket,
    has_role,
    ready_to_export,
    statement,
    writing_to,
)
from tests.local.aurora.scene import WEST, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def exporting(stage: Stage) -> Exporting:
    return ready_to_export(stage.next_scene())


def test_the_bucket_must_be_there_and_in_the_same_region(exporting: Exporting) -> None:
    elsewhere = has_bucket(exporting.scene, "archive-west", WEST)

    for bucket in ("no-such-bucket", elsewhere):
        with refused("InvalidS3BucketFault", bucket):
            exporting.request(S3BucketName=bucket)


def test_the_role_must_be_there(exporting: Exporting) -> None:
    missing = f"{exporting.role_arn}-not"

    with refused("IamRoleNotFound", missing):
        exporting.request(IamRoleArn=missing)


def test_the_role_must_trust_the_exports_of_rds(exporting: Exporting) -> None:
    policies = {"write": writing_to(exporting.bucket)}
    of_rds = has_role(exporting.scene, "of-rds", policies, trusted="rds.amazonaws.com")
    of_both = has_role(exporting.scene, "of-both", policies, [EXPORTER, "rds.amazonaws.com"])

    with refused("IamRoleMissingPermissions", EXPORTER):
        exporting.request(IamRoleArn=of_rds)

    assert exporting.request(IamRoleArn=of_both)["Status"] == "STARTING"


@pytest.mark.parametrize("lacking", [*ON_OBJECTS, *ON_THE_BUCKET])
def test_the_role_must_allow_everything_an_export_does(exporting: Exporting, lacking: str) -> None:
    policy = writing_to(exporting.bucket, without=lacking)
    role = has_role(exporting.scene, "half", policies={"write": policy})

    with refused("IamRoleMissingPermissions", lacking.removesuffix("*")):
        exporting.request(IamRoleArn=role)


def test_the_role_must_not_deny_what_it_allows(exporting: Exporting) -> None:
    deny = document(statement("s3:DeleteObject", effect="Deny", Resource="*"))
    policies = {"write": writing_to(exporting.bucket), "never": deny}
    role = has_role(exporting.scene, "torn", policies)

    with refused("IamRoleMissingPermissions", "s3:DeleteObject"):
        exporting.request(IamRoleArn=role)


def test_the_role_may_be_limited_to_this_bucket_and_prefix(exporting: Exporting) -> None:
    within = writing_to(exporting.bucket, below="aurora/")
    role = has_role(exporting.scene, "narrow", policies={"write": within})
    other = has_role(exporting.scene, "other", policies={"write": writing_to("other-bucket")})

    with refused("IamRoleMissingPermissions", "s3:PutObject"):
        exporting.request(IamRoleArn=role, S3Prefix="elsewhere")
    with refused("IamRoleMissingPermissions", "s3:PutObject"):
        exporting.request(IamRoleArn=other)

    assert exporting.request(IamRoleArn=role, S3Prefix="aurora")["Status"] == "STARTING"


def test_the_role_may_have_its_permissions_from_an_attached_policy(exporting: Exporting) -> None:
    iam = exporting.scene.client("iam")
    role = has_role(exporting.scene, "attached", policies={})
    policy = iam.create_policy(PolicyName="write", PolicyDocument=writing_to(exporting.bucket))[
        "Policy"
    ]["Arn"]

    with refused("IamRoleMissingPermissions"):
        exporting.request(IamRoleArn=role)
    iam.attach_role_policy(RoleName="attached", PolicyArn=policy)

    assert exporting.request(IamRoleArn=role)["Status"] == "STARTING"


def test_the_role_may_come_from_a_template(exporting: Exporting) -> None:
    trust = statement("sts:AssumeRole", Principal={"Service": EXPORTER})
    policy = json.loads(writing_to(exporting.bucket))
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": "templated",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
            "Policies": [{"PolicyName": "write", "PolicyDocument": policy}],
        },
    }
    exporting.scene.client("cloudformation").create_stack(
        StackName="exports", TemplateBody=json.dumps({"Resources": {"Role": role}})
    )
    arn = exporting.role_arn.replace("exporter", "templated")

    task = exporting.request(IamRoleArn=arn)

    assert task["IamRoleArn"] == arn


def test_a_trust_in_others_or_in_nobody_is_no_trust_in_exports(exporting: Exporting) -> None:
    trusts = [
        statement("sts:AssumeRole", Principal="*"),
        statement("sts:AssumeRole", Principal={"AWS": "*"}),
        statement("sts:AssumeRole", Principal={"Service": EXPORTER}, effect="Deny"),
    ]
    iam = exporting.scene.client("iam")

    for number, trust in enumerate(trusts):
        role = iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=document(trust))
        with refused("IamRoleMissingPermissions", EXPORTER):
            exporting.request(IamRoleArn=role["Role"]["Arn"])
