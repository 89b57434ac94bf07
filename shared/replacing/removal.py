"""Removing a cluster, one move per call: readers first, then the writer, then the cluster."""

from datetime import timedelta

from shared import clock
from shared.errors import RestoreFailed
from shared.gateways.aws import Aws
from shared.gateways.rds.clusters import Aurora
from shared.names import TAG_DELETE_AFTER, TAG_FINAL_SNAPSHOT, TAG_REPLACED_BY
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.status import Phase
from shared.replacing import guard_rails
from shared.replacing.transitions import (
    cutover_completed,
    delete_started,
    delete_status_checked,
    replaced_cluster_kept,
    target_freed,
)
from shared.resources import Cluster, Instance


def remove_replaced(operation: Operation, aws: Aws) -> Operation:
    """Remove the cluster that had the target id before, or keep it for the time asked for."""
    request = operation.request
    aurora = aws.aurora(request.target_region)
    replaced = aurora.cluster(operation.renamed_id if operation.swaps else operation.target_cluster)
    if operation.swaps:
        _check_successor_is_there(operation, aurora)
    if replaced is None:
        return cutover_completed(operation) if operation.swaps else target_freed(operation)
    guard_rails.check_is_the_same(replaced, operation.replaced)
    guard_rails.check_replaceable(replaced, request, aws.settings)
    waiting.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Deleting cluster {replaced.id}"
    )
    if operation.swaps and request.keep_replaced_hours:
        return _keep(operation, aurora, replaced)
    return _next_move(operation, aurora, replaced, operation.replaced.final_snapshot_id)


def remove_unfinished(operation: Operation, aws: Aws) -> Operation:
    """Remove the cluster that a failed operation has begun and nobody can be using."""
    aurora = aws.aurora(operation.request.target_region)
    begun = operation.abandoned_cluster
    cluster = aurora.cluster(begun) if begun else None
    if cluster is None:
        return cutover_completed(operation)
    guard_rails.check_unfinished(cluster, operation.request, aws.settings)
    waiting.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Deleting cluster {cluster.id}"
    )
    return _next_move(operation, aurora, cluster, final_snapshot=None)


def _check_successor_is_there(operation: Operation, aurora: Aurora) -> None:
    """Raise `RestoreFailed` when the old cluster has become the only one after all."""
    successor = aurora.cluster(operation.target_cluster)
    if (
        successor is None
        or not successor.was_made_by(operation.operation_id)
        or successor.has_failed
        or successor.is_deleting
    ):
        raise RestoreFailed(
            f"Cluster {operation.target_cluster}, which was to replace {operation.renamed_id}, was "
            "deleted, has failed or is another cluster. The replaced cluster is kept: if it is "
            f"still called {operation.renamed_id}, rename it back."
        )


def _keep(operation: Operation, aurora: Aurora, cluster: Cluster) -> Operation:
    """Leave the replaced cluster to a later operation, with its expiry written on it."""
    until = clock.now() + timedelta(hours=operation.request.keep_replaced_hours)
    tags = {TAG_REPLACED_BY: operation.operation_id, TAG_DELETE_AFTER: clock.iso(until)}
    if final_snapshot := operation.replaced.final_snapshot_id:
        tags[TAG_FINAL_SNAPSHOT] = final_snapshot
    aurora.tag(cluster, tags)
    return cutover_completed(replaced_cluster_kept(operation, until))


def _next_move(
    operation: Operation, aurora: Aurora, cluster: Cluster, final_snapshot: str | None
) -> Operation:
    """Make the next move toward deleting the cluster, or see that the last one is under way."""
    writers = {member.instance_id for member in cluster.members if member.is_writer}
    standing = [instance for instance in aurora.instances(cluster.id) if not instance.is_deleting]
    readers = [instance for instance in standing if instance.id not in writers]
    if cluster.is_deleting:
        return delete_status_checked(operation, {"cluster_status": cluster.status})
    if to_delete := readers or standing:
        return _delete_instances(operation, aurora, to_delete)
    aurora.ensure_cluster_deleted(cluster, final_snapshot)
    return delete_started(
        operation, {"cluster_id": cluster.id, "final_snapshot_id": final_snapshot}
    )


def _delete_instances(operation: Operation, aurora: Aurora, to_delete: list[Instance]) -> Operation:
    for instance in to_delete:
        aurora.ensure_instance_deleted(instance)
    return delete_started(operation, {"instances": [instance.id for instance in to_delete]})
