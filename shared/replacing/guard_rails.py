"""Guard rails for deleting: checked before anything is touched, and again right before deleting."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from shared.errors import (
    InvalidRequest,
    NotOurs,
    TargetExists,
    TargetNotAllowed,
    TargetProtected,
)
from shared.gateways.aws import Aws
from shared.names import TAG_TARGET_CLUSTER
from shared.operation.parts import ReplacedCluster
from shared.request.fields import Replace
from shared.request.restore_request import RestoreRequest
from shared.resources import ENGINE, Cluster, Instance, Snapshot
from shared.settings import Settings


def check_target_is_not_source(
    request: RestoreRequest, snapshot: Snapshot, settings: Settings
) -> None:
    """Raise `InvalidRequest` when the snapshot is one of the target cluster itself."""
    if (snapshot.account_id, snapshot.region, snapshot.cluster_id) == (
        settings.account_id,
        request.target_region,
        request.target_cluster_id,
    ):
        raise InvalidRequest(
            f"target_cluster_id: the snapshot was taken of {snapshot.cluster_id} itself; "
            "choose another target."
        )


def check_replaceable(cluster: Cluster, request: RestoreRequest, settings: Settings) -> None:
    """Raise the reason why this cluster may not be deleted by this request, if there is one."""
    if request.replace is Replace.NEVER:
        raise TargetExists(
            f"Cluster {cluster.id} exists in {request.target_region} and the request does not "
            "replace it. Choose another target_cluster_id, or set replace."
        )
    check_allowed(request.target_cluster_id, settings.replaceable_clusters)
    _check_engine(cluster)
    _check_unprotected(cluster)
    # Once it is renamed away, it is only to be deleted.
    if request.replace is Replace.SWAP and cluster.id == request.target_cluster_id:
        _check_can_be_renamed(cluster)


def check_with_all_it_has(
    cluster: Cluster, instances: Sequence[Instance], request: RestoreRequest, aws: Aws
) -> None:
    """Raise the reason why a cluster may not be replaced, also where others are the reason.

    Others are its instances, and what else in RDS is tied to it.
    """
    check_replaceable(cluster, request, aws.settings)
    check_untied(cluster, aws.ties(request.target_region).of(cluster.arn))
    check_instances(cluster.id, instances, request.target_cluster_id, aws.settings)


def check_allowed(target: str, patterns: Sequence[str]) -> None:
    """Raise `TargetNotAllowed` unless one of the deployment's patterns matches the target."""
    if not any(fnmatchcase(target, pattern) for pattern in patterns):
        raise TargetNotAllowed(
            f"This deployment does not allow replacing or removing cluster {target}; its "
            f"replaceable_clusters are {', '.join(patterns) or 'none'}. Add a pattern, or choose "
            "another target."
        )


def _check_engine(cluster: Cluster) -> None:
    """Raise `TargetNotAllowed` unless it is Aurora PostgreSQL.

    The RDS API lists, renames and deletes the clusters of Neptune, DocumentDB, Aurora MySQL and
    RDS Multi-AZ, too, and their ARNs do not tell them apart: neither names nor IAM can.
    """
    if cluster.engine != ENGINE:
        raise TargetNotAllowed(
            f"Cluster {cluster.id} is of engine {cluster.engine or 'unknown'}; this pipeline "
            f"replaces and removes {ENGINE} clusters only. Choose another target."
        )


def check_instances(
    cluster_id: str, instances: Sequence[Instance], target: str, settings: Settings
) -> None:
    """Raise `TargetNotAllowed` naming every instance that the role could not delete."""
    barred = [instance.id for instance in instances if not settings.lets_go(instance)]
    if barred:
        raise TargetNotAllowed(
            f"Cluster {cluster_id} has instances that this deployment may not delete: "
            f"{', '.join(barred)}. Their ids do not start like a replaceable cluster's, and they "
            f"lack the tag {TAG_TARGET_CLUSTER}. If they may go, give them that tag, with the "
            f"value {target}; those that auto scaling made it can remove, too."
        )


def _check_unprotected(cluster: Cluster) -> None:
    if cluster.status == "stopped":
        raise TargetProtected(
            f"Cluster {cluster.id} is stopped, and RDS deletes only running clusters. Start it."
        )
    if cluster.is_protected:
        raise TargetProtected(
            f"Cluster {cluster.id} has deletion protection. If it may be replaced, remove that."
        )
    if cluster.is_limitless:
        raise TargetProtected(
            f"Cluster {cluster.id} is an Aurora Limitless Database, which RDS deletes only after "
            "its shard group. If it may be replaced, remove it yourself."
        )
    if cluster.is_replicated:
        raise TargetProtected(
            f"Cluster {cluster.id} belongs to a global cluster, or replicates to or from another. "
            "If it may be replaced, detach it first."
        )


def _check_can_be_renamed(cluster: Cluster) -> None:
    """Raise `TargetProtected` when a rename would wait for ever, or bring more than a new id.

    It is applied at once, and with it what waits for the window (older API references).
    """
    if cluster.has_failed:
        raise TargetProtected(
            f"Cluster {cluster.id} is {cluster.status}, and RDS renames only available clusters. "
            "Bring it into a working state, or use delete_first."
        )
    if cluster.becomes:
        raise TargetProtected(
            f"Cluster {cluster.id} is to be renamed to {cluster.becomes}, now or in its "
            "maintenance window. Wait until that is done, or modify it to keep its id; or use "
            "delete_first."
        )
    if cluster.is_to_be_upgraded:
        raise TargetProtected(
            f"Cluster {cluster.id} waits for its maintenance window to be upgraded. Renaming it "
            "would start the upgrade, and nobody would serve meanwhile. Upgrade it now, or modify "
            "it to the version that it has, which cancels the upgrade; or use delete_first."
        )


def check_untied(cluster: Cluster, ties: Sequence[str]) -> None:
    """Raise `TargetProtected` when something else in RDS is tied to the cluster."""
    if ties:
        raise TargetProtected(
            f"Cluster {cluster.id} cannot be renamed or deleted: it is part of {', '.join(ties)}. "
            "If it may be replaced, delete that first."
        )


def check_unfinished(cluster: Cluster, request: RestoreRequest, settings: Settings) -> None:
    """Raise the reason why a cluster may not be removed as a failed operation's leftover."""
    if not cluster.was_made_by(request.operation_id):
        raise NotOurs(
            f"Cluster {cluster.id} was not made by operation {request.operation_id}. "
            "It is left alone."
        )
    check_allowed(request.target_cluster_id, settings.replaceable_clusters)
    _check_engine(cluster)
    _check_unprotected(cluster)


def check_is_the_same(cluster: Cluster, replaced: ReplacedCluster) -> None:
    """Raise `NotOurs` when another cluster has taken the id since the request was checked."""
    if cluster.resource_id != replaced.resource_id:
        raise NotOurs(
            f"Cluster {cluster.id} is not the one that existed when this operation started: its "
            f"resource id is {cluster.resource_id}, not {replaced.resource_id}. It is left alone."
        )
