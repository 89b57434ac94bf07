"""Free the target id (`delete_first`), or cut over and remove the old cluster (`swap`).

One move per call. Deleting goes readers first, then the writer, then the cluster.
"""

from datetime import timedelta

from shared import clock
from shared.errors import RestoreFailed
from shared.gateways.aws import Aws
from shared.gateways.rds.clusters import Aurora
from shared.names import (
    TAG_DELETE_AFTER,
    TAG_FINAL_SNAPSHOT,
    TAG_REPLACED_BY,
    Step,
)
from shared.operation import progress
from shared.operation.operation import Operation
from shared.operation.parts import Cutover
from shared.operation.progress import Phase
from shared.replacing import cutover, guard_rails
from shared.resources import Cluster, Instance
from shared.runtime.step import step


@step(Step.DELETE_RDS)
def handler(operation: Operation, aws: Aws) -> Operation:
    if operation.abandons:
        return remove_unfinished(operation, aws)
    if operation.swaps and operation.cutover is not Cutover.PROVEN:
        return cutover.advance(operation, aws)
    request = operation.request
    aurora = aws.aurora(request.target_region)
    there = aurora.cluster(operation.aside_id if operation.swaps else operation.target_cluster)
    if operation.swaps:
        check_successor_is_there(operation, aurora)
    if there is None:
        return operation.cutover_completed() if operation.swaps else operation.target_freed()
    guard_rails.check_is_the_same(there, operation.replaced)
    guard_rails.check_replaceable(there, request, aws.settings)
    progress.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Deleting cluster {there.id}"
    )
    if operation.swaps and request.keep_replaced_hours:
        return keep(operation, aurora, there)
    return move(operation, aurora, there, operation.replaced.final_snapshot_id)


def remove_unfinished(operation: Operation, aws: Aws) -> Operation:
    """Remove the cluster that a failed operation has begun and nobody can be using."""
    aurora = aws.aurora(operation.request.target_region)
    begun = operation.abandoned_cluster
    there = aurora.cluster(begun) if begun else None
    if there is None:
        return operation.cutover_completed()
    guard_rails.check_unfinished(there, operation.request, aws.settings)
    progress.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Deleting cluster {there.id}"
    )
    return move(operation, aurora, there, final_snapshot=None)


def check_successor_is_there(operation: Operation, aurora: Aurora) -> None:
    """Raise `RestoreFailed` when the old cluster has become the only one after all."""
    successor = aurora.cluster(operation.target_cluster)
    if (
        successor is None
        or not successor.was_made_by(operation.operation_id)
        or successor.has_failed
        or successor.is_deleting
    ):
        raise RestoreFailed(
            f"Cluster {operation.target_cluster}, which was to replace {operation.aside_id}, is "
            "gone, has failed or is another one. The replaced cluster stays; rename it back if it "
            "is still called so."
        )


def keep(operation: Operation, aurora: Aurora, cluster: Cluster) -> Operation:
    """Leave the replaced cluster to a later operation, with its expiry written on it."""
    until = clock.now() + timedelta(hours=operation.request.keep_replaced_hours)
    tags = {TAG_REPLACED_BY: operation.operation_id, TAG_DELETE_AFTER: clock.iso(until)}
    if final_snapshot := operation.replaced.final_snapshot_id:
        tags[TAG_FINAL_SNAPSHOT] = final_snapshot
    aurora.tag(cluster, tags)
    return operation.replaced_kept(until).cutover_completed()


def move(
    operation: Operation, aurora: Aurora, cluster: Cluster, final_snapshot: str | None
) -> Operation:
    """Make the next move toward deleting the cluster, or see that the last one is under way."""
    writers = {member.instance_id for member in cluster.members if member.is_writer}
    standing = [one for one in aurora.instances(cluster.id) if not one.is_deleting]
    readers = [one for one in standing if one.id not in writers]
    if cluster.is_deleting:
        return operation.delete_seen({"cluster_status": cluster.status})
    if doomed := readers or standing:
        return delete_instances(operation, aurora, doomed)
    aurora.ensure_cluster_deleted(cluster, final_snapshot)
    return operation.deleting({"cluster_id": cluster.id, "final_snapshot_id": final_snapshot})


def delete_instances(operation: Operation, aurora: Aurora, doomed: list[Instance]) -> Operation:
    """Start deleting these instances."""
    for instance in doomed:
        aurora.ensure_instance_deleted(instance)
    return operation.deleting({"instances": [instance.id for instance in doomed]})
