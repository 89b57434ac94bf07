"""Export, delete or keep the temporary snapshots, one move per call, and sweep expired ones."""

from functools import partial

from shared import clock, names
from shared.archiving import sweep
from shared.archiving.transitions import (
    export_completed,
    export_started,
    export_status_checked,
    snapshot_delete_started,
    snapshot_delete_status_checked,
    snapshot_deleted,
    snapshots_archived,
)
from shared.errors import ExportFailed, SnapshotNotFound
from shared.gateways.aws import Aws
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.status import Phase
from shared.runtime.step import step
from shared.steps import Step


@step(Step.ARCHIVE_SNAPSHOT)
def handler(operation: Operation, aws: Aws) -> Operation:
    if operation.is_export_due:
        is_new = operation.export is None
        return start_export(operation, aws) if is_new else check_export(operation, aws)
    for temporary in operation.snapshots_to_delete:
        snapshots = aws.snapshots(temporary.region, temporary.account_id)
        copy = snapshots.find(temporary.snapshot_id)
        if copy is not None:
            waiting.check_deadline(
                operation, Phase.ARCHIVE, aws.settings.deadlines, f"Deleting {copy.id}"
            )
            if temporary.account_id:
                snapshots.ensure_unshared(copy, aws.settings.account_id)
            snapshots.ensure_deleted(copy)
            if copy.is_deleting:
                return snapshot_delete_status_checked(operation, copy)
            return snapshot_delete_started(operation, copy)
        operation = snapshot_deleted(operation, temporary)
    return snapshots_archived(operation, *sweep.sweep(operation, aws, clock.now()))


def start_export(operation: Operation, aws: Aws) -> Operation:
    """Let RDS write the data of the snapshot that was restored into the deployment's bucket."""
    region, snapshot_id = operation.request.target_region, operation.restorable_snapshot
    snapshot = aws.snapshots(region).find(snapshot_id)
    if snapshot is None:
        raise SnapshotNotFound(
            f"Snapshot {snapshot_id} in {region} no longer exists, so it cannot be exported. "
            f"Cluster {operation.target_cluster} has been restored nonetheless."
        )
    waiting.check_deadline(
        operation, Phase.EXPORT, aws.settings.deadlines, f"Exporting {snapshot_id}"
    )
    id_of = partial(
        names.export_id, snapshot.cluster_id, operation.start_time, operation.operation_id
    )
    task = aws.exports(region).ensure_started(snapshot.arn, id_of, aws.settings.required_exports)
    return export_started(operation, task)


def check_export(operation: Operation, aws: Aws) -> Operation:
    """See how far the export is."""
    task_id = operation.exported.task_id
    task = aws.exports(operation.request.target_region).find(task_id)
    if task is None:
        waiting.check_not_just_started(operation, f"Export {task_id}")
    if task is None or task.has_failed:
        reason = (task.failure_cause or task.status) if task else "it no longer exists"
        reason = reason.removesuffix(".")
        raise ExportFailed(
            f"Export {task_id} did not succeed: {reason}. The snapshot is kept, and cluster "
            f"{operation.target_cluster} has been restored nonetheless."
        )
    if task.is_complete:
        return export_completed(operation, task)
    waiting.check_deadline(operation, Phase.EXPORT, aws.settings.deadlines, f"Export {task_id}")
    return export_status_checked(operation, task)
