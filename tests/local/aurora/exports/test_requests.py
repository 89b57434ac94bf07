"""What the simulator requires of a request to export a snapshot."""

import json
from collections.abc import Iterator

import pytest

from tests.local.aurora.exports.scene import (
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
from tests.local.aurora.scene import EAST, WEST, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def exporting(stage: Stage) -> Exporting:
    return ready_to_export(stage.next_scene())


@pytest.mark.parametrize(
    "identifier", ["1st", "-task", "my_task", "task-", "my--task", "t" * 61, "täsk", "task\n"]
)
def test_an_illegal_identifier_is_refused(exporting: Exporting, identifier: str) -> None:
    with refused("InvalidParameterValue", "ExportTaskIdentifier"):
        exporting.request(identifier)


def test_an_identifier_has_up_to_sixty_characters(exporting: Exporting) -> None:
    task = exporting.request("T" + "-9" * 29 + "z")

    assert len(task["ExportTaskIdentifier"]) == 60


def test_an_identifier_is_taken_for_good(exporting: Exporting) -> None:
    exporting.request("task")
    exporting.scene.settle()

    with refused("ExportTaskAlreadyExists", "task"):
        exporting.request("task")


def test_the_source_must_be_a_snapshot_of_this_region_and_account(
    exporting: Exporting, stage: Stage
) -> None:
    scene = exporting.scene
    scene.request_copy(exporting.snapshot_arn, "before", WEST)
    other = stage.new_account()
    other.has_cluster()
    foreign = other.has_snapshot("before")["DBClusterSnapshotArn"]

    elsewhere = exporting.snapshot_arn.replace(EAST, WEST)
    for arn in (f"{exporting.snapshot_arn}-not", elsewhere, foreign):
        with refused("DBClusterSnapshotNotFoundFault", arn.rsplit(":", 1)[-1]):
            exporting.request(SourceArn=arn)
    with refused("InvalidParameterCombination", "cluster is not simulated"):
        exporting.request(SourceArn=scene.cluster()["DBClusterArn"])
    with refused("InvalidParameterValue", "SourceArn"):
        exporting.request(SourceArn="before")


def test_a_snapshot_must_be_available_to_be_exported(exporting: Exporting) -> None:
    unfinished = exporting.scene.request_snapshot("unfinished")["DBClusterSnapshotArn"]

    with refused("InvalidExportSourceState", "creating"):
        exporting.request(SourceArn=unfinished)


def test_a_snapshot_is_exported_by_one_task_at_a_time(exporting: Exporting) -> None:
    exporting.request("first")

    with refused("InvalidExportSourceState", "another task"):
        exporting.request("second")
    exporting.scene.settle()

    assert exporting.request("third")["Status"] == "STARTING"


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


def test_the_key_must_be_usable_in_the_region(exporting: Exporting) -> None:
    disabled = exporting.scene.key()
    exporting.scene.disable(disabled)

    for key in (exporting.scene.key(WEST), disabled, "alias/unheard-of"):
        with refused("KMSKeyNotAccessibleFault"):
            exporting.request(KmsKeyId=key)


@pytest.mark.parametrize("part", ["", "shop.", "shop.public.orders.id", "my shop", "shop-2"])
def test_parts_that_cannot_be_named_are_refused(exporting: Exporting, part: str) -> None:
    with refused("InvalidExportOnly"):
        exporting.request(ExportOnly=["shop", part])


def test_a_database_of_mysql_has_tables_and_no_schemas(exporting: Exporting) -> None:
    exporting.scene.has_cluster("other", Engine="aurora-mysql")
    arn = exporting.scene.has_snapshot("of-other", "other")["DBClusterSnapshotArn"]

    with refused("InvalidExportOnly"):
        exporting.request(SourceArn=arn, ExportOnly=["shop.public.orders"])

    assert exporting.request(SourceArn=arn, ExportOnly=["shop.orders"])["Status"] == "STARTING"
    parts = ["shop.public.orders"]
    assert exporting.request("of-postgresql", ExportOnly=parts)["ExportOnly"] == parts


def test_a_prefix_has_no_colon(exporting: Exporting) -> None:
    with refused("InvalidParameterValue", "S3Prefix"):
        exporting.request(S3Prefix="aurora:prod")


def test_a_refused_export_leaves_nothing_behind(exporting: Exporting) -> None:
    with refused("IamRoleNotFound"):
        exporting.request(IamRoleArn="arn:aws:iam::123456789012:role/other")

    assert exporting.listed() == set()


def test_five_exports_at_most_are_under_way(exporting: Exporting) -> None:
    arns = [exporting.another_snapshot(f"number-{number}") for number in range(6)]
    for number in range(5):
        exporting.request(f"task-{number}", SourceArn=arns[number])
    exporting.cancel("task-0")

    with refused("ExportTaskLimitReachedFault", "limit of 5 concurrent export tasks"):
        exporting.request("task-5", SourceArn=arns[5])
    exporting.scene.pass_time(exporting.scene.simulator.durations.cancel_export)

    assert exporting.request("task-5", SourceArn=arns[5])["Status"] == "STARTING"
