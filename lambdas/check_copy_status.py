"""See how far the copy is, and share it when it is made for another account."""

from shared.copying.transitions import copy_completed, copy_status_checked
from shared.errors import CopyFailed
from shared.gateways.aws import Aws
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.parts import TemporarySnapshot
from shared.operation.status import Phase
from shared.runtime.step import step
from shared.steps import Step


@step(Step.CHECK_COPY_STATUS)
def handler(operation: Operation, aws: Aws) -> Operation:
    hop = operation.next_hop
    snapshots = aws.snapshots(hop.region, hop.account_id)
    copy, where = snapshots.find(hop.snapshot_id), TemporarySnapshot.of(hop).where
    if copy is None:
        waiting.check_not_just_started(operation, f"Snapshot copy {hop.snapshot_id}")
        raise CopyFailed(
            f"Snapshot copy {hop.snapshot_id} in {where} no longer exists: somebody deleted it "
            "while it was being made, which cancels the copy. Redrive the execution to copy "
            "it again."
        )
    if copy.has_failed:
        raise CopyFailed(
            f"Snapshot copy {hop.snapshot_id} in {where} ended with status {copy.status} at "
            f"{copy.percent or 0}%. See the RDS events of the snapshot for the reason; delete the "
            "copy, then redrive the execution to copy it again."
        )
    if not copy.is_available:
        waiting.check_deadline(operation, Phase.COPY, aws.settings.deadlines, f"Copy {copy.id}")
        return copy_status_checked(operation, copy)
    if hop.share_with:
        snapshots.ensure_shared(copy, hop.share_with)
    return copy_completed(operation, copy)
