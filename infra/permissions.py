"""What each step may do. The table at the end says who may do what; the statements are above it.

Statements are as narrow as AWS allows. Where a resource has to be a wildcard, the statement is
narrowed by name pattern, tag, region or encryption context instead, and says why.
"""

from collections.abc import Callable, Mapping, Sequence

from aws_cdk import aws_iam as iam

from infra.scope import Scope
from infra.statements import (
    CANDIDATES,
    FINAL_SNAPSHOTS,
    KEY_READING,
    KEY_USE,
    REPLACED,
    TAGGED_AS_OURS,
    TAGGED_BY_THE_CALL,
    TEMPORARY_SNAPSHOTS,
    Conditions,
    allow,
    copy_out_of,
    in_regions,
    tagged_temporary,
    use_through_rds,
)
from shared.names import TAG_TARGET_CLUSTER, Step
from shared.store import BY_SOURCE_CLUSTER

Permission = Callable[[Scope], list[iam.PolicyStatement]]


def use_state(scope: Scope) -> list[iam.PolicyStatement]:
    """Read and replace operations; append to the audit trail, which nobody may change."""
    return [
        allow("dynamodb:GetItem", "dynamodb:PutItem", on=[scope.state_table]),
        allow("dynamodb:PutItem", on=[scope.audit_table]),
    ]


def look_up_earlier_restores(scope: Scope) -> list[iam.PolicyStatement]:
    """Query operations by their source cluster."""
    return [allow("dynamodb:Query", on=[f"{scope.state_table}/index/{BY_SOURCE_CLUSTER}"])]


def release_locks(scope: Scope) -> list[iam.PolicyStatement]:
    """Delete locks, and no other item of the state table."""
    return [
        allow(
            "dynamodb:DeleteItem",
            on=[scope.state_table],
            when={
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["LOCK#*"]},
                # "For all values" is also true of none.
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        )
    ]


def look_at_aurora(scope: Scope) -> list[iam.PolicyStatement]:
    """Describe clusters, instances and snapshots: calls that list cannot be narrowed to one."""
    return [
        allow(
            "rds:DescribeDBClusters",
            "rds:DescribeDBInstances",
            "rds:DescribeDBClusterSnapshots",
            on=["*"],
            when=in_regions(scope.all_regions),
        )
    ]


def look_at_surroundings(scope: Scope) -> list[iam.PolicyStatement]:
    """Check that what a request names exists. Security groups cannot be described one by one."""
    return [
        allow(
            "rds:DescribeDBSubnetGroups",
            "rds:DescribeDBClusterParameterGroups",
            "rds:DescribeDBParameterGroups",
            "rds:DescribeOrderableDBInstanceOptions",
            "rds:DescribeAccountAttributes",
            "ec2:DescribeSecurityGroups",
            on=["*"],
            when=in_regions([scope.region]),
        ),
        allow(
            "kms:DescribeKey",
            on=[
                scope.arn("kms", "key/*", region, account)
                for account in (scope.account, *scope.source_accounts)
                for region in scope.all_regions
            ],
        ),
    ]


def copy_snapshots(scope: Scope) -> list[iam.PolicyStatement]:
    """Copy any snapshot of the source regions, into a tagged one with a name of ours."""
    target = scope.rds(f"cluster-snapshot:{TEMPORARY_SNAPSHOTS}")
    sources = [scope.arn("rds", "cluster-snapshot:*", region) for region in scope.source_regions]
    into_ours = allow(
        "rds:CopyDBClusterSnapshot", "rds:AddTagsToResource", on=target, when=TAGGED_BY_THE_CALL
    )
    sources += [
        scope.arn("rds", "cluster-snapshot:*", region, account)
        for account in scope.source_accounts
        for region in scope.all_regions
    ]
    return [into_ours, *(copy_out_of(sources, TAGGED_BY_THE_CALL) if sources else [])]


def use_source_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS copy encrypted snapshots; which keys they are under, only the snapshots know."""
    return [
        statement
        for region in scope.source_regions
        for statement in use_through_rds([scope.arn("kms", "key/*", region)], region, KEY_USE)
    ]


def use_shared_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS read what other accounts share, under keys that they let this account use."""
    if not scope.source_accounts:
        return []
    return [
        statement
        for region in scope.all_regions
        for statement in use_through_rds(
            [scope.arn("kms", "key/*", region, account) for account in scope.source_accounts],
            region,
            KEY_USE,
        )
    ]


def act_in_source_accounts(scope: Scope) -> list[iam.PolicyStatement]:
    """Take the roles that other accounts offer; what they may do there, those accounts decide."""
    return [allow("sts:AssumeRole", on=scope.source_roles)] if scope.source_roles else []


def read_with_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS restore an encrypted snapshot of the stack's region, whatever key it is under."""
    return use_through_rds([scope.arn("kms", "key/*")], scope.region, KEY_READING)


def use_restore_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS encrypt copies and restored clusters."""
    return use_through_rds(scope.restore_keys, scope.region, KEY_USE)


def delete_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Delete clusters that the deployment lets a request replace, and their instances.

    IAM sees an instance's id and tags, never its cluster. So an instance may go when its id starts
    with the cluster's, as the console and this pipeline name them, or when it carries the tag
    `aurora-restore:target-cluster` with a replaceable cluster as its value: an owner whose
    instances are named otherwise sets that tag.
    """
    clusters = scope.rds(*_under(scope.replaceable_clusters, CANDIDATES, REPLACED))
    return _delete(scope, clusters)


def remove_leftover_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Delete what earlier operations left: clusters under derived names, not under their own."""
    derived = _under(scope.replaceable_clusters, CANDIDATES, REPLACED)
    own = {f"cluster:{pattern}" for pattern in scope.replaceable_clusters}
    return _delete(scope, scope.rds(*(name for name in derived if name not in own)))


def _delete(scope: Scope, clusters: Sequence[str]) -> list[iam.PolicyStatement]:
    if not clusters:
        return []
    patterns = scope.replaceable_clusters
    instances = scope.rds(*(f"db:{pattern.removesuffix('*')}*" for pattern in patterns))
    tagged: Conditions = {"StringLike": {f"aws:ResourceTag/{TAG_TARGET_CLUSTER}": list(patterns)}}
    return [
        allow("rds:DeleteDBCluster", on=clusters),
        allow("rds:DeleteDBInstance", on=instances),
        allow("rds:DeleteDBInstance", on=scope.rds("db:*"), when=tagged),
        allow(
            "rds:CreateDBClusterSnapshot",
            "rds:AddTagsToResource",
            on=[*clusters, *scope.rds(f"cluster-snapshot:{FINAL_SNAPSHOTS}")],
        ),
    ]


def rename_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Let a replaceable cluster and its successor change places: a rename is a modification."""
    clusters = scope.rds(*_under(scope.replaceable_clusters, CANDIDATES, REPLACED))
    return [allow("rds:ModifyDBCluster", on=clusters)] if clusters else []


def restore_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Make clusters and instances that carry our tag, and change only such clusters."""
    clusters, instances = scope.rds("cluster:*"), scope.rds("db:*")
    used = scope.rds("cluster-snapshot:*", "subgrp:*", "cluster-pg:*", "pg:*", "og:*", "secgrp:*")
    shared = [
        scope.arn("rds", "cluster-snapshot:*", account=account) for account in scope.source_accounts
    ]
    restore, create = "rds:RestoreDBClusterFromSnapshot", "rds:CreateDBInstance"
    return [
        allow(restore, "rds:AddTagsToResource", on=clusters, when=TAGGED_BY_THE_CALL),
        allow(create, "rds:AddTagsToResource", on=instances, when=TAGGED_BY_THE_CALL),
        allow(create, "rds:ModifyDBCluster", on=clusters, when=TAGGED_AS_OURS),
        allow(restore, create, on=used),
        *([allow(restore, on=shared)] if shared else []),
        allow(
            "secretsmanager:CreateSecret",
            "secretsmanager:TagResource",
            on=[scope.managed_secrets],
        ),
    ]


def look_at_bucket(scope: Scope) -> list[iam.PolicyStatement]:
    """See whether the bucket for exports is there."""
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
        allow("iam:PassRole", on=[scope.export_role]),
        *use_restore_keys(scope),
    ]


def read_admin_secrets(scope: Scope) -> list[iam.PolicyStatement]:
    """Read the admin's login."""
    return _read_secrets(scope, scope.admin_secrets)


def read_users_secrets(scope: Scope) -> list[iam.PolicyStatement]:
    """Read the application user templates."""
    return _read_secrets(scope, scope.users_secrets)


def read_managed_passwords(scope: Scope) -> list[iam.PolicyStatement]:
    """Read the master passwords that RDS manages."""
    return _read_secrets(scope, [scope.managed_secrets])


def remove_temporary_snapshots(scope: Scope) -> list[iam.PolicyStatement]:
    """Delete snapshots that carry this deployment's tag as well as a name of ours."""
    return [
        allow(
            "rds:DeleteDBClusterSnapshot",
            on=scope.rds(f"cluster-snapshot:{TEMPORARY_SNAPSHOTS}"),
            when=tagged_temporary(scope.deployment),
        )
    ]


def tell_people(scope: Scope) -> list[iam.PolicyStatement]:
    """Look how an execution ended, and publish it."""
    return [
        allow("states:DescribeExecution", on=[scope.executions]),
        allow("sns:Publish", on=[scope.topic]),
        allow("kms:GenerateDataKey", "kms:Decrypt", on=[scope.topic_key]),
    ]


def _under(patterns: Sequence[str], *derived: str) -> list[str]:
    """Replaceable clusters, also under names derived from theirs; a long one is cut for that."""
    longest = 63 - len(max(CANDIDATES, REPLACED, key=len).removeprefix("*"))
    return [
        f"cluster:{name}"
        for pattern in patterns
        for name in (pattern, *(pattern.removesuffix("*")[:longest] + end for end in derived))
    ]


def _read_secrets(scope: Scope, secrets: Sequence[str]) -> list[iam.PolicyStatement]:
    """Read secrets, and decrypt them and nothing else with whatever key they are under."""
    if not secrets:
        return []
    arns = [_secret_arn(scope, secret) for secret in secrets]
    through_secrets_manager = f"secretsmanager.{scope.region}.amazonaws.com"
    return [
        allow("secretsmanager:GetSecretValue", on=arns),
        allow(
            "kms:Decrypt",
            on=[scope.arn("kms", "key/*")],
            when={
                "StringEquals": {"kms:ViaService": through_secrets_manager},
                "StringLike": {"kms:EncryptionContext:SecretARN": arns},
            },
        ),
    ]


def _secret_arn(scope: Scope, secret: str) -> str:
    """The ARN of a secret ends in six characters that its name does not tell."""
    is_name = not secret.startswith("arn:")
    return scope.arn("secretsmanager", f"secret:{secret}-??????") if is_name else secret


PERMISSIONS: Mapping[Step, tuple[Permission, ...]] = {
    Step.SNAPSHOT_CHECK: (
        look_up_earlier_restores,
        look_at_aurora,
        look_at_surroundings,
        act_in_source_accounts,
        look_at_bucket,
        read_admin_secrets,
        read_users_secrets,
    ),
    Step.COPY_SNAPSHOT: (
        look_at_aurora,
        act_in_source_accounts,
        copy_snapshots,
        use_source_keys,
        use_shared_keys,
        use_restore_keys,
    ),
    Step.CHECK_COPY_STATUS: (look_at_aurora, act_in_source_accounts),
    Step.DELETE_RDS: (look_at_aurora, rename_clusters, delete_clusters),
    Step.RESTORE_SNAPSHOT: (
        look_at_aurora,
        restore_clusters,
        read_with_keys,
        use_shared_keys,
        use_restore_keys,
        read_admin_secrets,
    ),
    Step.CHECK_RESTORE_STATUS: (look_at_aurora,),
    Step.SETUP_DB_USERS: (
        look_at_aurora,
        read_admin_secrets,
        read_users_secrets,
        read_managed_passwords,
    ),
    Step.ARCHIVE_SNAPSHOT: (
        look_at_aurora,
        act_in_source_accounts,
        export_snapshots,
        remove_temporary_snapshots,
        remove_leftover_clusters,
    ),
    Step.SNS_NOTIFICATION: (look_at_aurora, rename_clusters, release_locks, tell_people),
}


def statements(step: Step, scope: Scope) -> list[iam.PolicyStatement]:
    """Everything that a step may do, beside writing its own log and traces."""
    return [
        statement
        for permission in (use_state, *PERMISSIONS[step])
        for statement in permission(scope)
    ]
