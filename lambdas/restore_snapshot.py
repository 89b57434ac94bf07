"""Bring the cluster one move nearer to what was asked: cluster, instances, master password."""

from shared.errors import ResourceBusy, RestoreFailed
from shared.gateways.aws import Aws
from shared.gateways.rds.clusters import Aurora
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.resources import Cluster, Instance
from shared.restoring.transitions import (
    instances_started,
    master_password_started,
    restore_started,
)
from shared.runtime.step import step
from shared.steps import Step


@step(Step.RESTORE_SNAPSHOT)
def handler(operation: Operation, aws: Aws) -> Operation:
    aurora = aws.aurora(operation.request.target_region)
    is_new = operation.restore_details is None or aurora.cluster(operation.restored_id) is None
    with waiting.for_the_source(operation):
        cluster = aurora.ensure_restored(
            operation.restored_id, operation.request, operation.restorable_snapshot, operation.tags
        )
    if is_new:
        return restore_started(operation, cluster)
    cluster.check_not_stopped()
    if cluster.has_failed:
        raise RestoreFailed(
            f"Cluster {cluster.id} is {cluster.status} and cannot leave that status. Delete it, "
            "then redrive the execution: it will be restored again."
        )
    if not cluster.is_stable:
        raise ResourceBusy(f"Cluster {cluster.id} is {cluster.status}; the next move waits for it.")
    present = aurora.instances(cluster.id)
    if not set(operation.instance_ids) <= {instance.id for instance in present}:
        return create_instances(operation, aurora, cluster)
    return change_master_password(operation, aws, cluster, present)


def create_instances(operation: Operation, aurora: Aurora, cluster: Cluster) -> Operation:
    """Start creating the writer and the readers that are not there yet."""
    instances = [
        aurora.ensure_instance(instance_id, cluster, operation.request, operation.tags)
        for instance_id in operation.instance_ids
    ]
    return instances_started(operation, cluster, instances)


def change_master_password(
    operation: Operation, aws: Aws, cluster: Cluster, instances: tuple[Instance, ...]
) -> Operation:
    """Replace the master user's password, which is inherited from the snapshot."""
    request = operation.request
    aurora = aws.aurora(request.target_region)
    admin, secret_version = aws.secrets.admin(request.admin_secret_id)
    if admin.password is None:
        cluster = aurora.ensure_managed_password(cluster)
    else:
        cluster = aurora.set_master_password(cluster, admin.password.get_secret_value())
    return master_password_started(operation, cluster, instances, secret_version)
