"""Export, delete or keep the temporary snapshots, one move per call, and sweep expired ones."""

from functools import partial

from shared import clock, names
from shared.archiving import sweep
from shared.errors import ExportFailed, SnapshotNotFound
from shared.gateways.aws import Aws
from shared.names import Step
from shared.operation import progress
from shared.operation.operation import Operation
from shared.operation.progress import Phase
from shared.runtime.step import step


@step(Step.ARCHIVE_SNAPSHOT)
def handler(operation: Operation, aws: Aws) -> Operation:
    if operation.is_export_due:
        return start_export(operation, aws) if operation.export is None else look(operation, aws)
    for temporary in operation.doomed_snapshots:
        snapshots = aws.snapshots(temporary.region, temporary.account_id)
        there = snapshots.find(temporary.snapshot_id)
        if there is not None:
            progress.check_deadline(
                operation, Phase.ARCHIVE, aws.settings.deadlines, f"Deleting {there.id}"
            )
            if temporary.account_id:
                snapshots.ensure_unshared(there, aws.settings.account_id)
            snapshots.ensure_deleted(there)
            return operation.snapshot_deleting(there)
        operation = operation.snapshot_gone(temporary)
    return operation.archived(sweep.sweep(operation, aws, clock.now()))


def start_export(operation: Operation, aws: Aws) -> Operation:
    """Let RDS write the data of the snapshot that was restored into the deployment's bucket."""
    region, snapshot_id = operation.request.target_region, operation.restorable_snapshot
    snapshot = aws.snapshots(region).find(snapshot_id)
    if snapshot is None:
        raise SnapshotNotFound(
            f"Snapshot {snapshot_id} in {region} is gone, so it cannot be exported any more. "
            f"Cluster {operation.target_cluster} is restored all the same."
        )
    progress.check_deadline(
        operation, Phase.EXPORT, aws.settings.deadlines, f"Exporting {snapshot_id}"
    )
    id_of = partial(
        names.export_id, snapshot.cluster_id, operation.start_time, operation.operation_id
    )
    task = aws.exports(region).ensure_started(snapshot.arn, id_of, aws.settings.required_exports)
    return operation.exporting(task)


def look(operation: Operation, aws: Aws) -> Operation:
    """See how far the export is."""
    task_id = operation.exported.task_id
    task = aws.exports(operation.request.target_region).find(task_id)
    if task is None:
        progress.check_not_just_started(operation, f"Export {task_id}")
    if task is None or task.has_failed:
        reason = (task.failure_cause or task.status) if task else "it is gone"
        raise ExportFailed(
            f"Export {task_id} did not succeed: {reason}. The snapshot is kept, and cluster "
            f"{operation.target_cluster} is restored all the same."
        )
    if not task.is_complete:
        progress.check_deadline(
            operation, Phase.EXPORT, aws.settings.deadlines, f"Export {task_id}"
        )
    return operation.export_seen(task)
