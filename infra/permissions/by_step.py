"""What each step may do: the table at the end.

Its statements are above it, those about RDS, keys and secrets in modules of their own.

Statements are as narrow as AWS allows. Where a resource has to be a wildcard, the statement is
narrowed by name pattern, tag, region or encryption context instead, and says why.
"""

from collections.abc import Callable, Mapping

from aws_cdk import aws_iam as iam

from infra.permissions.keys import (
    copy_with_shared_keys,
    describe_keys,
    encrypt_with_restore_keys,
    read_with_keys,
    read_with_shared_keys,
    use_restore_keys,
    use_source_keys,
)
from infra.permissions.rds import (
    copy_snapshots,
    delete_clusters,
    describe_clusters,
    describe_instances,
    describe_snapshots,
    describe_ties,
    keep_replaced_clusters,
    manage_passwords,
    remove_final_snapshots,
    remove_leftover_clusters,
    remove_temporary_snapshots,
    rename_clusters,
    renew_certificates,
    restore_clusters,
    start_stopped_clusters,
)
from infra.permissions.scope import Scope
from infra.permissions.secrets import (
    read_admin_secrets,
    read_managed_passwords,
    read_users_secrets,
)
from infra.permissions.statements import (
    PASSED_TO_EXPORTS,
    TAGGED_AS_OURS,
    TEMPORARY_SNAPSHOTS,
    allow,
    allow_through_rds,
    in_regions,
)
from shared.names import BY_SOURCE_CLUSTER, LOCK
from shared.steps import Step

Permission = Callable[[Scope], list[iam.PolicyStatement]]


def use_state(scope: Scope) -> list[iam.PolicyStatement]:
    """Read and replace operations; append to the audit trail, which nobody may change."""
    return [
        allow("dynamodb:GetItem", "dynamodb:PutItem", on=[scope.state_table]),
        allow("dynamodb:PutItem", on=[scope.audit_table]),
    ]


def query_earlier_restores(scope: Scope) -> list[iam.PolicyStatement]:
    """Query operations by their source cluster."""
    return [allow("dynamodb:Query", on=[f"{scope.state_table}/index/{BY_SOURCE_CLUSTER}"])]


def release_locks(scope: Scope) -> list[iam.PolicyStatement]:
    """Delete locks, and no other item of the state table."""
    return [
        allow(
            "dynamodb:DeleteItem",
            on=[scope.state_table],
            when={
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{LOCK}*"]},
                # "For all values" is also true of none.
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        )
    ]


def check_network_and_class(scope: Scope) -> list[iam.PolicyStatement]:
    """Check that what a request names exists. The last statement is about what has no ARN."""
    return [
        allow("rds:DescribeDBSubnetGroups", on=scope.rds("subgrp:*")),
        allow(
            "rds:DescribeDBClusterAutomatedBackups",
            on=scope.rds("cluster-auto-backup:*", "cluster:*"),
        ),
        allow("rds:DescribeDBClusterParameterGroups", on=scope.rds("cluster-pg:*")),
        allow("rds:DescribeDBParameterGroups", on=scope.rds("pg:*")),
        allow(
            "rds:DescribeDBEngineVersions",
            "rds:DescribeDBMajorEngineVersions",
            "rds:DescribeOrderableDBInstanceOptions",
            "rds:DescribeAccountAttributes",
            "ec2:DescribeSecurityGroups",
            on=["*"],
            when=in_regions([scope.region]),
        ),
    ]


def act_in_source_accounts(scope: Scope) -> list[iam.PolicyStatement]:
    """Assume the roles that other accounts offer; those accounts decide what the roles may do."""
    return [allow("sts:AssumeRole", on=scope.source_roles)] if scope.source_roles else []


def check_export_bucket(scope: Scope) -> list[iam.PolicyStatement]:
    """Check whether the bucket for exports exists."""
    return [allow("s3:ListBucket", on=[scope.export_bucket])] if scope.export_bucket else []


def export_snapshots(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS write temporary snapshots into the bucket, as the role that may do only that.

    Export tasks have no ARNs of their own, and RDS judges the call by the snapshot.
    """
    if not scope.export_role:
        return []
    return [
        allow("rds:DescribeExportTasks", on=["*"], when=in_regions([scope.region])),
        allow(
            "rds:StartExportTask",
            on=scope.rds(f"cluster-snapshot:{TEMPORARY_SNAPSHOTS}"),
            when=TAGGED_AS_OURS,
        ),
        allow("iam:PassRole", on=[scope.export_role], when=PASSED_TO_EXPORTS),
        *use_restore_keys(scope),
        allow_through_rds(scope.restore_keys, scope.region, ["kms:RetireGrant"]),
    ]


def publish_outcomes(scope: Scope) -> list[iam.PolicyStatement]:
    """Find out how an execution ended, and publish it."""
    return [
        allow("states:DescribeExecution", on=[scope.executions]),
        allow("sns:Publish", on=[scope.topic]),
        allow(
            "kms:GenerateDataKey",
            "kms:Decrypt",
            on=[scope.topic_key],
            when={"StringEquals": {"kms:ViaService": f"sns.{scope.region}.amazonaws.com"}},
        ),
    ]


PERMISSIONS: Mapping[Step, tuple[Permission, ...]] = {
    Step.SNAPSHOT_CHECK: (
        query_earlier_restores,
        describe_clusters,
        describe_instances,
        describe_snapshots,
        describe_ties,
        check_network_and_class,
        describe_keys,
        act_in_source_accounts,
        check_export_bucket,
        read_admin_secrets,
        read_users_secrets,
    ),
    Step.COPY_SNAPSHOT: (
        describe_snapshots,
        act_in_source_accounts,
        copy_snapshots,
        use_source_keys,
        copy_with_shared_keys,
        use_restore_keys,
    ),
    Step.CHECK_COPY_STATUS: (describe_snapshots, act_in_source_accounts),
    Step.DELETE_RDS: (
        describe_clusters,
        describe_instances,
        describe_snapshots,
        describe_ties,
        rename_clusters,
        renew_certificates,
        delete_clusters,
        keep_replaced_clusters,
    ),
    Step.RESTORE_SNAPSHOT: (
        describe_clusters,
        describe_instances,
        describe_snapshots,
        restore_clusters,
        manage_passwords,
        read_with_keys,
        read_with_shared_keys,
        encrypt_with_restore_keys,
        read_admin_secrets,
    ),
    Step.CHECK_RESTORE_STATUS: (describe_clusters, describe_instances),
    Step.SETUP_DB_USERS: (
        describe_clusters,
        read_admin_secrets,
        read_users_secrets,
        read_managed_passwords,
    ),
    Step.ARCHIVE_SNAPSHOT: (
        describe_clusters,
        describe_instances,
        describe_snapshots,
        act_in_source_accounts,
        export_snapshots,
        remove_temporary_snapshots,
        remove_final_snapshots,
        remove_leftover_clusters,
    ),
    Step.SNS_NOTIFICATION: (
        describe_clusters,
        rename_clusters,
        start_stopped_clusters,
        release_locks,
        publish_outcomes,
    ),
}


def statements(step: Step, scope: Scope) -> list[iam.PolicyStatement]:
    """Everything that a step may do, beside writing its own log and traces."""
    return [
        statement
        for permission in (use_state, *PERMISSIONS[step])
        for statement in permission(scope)
    ]
