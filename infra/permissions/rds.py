"""What a step may do with clusters, instances and their snapshots.

Deleting and changing are narrowed by name pattern and by tag. Calls that list are allowed for all
resources of their kind: RDS judges a listing by `<kind>:*`.
"""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

from infra.permissions.scope import Scope
from infra.permissions.statements import (
    CANDIDATES,
    FINAL_SNAPSHOTS,
    REPLACED,
    TAGGED_AS_OURS,
    TAGGED_BY_THE_CALL,
    TEMPORARY_SNAPSHOTS,
    Conditions,
    allow,
    copy_out_of,
    in_parts,
    tagged_final,
    tagged_temporary,
)
from shared.names import TAG_TARGET_CLUSTER


def describe_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Describe clusters where they are restored."""
    return [allow("rds:DescribeDBClusters", on=scope.rds("cluster:*"))]


def describe_ties(scope: Scope) -> list[iam.PolicyStatement]:
    """List what may keep a cluster from being renamed or deleted."""
    return [
        allow("rds:DescribeBlueGreenDeployments", on=scope.rds("deployment:*")),
        allow("rds:DescribeIntegrations", on=scope.rds("integration:*")),
    ]


def describe_instances(scope: Scope) -> list[iam.PolicyStatement]:
    """Describe instances where clusters are restored."""
    return [allow("rds:DescribeDBInstances", on=scope.rds("db:*"))]


def describe_snapshots(scope: Scope) -> list[iam.PolicyStatement]:
    """Describe snapshots wherever they may come from, also those that other accounts share."""
    return [
        allow(
            "rds:DescribeDBClusterSnapshots",
            on=[
                scope.arn("rds", f"{kind}:*", region, account)
                for account in (scope.account, *scope.source_accounts)
                for region in scope.all_regions
                for kind in ("cluster", "cluster-snapshot")
            ],
        )
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
    # What crosses regions is also asked for in the source's, by a signed request with these tags.
    signed = [
        scope.arn("rds", f"cluster-snapshot:{TEMPORARY_SNAPSHOTS}", region)
        for region in scope.source_regions
    ]
    tagged_there = [allow("rds:AddTagsToResource", on=signed, when=TAGGED_BY_THE_CALL)]
    return [
        into_ours,
        *(tagged_there if signed else []),
        *(copy_out_of(sources, TAGGED_BY_THE_CALL) if sources else []),
    ]


def delete_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Delete clusters that the deployment lets a request replace, and reboot and delete instances.

    IAM sees an instance's id and tags, never its cluster. So an instance may go when its id starts
    with the cluster's, as the console and this pipeline name them, or when it carries the tag
    `aurora-restore:target-cluster` with a replaceable cluster as its value: an owner whose
    instances are named otherwise sets that tag.
    """
    clusters = scope.rds(*_under(scope.replaceable_clusters, CANDIDATES, REPLACED))
    return _delete(scope, clusters, "rds:DeleteDBInstance", "rds:RebootDBInstance")


def remove_leftover_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Delete what earlier operations left: clusters under derived names, not under their own."""
    clusters = scope.rds(*_derived(scope.replaceable_clusters, CANDIDATES, REPLACED))
    return _delete(scope, clusters, "rds:DeleteDBInstance")


def keep_replaced_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Note on a replaced cluster how long it stays."""
    clusters = scope.rds(*_derived(scope.replaceable_clusters, REPLACED))
    return [allow("rds:AddTagsToResource", on=clusters)] if clusters else []


def rename_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Let a replaceable cluster and its successor change places: a rename is a modification."""
    clusters = scope.rds(*_under(scope.replaceable_clusters, CANDIDATES, REPLACED))
    return [allow("rds:ModifyDBCluster", on=clusters)] if clusters else []


def renew_certificates(scope: Scope) -> list[iam.PolicyStatement]:
    """Stop and start a restored cluster under its new name: that renews its certificate."""
    return _restored(scope, "rds:StopDBCluster", "rds:StartDBCluster")


def start_stopped_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Start a restored cluster that has to make room: RDS renames none that has stopped."""
    return _restored(scope, "rds:StartDBCluster")


def restore_clusters(scope: Scope) -> list[iam.PolicyStatement]:
    """Make clusters and instances that carry our tag, and change only such clusters."""
    clusters, instances = scope.rds("cluster:*"), scope.rds("db:*")
    shared = [
        scope.arn("rds", "cluster-snapshot:*", account=account) for account in scope.source_accounts
    ]
    restore, create = "rds:RestoreDBClusterFromSnapshot", "rds:CreateDBInstance"
    return [
        allow(restore, "rds:AddTagsToResource", on=clusters, when=TAGGED_BY_THE_CALL),
        allow(create, "rds:AddTagsToResource", on=instances, when=TAGGED_BY_THE_CALL),
        allow(create, "rds:ModifyDBCluster", on=clusters, when=TAGGED_AS_OURS),
        allow(restore, on=[*scope.rds("cluster-snapshot:*", "cluster-pg:*"), *shared]),
        allow(create, on=scope.rds("pg:*")),
        allow(restore, create, on=scope.rds("subgrp:*", "og:*")),
        # Of an account that never had a cluster, RDS makes its own role with the first one (Aurora
        # user guide, "Using service-linked roles").
        allow(
            "iam:CreateServiceLinkedRole",
            on=[scope.service_linked_role],
            when={"StringEquals": {"iam:AWSServiceName": "rds.amazonaws.com"}},
        ),
    ]


def manage_passwords(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS keep the master password in a secret of its own.

    It looks at Secrets Manager's key for that, as `restore_snapshot` may at every key.
    """
    return [
        allow(
            "secretsmanager:CreateSecret",
            "secretsmanager:TagResource",
            on=[scope.managed_secrets],
        )
    ]


def remove_temporary_snapshots(scope: Scope) -> list[iam.PolicyStatement]:
    """Delete snapshots that carry this deployment's tag as well as a name of ours."""
    return [
        allow(
            "rds:DeleteDBClusterSnapshot",
            on=scope.rds(f"cluster-snapshot:{TEMPORARY_SNAPSHOTS}"),
            when=tagged_temporary(scope.deployment),
        )
    ]


def remove_final_snapshots(scope: Scope) -> list[iam.PolicyStatement]:
    """Delete final snapshots that this deployment has tagged as expiring."""
    if not scope.replaceable_clusters:
        return []
    return [
        allow(
            "rds:DeleteDBClusterSnapshot",
            on=scope.rds(f"cluster-snapshot:{FINAL_SNAPSHOTS}"),
            when=tagged_final(scope.deployment),
        )
    ]


def _delete(scope: Scope, clusters: Sequence[str], *on_instances: str) -> list[iam.PolicyStatement]:
    if not clusters:
        return []
    final_snapshots = scope.rds(f"cluster-snapshot:{FINAL_SNAPSHOTS}")
    return [
        # With a final snapshot the call is about that, too, and so is making it.
        allow(
            "rds:DeleteDBCluster", "rds:CreateDBClusterSnapshot", on=[*clusters, *final_snapshots]
        ),
        *_on_its_instances(scope, *on_instances),
        # Our clusters copy their tags to it, and it is noted how long it is kept.
        allow("rds:AddTagsToResource", on=final_snapshots),
    ]


def _on_its_instances(scope: Scope, *actions: str) -> list[iam.PolicyStatement]:
    """Actions on instances of replaceable clusters, known by their ids or by their tag."""
    patterns = scope.replaceable_clusters
    if not patterns:
        return []
    named = scope.rds(*(f"db:{pattern.removesuffix('*')}*" for pattern in patterns))
    return [
        allow(*actions, on=named),
        *(
            allow(*actions, on=scope.rds("db:*"), when=one)
            for one in _tagged_as_replacing(patterns)
        ),
    ]


def _restored(scope: Scope, *actions: str) -> list[iam.PolicyStatement]:
    """Actions on what this pipeline has restored in order to replace a cluster, by its tag."""
    return [
        allow(*actions, on=scope.rds("cluster:*"), when=one)
        for one in _tagged_as_replacing(scope.replaceable_clusters)
    ]


def _tagged_as_replacing(patterns: Sequence[str]) -> list[Conditions]:
    return [
        {"StringLike": {f"aws:ResourceTag/{TAG_TARGET_CLUSTER}": part}}
        for part in in_parts(patterns)
    ]


def _under(patterns: Sequence[str], *derived: str) -> list[str]:
    """Replaceable clusters, under their own names and under names derived from theirs."""
    return [*(f"cluster:{pattern}" for pattern in patterns), *_derived(patterns, *derived)]


def _derived(patterns: Sequence[str], *derived: str) -> list[str]:
    """Replaceable clusters under derived names only; a long name is cut for that."""
    longest = 63 - len(max(CANDIDATES, REPLACED, key=len).removeprefix("*"))
    return [
        f"cluster:{pattern.removesuffix('*')[:longest]}{end}"
        for pattern in patterns
        for end in derived
    ]
