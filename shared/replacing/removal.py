"""Removing a cluster, one move per call: readers first, then the writer, then the cluster."""

from datetime import datetime, timedelta

from shared import clock, names
from shared.errors import RestoreFailed
from shared.gateways.aws import Aws
from shared.gateways.rds.clusters import Aurora
from shared.names import TAG_DELETE_AFTER, TAG_FINAL_SNAPSHOT, TAG_REPLACED_BY
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.parts import RenamedAside, ReplacedCluster
from shared.operation.status import Phase
from shared.replacing import final_snapshot, guard_rails
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
        labelled = _with_final_labelled(operation, aws, operation.replaced)
        return cutover_completed(labelled) if operation.swaps else target_freed(labelled)
    guard_rails.check_is_the_same(replaced, operation.replaced)
    until = clock.now() + timedelta(hours=request.keep_replaced_hours)
    if operation.swaps and replaced.tags.get(TAG_REPLACED_BY) != operation.operation_id:
        # Whatever becomes of this operation, a later one may remove it.
        _note_expiry(aurora, replaced, operation.replaced, operation.operation_id, until)
    if operation.swaps and request.keep_replaced_hours:
        return cutover_completed(replaced_cluster_kept(operation, until))
    guard_rails.check_replaceable(replaced, request, aws.settings)
    if operation.deletes_first and Phase.DELETE not in operation.phases:
        guard_rails.check_untied(replaced, aws.ties(request.target_region).of(replaced.arn))
    waiting.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Deleting cluster {replaced.id}"
    )
    return _next_move(operation, aws, replaced, operation.replaced)


def remove_unfinished(operation: Operation, aws: Aws) -> Operation:
    """Remove the clusters that a failed operation has begun or renamed aside."""
    aurora = aws.aurora(operation.request.target_region)
    begun, aside = operation.abandoned_cluster, operation.abandoned_aside
    if aside and (old := aurora.cluster(aside.cluster_id)) and old.resource_id == aside.resource_id:
        if aside.is_proven:
            return _remove_aside(operation, aws, old, aside)
        operation = _with_told(operation, _way_back(operation, aurora, old))
    elif aside and aside.is_proven:
        operation = _with_final_labelled(operation, aws, aside)
    cluster = aurora.cluster(begun) if begun else None
    if cluster is None:
        return cutover_completed(operation)
    if not cluster.was_made_by(operation.request.operation_id):
        told = f"cluster {cluster.id}, which another has been made as meanwhile, was left alone"
        return cutover_completed(_with_told(operation, told))
    guard_rails.check_unfinished(cluster, operation.request, aws.settings)
    waiting.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Deleting cluster {cluster.id}"
    )
    return _next_move(operation, aws, cluster, None)


def _way_back(operation: Operation, aurora: Aurora, old: Cluster) -> str:
    """What people do about a cluster that was renamed aside, with no proven successor.

    A successor that has moved in already stays: it is what users of the target reach.
    """
    target, maker = operation.target_cluster, operation.request.operation_id
    told = f"cluster {old.id}, which was to be replaced, is still called so: "
    there = aurora.cluster(target)
    if there is None:
        return f"{told}rename it back to {target}"
    if not there.was_made_by(maker):
        return f"{told}another cluster is called {target} now"
    return (
        f"{told}{target} is what operation {maker} has restored, and nobody has proven it. Delete "
        f"that and rename {old.id} back to {target}; or keep it, and delete {old.id}"
    )


def _remove_aside(operation: Operation, aws: Aws, old: Cluster, aside: RenamedAside) -> Operation:
    """Do with what the failed operation has replaced, and renamed, as that would have done."""
    request, aurora = operation.request, aws.aurora(operation.request.target_region)
    _check_successor_is_there(operation, aurora)
    guard_rails.check_replaceable(old, request, aws.settings)
    waiting.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Deleting cluster {old.id}"
    )
    if request.keep_replaced_hours:
        if old.tags.get(TAG_REPLACED_BY) != request.operation_id:
            until = clock.now() + timedelta(hours=request.keep_replaced_hours)
            _note_expiry(aurora, old, aside, str(request.operation_id), until)
        return cutover_completed(operation)
    return _next_move(operation, aws, old, aside)


def _check_successor_is_there(operation: Operation, aurora: Aurora) -> None:
    """Raise `RestoreFailed` when the old cluster has become the only one after all."""
    successor = aurora.cluster(operation.target_cluster)
    is_of_another = operation.abandoned_aside is not None
    maker = operation.request.operation_id if is_of_another else operation.operation_id
    aside = names.replaced_id(operation.target_cluster, str(maker))
    if (
        successor is None
        or not successor.was_made_by(maker)
        or successor.has_failed
        or successor.is_deleting
    ):
        raise RestoreFailed(
            f"Cluster {operation.target_cluster}, which was to replace {aside}, was deleted, has "
            "failed or is another cluster. The replaced cluster is kept: if it is still called "
            f"{aside}, rename it back."
        )


def _note_expiry(
    aurora: Aurora,
    cluster: Cluster,
    replaced: ReplacedCluster,
    operation_id: str,
    until: datetime,
) -> None:
    """Write on the replaced cluster how long it stays, for the sweep of a later operation."""
    tags = {TAG_REPLACED_BY: operation_id, TAG_DELETE_AFTER: clock.iso(until)}
    if replaced.final_snapshot_id:
        tags[TAG_FINAL_SNAPSHOT] = replaced.final_snapshot_id
    aurora.tag(cluster, tags)


def _next_move(
    operation: Operation, aws: Aws, cluster: Cluster, replaced: ReplacedCluster | None
) -> Operation:
    """Make the next move toward deleting the cluster, or see that the last one is under way.

    `replaced` says what is kept of it; of a cluster that this pipeline began, nothing is.
    """
    aurora = aws.aurora(operation.request.target_region)
    writers = {member.instance_id for member in cluster.members if member.is_writer}
    standing = [instance for instance in aurora.instances(cluster.id) if not instance.is_deleting]
    readers = [instance for instance in standing if instance.id not in writers]
    if cluster.is_deleting:
        return delete_status_checked(operation, {"cluster_status": cluster.status})
    # Before the first: with a reader gone, nobody is helped by the rest.
    target = operation.target_cluster
    guard_rails.check_instances(cluster.id, standing, target, aws.settings)
    if to_delete := readers or standing:
        return _delete_instances(operation, aurora, to_delete)
    return _delete_emptied(operation, aws, cluster, replaced)


def _delete_emptied(
    operation: Operation, aws: Aws, cluster: Cluster, replaced: ReplacedCluster | None
) -> Operation:
    """Ask RDS to delete a cluster without instances, unless it was asked already."""
    final_id = replaced.final_snapshot_id if replaced else None
    region = operation.request.target_region
    if final_id and (taken := final_snapshot.progress(final_id, cluster, aws, region)):
        return delete_status_checked(_with_final_labelled(operation, aws, replaced), taken)
    asked_at = operation.deletion_asked_at
    if asked_at and clock.now() - asked_at < waiting.JUST_STARTED:
        return delete_status_checked(operation, {"cluster_status": cluster.status})
    keeps_backups = replaced is not None and aws.settings.keep_automated_backups
    aws.aurora(region).ensure_cluster_deleted(cluster, final_id, keeps_backups=keeps_backups)
    return delete_started(operation, {"cluster_id": cluster.id, "final_snapshot_id": final_id})


def _with_final_labelled(
    operation: Operation, aws: Aws, replaced: ReplacedCluster | None
) -> Operation:
    if replaced is None or replaced.final_snapshot_id is None:
        return operation
    region = operation.request.target_region
    why = final_snapshot.label(replaced.final_snapshot_id, aws, region, clock.now())
    return _with_told(operation, why) if why else operation


def _with_told(operation: Operation, what: str) -> Operation:
    """The operation with something that stays, and that people must see to."""
    others = (one for one in operation.stuck_leftovers if one != what)
    return operation.model_copy(update={"stuck_leftovers": (*others, what)})


def _delete_instances(operation: Operation, aurora: Aurora, to_delete: list[Instance]) -> Operation:
    for instance in to_delete:
        aurora.ensure_instance_deleted(instance)
    return delete_started(operation, {"instances": [instance.id for instance in to_delete]})
