"""The long-term archive: what the tables forget is in a bucket that nobody else can write to."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.settings.context import WrongSettings
from infra.settings.deployment import DeploymentSettings
from tests.infra.settings.test_deployment import RIGHT
from tests.infra.template import Template, synthesized, text

ROLE = "EventBridge Scheduler, exporting the tables to the long-term archive"
TABLES = {"state": "aurora-restore-state", "audit": "aurora-restore-audit"}


def a_schedule(template: Template, name: str) -> dict[str, Any]:
    return template.only("AWS::Scheduler::Schedule", Name=f"aurora-restore-archive-{name}")


def test_the_bucket_is_closed_encrypted_versioned_and_speaks_tls_only(template: Template) -> None:
    bucket = template.only("AWS::S3::Bucket")

    (denied,) = template.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert (denied["Effect"], denied["Action"]) == ("Deny", "s3:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_bucket_outlives_the_stack_and_is_in_no_successors_way(template: Template) -> None:
    bucket = template.id_of("AWS::S3::Bucket")

    assert template.deletion_policy(bucket) == "Retain"
    assert "BucketName" not in template.only("AWS::S3::Bucket")


def test_the_group_of_the_schedules_has_a_name_and_therefore_goes_with_the_stack(
    template: Template,
) -> None:
    group = template.id_of("AWS::Scheduler::ScheduleGroup", Name="aurora-restore")

    assert template.deletion_policy(group) == "Delete"


def test_exports_move_to_glacier_and_are_never_deleted(other_template: Template) -> None:
    (rule,) = other_template.only("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]

    move = {"StorageClass": "GLACIER", "TransitionInDays": 30}
    assert rule["Status"] == "Enabled"
    assert rule["Transitions"] == rule["NoncurrentVersionTransitions"] == [move]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert not [name for name in rule if "Expiration" in name]


def test_exports_are_locked_when_the_deployment_says_for_how_long(
    template: Template, other_template: Template
) -> None:
    lock = other_template.only("AWS::S3::Bucket")["ObjectLockConfiguration"]

    assert lock["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 365}
    assert "ObjectLockConfiguration" not in template.only("AWS::S3::Bucket")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_exported_under_a_prefix_of_its_own(template: Template, name: str) -> None:
    schedule = a_schedule(template, name)
    call = json.loads(text(schedule["Target"]["Input"]))

    table = template.id_of("AWS::DynamoDB::Table", TableName=TABLES[name])
    assert schedule["ScheduleExpression"] == "cron(0 3 1 * ? *)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert text(schedule["Target"]["Arn"]).endswith(":::aws-sdk:dynamodb:exportTableToPointInTime")
    assert call["TableArn"] == f"{{{table}.Arn}}"
    assert call["S3Bucket"] == f"{{{template.id_of('AWS::S3::Bucket')}}}"
    assert (call["S3Prefix"], call["ExportFormat"]) == (name, "DYNAMODB_JSON")
    assert call["ClientToken"] == f"{name}-<aws.scheduler.scheduled-time>"


@pytest.mark.parametrize("name", TABLES)
def test_an_export_that_cannot_be_asked_for_becomes_a_dead_letter(
    template: Template, name: str
) -> None:
    target = a_schedule(template, name)["Target"]

    assert target["DeadLetterConfig"] == {"Arn": template.dead_letters}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 8 * 3600


def test_the_role_exports_these_tables_into_this_bucket_and_does_nothing_else(
    template: Template,
) -> None:
    role = template.id_of("AWS::IAM::Role", Description=ROLE)
    bucket = template.id_of("AWS::S3::Bucket")
    tables = [template.id_of("AWS::DynamoDB::Table", TableName=name) for name in TABLES.values()]

    allowed = {
        action: set(statement.resources)
        for statement in template.statements(role)
        for action in statement.actions
    }

    written = {f"{{{bucket}.Arn}}/state/*", f"{{{bucket}.Arn}}/audit/*"}
    assert allowed == {
        "dynamodb:ExportTableToPointInTime": {f"{{{table}.Arn}}" for table in tables},
        "s3:AbortMultipartUpload": written,
        "s3:PutObject": written,
        "s3:PutObjectAcl": written,
        "sqs:SendMessage": {text(template.dead_letters)},
    }


def test_only_schedules_of_the_group_can_take_the_role(template: Template) -> None:
    role = template.only("AWS::IAM::Role", Description=ROLE)
    group = template.id_of("AWS::Scheduler::ScheduleGroup")

    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    conditions = {name: text(value) for name, value in trust["Condition"]["StringEquals"].items()}
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert conditions == {
        "aws:SourceAccount": "123456789012",
        "aws:SourceArn": f"{{{group}.Arn}}",
    }


def test_a_deployment_may_do_without_the_archive(tmp_path: Path) -> None:
    template = synthesized(tmp_path, long_term_archive=False)

    assert not {kind for kind in template.types if kind.startswith(("AWS::S3", "AWS::Scheduler"))}
    assert "ArchiveBucket" not in template.outputs


@pytest.mark.parametrize(
    "expression",
    ["rate(often)", "rate(1 month)", "cron(soon)", "cron(0 3 1 13 ? *)", "cron(0 3 1 * ? 2030)"],
)
def test_a_schedule_that_says_nothing_of_the_kind_is_refused(expression: str) -> None:
    archive = {"schedule": expression}

    with pytest.raises(WrongSettings, match=r"is not an expression|names years|are no months"):
        DeploymentSettings.read(RIGHT | {"long_term_archive": archive})


@pytest.mark.parametrize("table", ["state_retention_days", "audit_retention_days"])
def test_a_table_that_forgets_before_two_exports_are_made_is_refused(table: str) -> None:
    with pytest.raises(WrongSettings, match="must be at least 62, twice the longest time"):
        DeploymentSettings.read(RIGHT | {table: 61})

    assert DeploymentSettings.read(RIGHT | {table: 62})
    assert DeploymentSettings.read(RIGHT | {table: 15, "long_term_archive": False})
