"""Delete or keep the temporary snapshots, one per call, and sweep those that have expired."""

from shared import clock
from shared.aws import Aws
from shared.names import Step
from shared.operation import Operation
from shared.request import Archive
from shared.step import step


@step(Step.ARCHIVE_SNAPSHOT)
def handler(operation: Operation, aws: Aws) -> Operation:
    if operation.request.archive is Archive.DELETE:
        for temporary in operation.temporary_snapshots:
            aurora = aws.aurora(temporary.region)
            there = aurora.snapshot(temporary.snapshot_id)
            if there is not None:
                aurora.ensure_snapshot_deleted(there)
                return operation.snapshot_deleting(there)
            operation = operation.snapshot_gone(temporary)
    return operation.archived(sweep(operation, aws))


def sweep(operation: Operation, aws: Aws) -> tuple[str, ...]:
    """Delete the pipeline's own snapshots in the target region whose time to be kept has passed."""
    aurora = aws.aurora(operation.request.target_region)
    expired = [one for one in aurora.manual_snapshots() if one.has_expired(clock.now())]
    for snapshot in expired:
        aurora.ensure_snapshot_deleted(snapshot)
    return tuple(snapshot.id for snapshot in expired)
