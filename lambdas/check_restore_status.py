"""See how far cluster and instances are, and where they can be reached."""

from shared.errors import RestoreFailed
from shared.gateways.aws import Aws
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.parts import Move
from shared.operation.status import Phase
from shared.resources import Cluster, Instance
from shared.restoring.transitions import restore_completed, restore_status_checked
from shared.runtime.step import step
from shared.steps import Step


@step(Step.CHECK_RESTORE_STATUS)
def handler(operation: Operation, aws: Aws) -> Operation:
    request = operation.request
    aurora = aws.aurora(request.target_region)
    cluster = aurora.cluster(operation.restored_id)
    if cluster is None:
        waiting.check_not_just_started(operation, f"Cluster {operation.restored_id}")
        raise RestoreFailed(
            f"Cluster {operation.restored_id} in {request.target_region} no longer exists: "
            "somebody deleted it while it was being restored. Redrive the execution to "
            "restore it again."
        )
    instances = aurora.instances(cluster.id)
    check_not_failed(cluster, instances)
    check_version(operation, cluster)
    is_finished = cluster.is_stable and all(instance.is_available for instance in instances)
    if not is_finished:
        waiting.check_deadline(
            operation, Phase.RESTORE, aws.settings.deadlines, f"Restoring cluster {cluster.id}"
        )
    is_complete = set(operation.instance_ids) <= {instance.id for instance in instances}
    if is_finished and is_complete and operation.move_under_way is Move.MASTER_PASSWORD:
        return restore_completed(operation, cluster, instances)
    return restore_status_checked(operation, cluster, instances, is_finished=is_finished)


def check_not_failed(cluster: Cluster, instances: tuple[Instance, ...]) -> None:
    """Raise `RestoreFailed` naming everything that is in a status it cannot leave."""
    failed = [f"cluster {cluster.id} is {cluster.status}"] if cluster.has_failed else []
    failed += [
        f"instance {instance.id} is {instance.status}"
        for instance in instances
        if instance.has_failed
    ]
    cluster.check_not_stopped()
    if failed:
        raise RestoreFailed(
            f"The restore cannot continue: {', '.join(failed)}. See the RDS events for the reason, "
            "delete what has failed, then redrive the execution to create it again."
        )


def check_version(operation: Operation, cluster: Cluster) -> None:
    """Raise `RestoreFailed` when RDS has made a cluster of another major than the snapshot's.

    A later minor version is none: maintenance may bring it while a long restore is going on.
    """
    planned = operation.snapshot.engine_version
    if cluster.major_version not in ("", planned.split(".")[0]):
        raise RestoreFailed(
            f"Cluster {cluster.id} is of {cluster.engine} {cluster.engine_version}, and the "
            f"snapshot of {planned}: RDS has upgraded its major version, as it does after the end "
            "of standard support. Nobody was let in. Delete the cluster; then start a new restore "
            "with extended_support true, or of a snapshot taken after an upgrade of the source."
        )
