"""How an operation ends, how it comes back, and how what it left is handed over."""

from typing import TYPE_CHECKING

from shared import clock, errors
from shared.closing import leftovers
from shared.operation.audit import EventType, Failure
from shared.operation.metrics import Metrics
from shared.operation.next_step import next_step
from shared.operation.operation import Operation
from shared.operation.parts import Notification, TemporarySnapshot
from shared.operation.status import Phase, Status
from shared.steps import Step

if TYPE_CHECKING:
    from pydantic import JsonValue


def operation_completed(operation: Operation) -> Operation:
    """Everything that was asked for is done."""
    closed = operation.model_copy(update={"status": Status.COMPLETED})
    return _closed(closed, EventType.OPERATION_COMPLETED, None)


def operation_failed(operation: Operation, name: str, message: str, attempt: int = 0) -> Operation:
    """The execution ended, and this operation with it; `attempt` counts the redrives so far."""
    failure = Failure(
        name=name,
        message=message,
        step=operation.error.step if operation.error else next_step(operation),
        occurred_at=clock.now(),
    )
    has_failed_before = operation.status is Status.FAILED
    closed = operation.model_copy(
        update={
            "status": Status.FAILED,
            "error": failure,
            "failed_as": operation.failed_as if has_failed_before else operation.status,
            "failed_attempt": attempt,
            "notification": None,
        }
    )
    return _closed(closed, EventType.OPERATION_FAILED, failure)


def operation_redriven(operation: Operation) -> Operation:
    """The execution was redriven: resume where it failed.

    What failed is made again; what was only interrupted is still waited for. A phase that was
    under way gets its full deadline again. Before a cut-over the users are set up once more: what
    was true of them, and of the secrets, may be so no longer.
    """
    error = operation.error.name if operation.error else ""
    now = clock.now()
    has_lost_copy = error == errors.CopyFailed.__name__
    has_lost_move = error == errors.RestoreFailed.__name__
    has_lost_export = error == errors.ExportFailed.__name__
    status = _resumed(operation, has_lost_move=has_lost_move)
    reopened = {Phase.RESTORE} if status is Status.RESTORE_IN_PROGRESS else set()
    return operation.after(
        EventType.OPERATION_REDRIVEN,
        {"failed_with": error, "failed_attempt": operation.failed_attempt},
        status=status,
        error=None,
        metrics=None,
        leftovers=(),
        notification=None,
        undo_barred_since=None,
        absent_since=None,
        reopened_at=now,
        hop_under_way=operation.hop_under_way and not has_lost_copy,
        move_under_way=None if has_lost_move else operation.move_under_way,
        export=None if has_lost_export else operation.export,
        waiting_since=now,
        phases={
            phase: time.resumed(now) if phase in reopened or time.ended_at is None else time
            for phase, time in operation.phases.items()
        },
    )


def _resumed(operation: Operation, *, has_lost_move: bool) -> Status:
    """The status from which a failed operation goes on.

    After a cut-over that was rolled back the candidate may have a certificate of the target's
    name, with which nobody can set up anything under its own.
    """
    before = operation.failed_as or Status.INITIATED
    is_before_cutover = before is Status.USERS_CONFIGURED and operation.swaps
    if not is_before_cutover and before is not Status.RESTORE_COMPLETED:
        return before
    return Status.RESTORE_IN_PROGRESS if has_lost_move else Status.RESTORE_COMPLETED


def abandonment_started(operation: Operation, failed: Operation) -> Operation:
    """What this failed operation left is about to be removed."""
    snapshots = failed.temporary_snapshots
    if failed.failed_in(Step.COPY_SNAPSHOT):
        snapshots += (TemporarySnapshot.of(failed.next_hop),)
    return operation.after(
        EventType.ABANDONMENT_STARTED,
        {"operation_id": failed.operation_id, "leftovers": list(failed.leftovers)},
        status=Status.SNAPSHOT_FOUND,
        temporary_snapshots=snapshots,
        abandoned_cluster=failed.unfinished_cluster,
        abandoned_aside=leftovers.renamed_aside(failed),
        waiting_since=clock.now(),
        starts=Phase.DELETE,
        ends=Phase.VALIDATION,
    )


def operation_abandoned(operation: Operation, by: str) -> Operation:
    """Another operation removes what this one left; it can never be redriven again."""
    return operation.after(EventType.OPERATION_ABANDONED, {"by": by}, abandoned_by=by, leftovers=())


def notification_sent(operation: Operation, message_id: str) -> Operation:
    """The message about the end was published."""
    return operation.after(
        EventType.NOTIFICATION_SENT,
        {"message_id": message_id},
        notification=Notification(message_id=message_id, sent_at=clock.now()),
    )


def _closed(operation: Operation, event: EventType, failure: Failure | None) -> Operation:
    left = leftovers.of(operation)
    metrics = Metrics.of(
        operation.operation_id, operation.start_time, clock.now(), operation.phases, failure
    )
    details: dict[str, JsonValue] = {
        "metrics": dict(metrics.metrics),
        "leftovers": list(left),
    }
    return operation.after(event, details, failure=failure, metrics=metrics, leftovers=left)
