"""Roles: what a step may do, and above all what it may not."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import pytest

from infra.permissions.by_step import PERMISSIONS
from shared import names
from shared.steps import Step
from tests.infra.template import Statement, Template, text

RDS = "arn:aws:rds:us-west-2:123456789012"
TAGGED_AS_OURS = {"Null": {f"aws:ResourceTag/{names.TAG_OPERATION}": "false"}}
TAGGED_BY_THE_CALL = {"Null": {f"aws:RequestTag/{names.TAG_OPERATION}": "false"}}
TAGGED_AS_REPLACEABLE = {
    "StringLike": {f"aws:ResourceTag/{names.TAG_TARGET_CLUSTER}": ["aurora-staging*"]}
}

EXPORT_ROLE = "RDS, exporting snapshots to aurora-restore-exports"
REFERENCE = json.loads(
    (resources.files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text()
)
NARROWED_OTHERWISE = {
    "rds:DescribeExportTasks": "export tasks have no ARNs; narrowed by region",
}
"""Actions on every resource for which AWS's reference names kinds of resources."""


def test_every_step_has_its_permissions_listed() -> None:
    assert set(PERMISSIONS) == set(Step)


def test_nobody_can_change_or_delete_an_audit_event(template: Template) -> None:
    audit = _table(template, "aurora-restore-audit")

    actions = {
        action
        for statement in template.all_statements()
        for action in statement.actions
        if action.startswith("dynamodb:") and statement.covers(action, audit)
    }

    # Exporting reads the table, and writes elsewhere.
    assert actions == {"dynamodb:PutItem", "dynamodb:ExportTableToPointInTime"}


def test_only_the_last_step_deletes_items_and_only_locks(template: Template) -> None:
    state = _table(template, "aurora-restore-state")

    deleting = {
        step: statement.conditions
        for step in Step
        for statement in template.of_step(step)
        if statement.covers("dynamodb:DeleteItem", state)
    }

    assert deleting == {
        Step.SNS_NOTIFICATION: {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["LOCK#*"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        }
    }
    assert names.lock_id("123456789012", "us-west-2", "aurora-staging").startswith("LOCK#")


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("rds:DeleteDBCluster", "cluster:aurora-staging", True),
        ("rds:DeleteDBCluster", "cluster:aurora-staging-2", True),
        ("rds:DeleteDBCluster", "cluster:aurora-prod", False),
        ("rds:DeleteDBCluster", "cluster:not-aurora-staging", False),
        ("rds:DeleteDBInstance", "db:aurora-staging-instance-1", True),
        ("rds:DeleteDBInstance", "db:aurora-prod-instance-1", False),
        ("rds:DeleteDBClusterSnapshot", "cluster-snapshot:aurora-staging-final-0a1b2c", False),
    ],
)
def test_delete_rds_deletes_only_what_the_deployment_lets_a_request_replace(
    template: Template, action: str, resource: str, allowed: bool
) -> None:
    statements = _covering(template.of_step(Step.DELETE_RDS), action, f"{RDS}:{resource}")

    assert any(not statement.conditions for statement in statements) is allowed
    assert all(statement.conditions in ({}, TAGGED_AS_REPLACEABLE) for statement in statements)


def test_a_deployment_that_replaces_nothing_can_delete_nothing(other_template: Template) -> None:
    actions = {
        action
        for statement in other_template.of_step(Step.DELETE_RDS)
        for action in statement.actions
        if not action.startswith(("rds:Describe", "dynamodb:", "logs:", "xray:"))
    }

    assert actions == set()


def test_no_other_step_deletes_clusters(template: Template) -> None:
    deletions = {"rds:DeleteDBCluster", "rds:DeleteDBInstance"}

    deleting = {step for step in Step for one in template.of_step(step) if one.actions & deletions}

    assert deleting == {Step.DELETE_RDS, Step.ARCHIVE_SNAPSHOT}


def test_only_temporary_and_final_snapshots_with_our_tag_are_deleted(template: Template) -> None:
    deleting = {
        (step, *statement.resources): statement.conditions
        for step in Step
        for statement in template.of_step(step)
        if "rds:DeleteDBClusterSnapshot" in statement.actions
    }

    ours = "aurora-restore-123456789012-us-west-2"
    assert deleting == {
        (Step.ARCHIVE_SNAPSHOT, f"{RDS}:cluster-snapshot:{pattern}"): {
            "StringEquals": {f"aws:ResourceTag/{tag}": ours}
        }
        for pattern, tag in (
            ("*-copy-??????", names.TAG_TEMPORARY),
            ("*-final-????-??-??-??????", names.TAG_FINAL),
        )
    }


def test_only_clusters_with_our_tag_are_changed_and_only_replaceable_ones_renamed(
    template: Template,
) -> None:
    changing = {
        step: statement
        for step in Step
        for statement in template.of_step(step)
        if "rds:ModifyDBCluster" in statement.actions
    }

    assert set(changing) == {Step.RESTORE_SNAPSHOT, Step.DELETE_RDS, Step.SNS_NOTIFICATION}
    assert changing[Step.RESTORE_SNAPSHOT].conditions == TAGGED_AS_OURS
    for step in (Step.DELETE_RDS, Step.SNS_NOTIFICATION):
        assert changing[step].resources == (
            f"{RDS}:cluster:aurora-staging*",
            f"{RDS}:cluster:aurora-staging*-candidate-??????",
            f"{RDS}:cluster:aurora-staging*-replaced-??????",
        )


def test_archiving_deletes_no_cluster_under_its_own_name(template: Template) -> None:
    (clusters,) = {
        statement.resources
        for statement in template.of_step(Step.ARCHIVE_SNAPSHOT)
        if "rds:DeleteDBCluster" in statement.actions
    }

    assert clusters == (
        f"{RDS}:cluster:aurora-staging*-candidate-??????",
        f"{RDS}:cluster:aurora-staging*-replaced-??????",
        f"{RDS}:cluster-snapshot:*-final-????-??-??-??????",
    )


@pytest.mark.parametrize(
    ("step", "action", "resource"),
    [
        (
            Step.COPY_SNAPSHOT,
            "rds:CopyDBClusterSnapshot",
            "cluster-snapshot:c-2026-01-01-copy-0a1b2c",
        ),
        (Step.RESTORE_SNAPSHOT, "rds:RestoreDBClusterFromSnapshot", "cluster:aurora-staging"),
        (Step.RESTORE_SNAPSHOT, "rds:CreateDBInstance", "db:aurora-staging-0a1b2c-1"),
    ],
)
def test_what_is_made_must_carry_our_tag(
    template: Template, step: Step, action: str, resource: str
) -> None:
    statements = _covering(template.of_step(step), action, f"{RDS}:{resource}")

    assert [statement.conditions for statement in statements] == [TAGGED_BY_THE_CALL]


def test_derived_names_fit_the_patterns_of_the_roles(template: Template) -> None:
    copy = names.copy_id("a" * 63, datetime(2026, 1, 1, tzinfo=UTC), "restore-1")
    final = names.final_snapshot_id("aurora-staging", datetime(2026, 1, 1, tzinfo=UTC), "restore-1")
    instance = names.instance_id("aurora-staging", 16, "restore-1")

    assert _may(
        template, Step.COPY_SNAPSHOT, "rds:CopyDBClusterSnapshot", f"cluster-snapshot:{copy}"
    )
    assert _may(
        template, Step.ARCHIVE_SNAPSHOT, "rds:DeleteDBClusterSnapshot", f"cluster-snapshot:{copy}"
    )
    assert _may(
        template, Step.DELETE_RDS, "rds:CreateDBClusterSnapshot", f"cluster-snapshot:{final}"
    )
    assert _may(template, Step.DELETE_RDS, "rds:DeleteDBInstance", f"db:{instance}")


def test_only_temporary_snapshots_are_exported_and_only_into_the_bucket(template: Template) -> None:
    exporting = {
        (step, statement.resources, str(statement.conditions))
        for step in Step
        for statement in template.of_step(step)
        if "rds:StartExportTask" in statement.actions
    }
    snapshots = (f"{RDS}:cluster-snapshot:*-copy-??????",)

    assert exporting == {(Step.ARCHIVE_SNAPSHOT, snapshots, str(TAGGED_AS_OURS))}


def test_the_role_of_exports_is_for_rds_and_writes_one_prefix_of_one_bucket(
    template: Template,
) -> None:
    role = template.only("AWS::IAM::Role", Description=EXPORT_ROLE)
    written = {
        resource
        for statement in template.statements(template.id_of("AWS::IAM::Role", **role))
        if "s3:PutObject*" in statement.actions
        for resource in statement.resources
    }

    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "export.rds.amazonaws.com"}
    assert trust["Condition"] == {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}
    assert written == {"arn:aws:s3:::aurora-restore-exports/aurora-restore/*"}


def test_a_deployment_without_a_bucket_can_export_nothing(other_template: Template) -> None:
    actions = {action for one in other_template.all_statements() for action in one.actions}

    assert not {"rds:StartExportTask", "iam:PassRole", "s3:PutObject*"} & actions


def test_secrets_are_read_by_the_steps_that_need_them_and_by_name(template: Template) -> None:
    prefix = "arn:aws:secretsmanager:us-west-2:123456789012:secret"
    admin = f"{prefix}:aurora-restore/admin-??????"
    users = f"{prefix}:aurora-restore/users-??????"
    managed = f"{prefix}:rds!cluster-*"
    named = {f"{prefix}:aurora-restore/spare-{kind}-??????" for kind in ("admin", "users")}

    read = {
        step: {
            resource
            for statement in template.of_step(step)
            if "secretsmanager:GetSecretValue" in statement.actions
            for resource in statement.resources
        }
        for step in Step
    }

    assert {step: secrets for step, secrets in read.items() if secrets} == {
        Step.SNAPSHOT_CHECK: {admin, users, *named},
        Step.RESTORE_SNAPSHOT: {admin, *named},
        Step.SETUP_DB_USERS: {admin, users, managed, *named},
    }


def test_only_the_last_step_is_handed_messages_and_only_of_failed_executions(
    template: Template,
) -> None:
    queues = {
        step: (statement.actions, statement.resources)
        for step in Step
        for statement in template.of_step(step)
        if any(action.startswith("sqs:") for action in statement.actions)
    }

    polling = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    allowed = frozenset({*polling, "sqs:ChangeMessageVisibility"})
    assert queues == {Step.SNS_NOTIFICATION: (allowed, (text(template.failed_executions),))}


def test_keys_are_used_through_a_service_or_not_at_all(template: Template) -> None:
    loose = {
        resource
        for statement in template.all_statements()
        if {action for action in statement.actions if action.startswith("kms:")}
        - {"kms:DescribeKey"}
        and "kms:ViaService" not in statement.conditions.get("StringEquals", {})
        for resource in statement.resources
    }

    assert loose == set()


def test_encrypting_is_done_with_the_keys_of_the_deployment(other_template: Template) -> None:
    keys = {
        resource
        for step in (Step.COPY_SNAPSHOT, Step.RESTORE_SNAPSHOT)
        for statement in other_template.of_step(step)
        if "kms:Encrypt" in statement.actions
        for resource in statement.resources
        if ":us-west-2:" in resource
    }

    assert keys == {"arn:aws:kms:us-west-2:123456789012:key/named"}


def test_an_action_is_on_every_resource_only_where_aws_knows_nothing_finer(
    template: Template,
) -> None:
    wild = {
        action
        for statement in template.all_statements()
        if "*" in statement.resources
        for action in statement.actions
    }

    finer = {action for action in wild if _resource_kinds(action)}

    assert finer == set(NARROWED_OTHERWISE)


def test_every_action_exists(template: Template, source_template: Template) -> None:
    allowed = {
        action
        for one in (template, source_template)
        for statement in one.all_statements()
        for action in statement.actions
        if "*" not in action
    }

    assert {action for action in allowed if _known(action) is None} == set()


def test_no_statement_allows_every_action_of_a_service(template: Template) -> None:
    wild = {
        action
        for statement in template.all_statements()
        for action in statement.actions
        if "*" in action
    }

    needed_by_exports = {"s3:PutObject*", "s3:GetObject*", "s3:DeleteObject*"}
    assert wild == {"kms:ReEncrypt*", "kms:GenerateDataKey*"} | needed_by_exports


def _resource_kinds(action: str) -> list[str]:
    """The kinds of resources that an action can be narrowed to."""
    kinds: list[str] = (_known(action) or {}).get("Resources", [])
    return kinds


def _known(action: str) -> dict[str, Any] | None:
    """What AWS's service authorization reference, as cfn-lint has it, says about an action."""
    service, _, name = action.partition(":")
    known: dict[str, Any] | None = REFERENCE[service]["Actions"].get(name.lower())
    return known


def _table(template: Template, name: str) -> str:
    return f"{{{template.id_of('AWS::DynamoDB::Table', TableName=name)}.Arn}}"


def _covering(statements: Iterable[Statement], action: str, resource: str) -> list[Statement]:
    return [statement for statement in statements if statement.covers(action, resource)]


def _may(template: Template, step: Step, action: str, resource: str) -> bool:
    return bool(_covering(template.of_step(step), action, f"{RDS}:{resource}"))


def test_a_role_is_passed_to_nobody_but_rds_for_exports(template: Template) -> None:
    passing = [
        statement.conditions
        for statement in template.all_statements()
        if statement.covers("iam:PassRole", "*")
        or any("PassRole" in action for action in statement.actions)
    ]

    services = ["export.rds.amazonaws.com", "rds.amazonaws.com"]
    assert passing == [{"StringEquals": {"iam:PassedToService": services}}]


def test_no_service_linked_role_but_that_of_rds_is_made(template: Template) -> None:
    making = {
        step: statement
        for step in Step
        for statement in template.of_step(step)
        if any("CreateServiceLinkedRole" in action for action in statement.actions)
    }

    assert set(making) == {Step.RESTORE_SNAPSHOT}
    statement = making[Step.RESTORE_SNAPSHOT]
    assert statement.conditions == {"StringEquals": {"iam:AWSServiceName": "rds.amazonaws.com"}}
    assert statement.resources == (
        "arn:aws:iam::123456789012:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",
    )


def test_copies_are_tagged_in_the_source_region_too_by_the_call_alone(template: Template) -> None:
    there = "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:aurora-prod-copy-abcdef"

    tagging = _covering(template.of_step(Step.COPY_SNAPSHOT), "rds:AddTagsToResource", there)

    assert [statement.conditions for statement in tagging] == [TAGGED_BY_THE_CALL]


def test_grants_for_exports_can_be_retired(template: Template) -> None:
    retiring = [
        statement.conditions
        for statement in template.of_step(Step.ARCHIVE_SNAPSHOT)
        if "kms:RetireGrant" in statement.actions
    ]

    assert retiring == [{"StringEquals": {"kms:ViaService": "rds.us-west-2.amazonaws.com"}}]
