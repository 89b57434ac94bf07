"""Delete or keep the temporary snapshots, one per call, and sweep those that have expired."""

from shared import clock, progress
from shared.aws import Aws
from shared.names import Step
from shared.operation import Operation
from shared.progress import Phase
from shared.request import Archive
from shared.step import step


@step(Step.ARCHIVE_SNAPSHOT)
def handler(operation: Operation, aws: Aws) -> Operation:
    if operation.request.archive is Archive.DELETE:
        for temporary in operation.temporary_snapshots:
            aurora = aws.aurora(temporary.region)
            there = aurora.snapshot(temporary.snapshot_id)
            if there is not None:
                progress.check_deadline(
                    operation, Phase.ARCHIVE, aws.settings.deadlines, f"Deleting {there.id}"
                )
                aurora.ensure_snapshot_deleted(there)
                return operation.snapshot_deleting(there)
            operation = operation.snapshot_gone(temporary)
    swept = aws.aurora(operation.request.target_region).sweep(clock.now())
    return operation.archived(swept)
