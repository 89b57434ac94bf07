"""Free the target id, one move per call: readers first, then the writer, then the cluster."""

from shared import guard, progress
from shared.aurora import Aurora
from shared.aws import Aws
from shared.facts import Cluster, Instance
from shared.names import Step
from shared.operation import Operation
from shared.progress import Phase
from shared.state import ReplacedCluster
from shared.step import step


@step(Step.DELETE_RDS)
def handler(operation: Operation, aws: Aws) -> Operation:
    request, replaced = operation.request, operation.replaced_cluster
    aurora = aws.aurora(request.target_region)
    there = aurora.cluster(request.target_cluster_id)
    if there is None or replaced is None:
        return operation.target_freed()
    guard.check_is_the_same(there, replaced)
    guard.check_replaceable(there, request, aws.settings)
    progress.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Deleting cluster {there.id}"
    )
    return move(operation, aurora, there, replaced)


def move(
    operation: Operation, aurora: Aurora, cluster: Cluster, replaced: ReplacedCluster
) -> Operation:
    """Make the next move toward deleting the cluster, or see that the last one is under way."""
    writers = {member.instance_id for member in cluster.members if member.is_writer}
    standing = [one for one in aurora.instances(cluster.id) if not one.is_deleting]
    readers = [one for one in standing if one.id not in writers]
    if cluster.is_deleting:
        return operation.delete_seen({"cluster_status": cluster.status})
    if doomed := readers or standing:
        return delete_instances(operation, aurora, doomed)
    aurora.ensure_cluster_deleted(cluster, replaced.final_snapshot_id)
    return operation.deleting(
        {"cluster_id": cluster.id, "final_snapshot_id": replaced.final_snapshot_id}
    )


def delete_instances(operation: Operation, aurora: Aurora, doomed: list[Instance]) -> Operation:
    """Start deleting these instances."""
    for instance in doomed:
        aurora.ensure_instance_deleted(instance)
    return operation.deleting({"instances": [instance.id for instance in doomed]})
