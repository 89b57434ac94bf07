"""Where an operation is, what runs next, how long to wait for it, and when to give up.

    INITIATED ─ SNAPSHOT_FOUND ─┬─ COPY_IN_PROGRESS ⟲ ─ COPY_COMPLETED ─┐
                   (plan_only)  ├───────── (no copy needed) ────────────┤
             COMPLETED ─────────┘                                       │
                     CUTOVER_IN_PROGRESS ⟲ ─ CUTOVER_COMPLETED  (delete_first)
                                                                        │
    RESTORE_IN_PROGRESS ⟲ ─ RESTORE_COMPLETED ─ USERS_CONFIGURED ───────┤
                     CUTOVER_IN_PROGRESS ⟲ ─ CUTOVER_COMPLETED  (swap)
                                                                        │
                                                 SNAPSHOT_ARCHIVED ─ COMPLETED

FAILED can follow every one of them but COMPLETED; redrive leads back to where it came from.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from shared import clock, errors
from shared.names import Step

if TYPE_CHECKING:
    from shared.operation.state import OperationState
    from shared.settings import PhaseDeadlines


class Status(StrEnum):
    """Where an operation is."""

    INITIATED = "INITIATED"
    SNAPSHOT_FOUND = "SNAPSHOT_FOUND"
    COPY_IN_PROGRESS = "COPY_IN_PROGRESS"
    COPY_COMPLETED = "COPY_COMPLETED"
    CUTOVER_IN_PROGRESS = "CUTOVER_IN_PROGRESS"
    CUTOVER_COMPLETED = "CUTOVER_COMPLETED"
    RESTORE_IN_PROGRESS = "RESTORE_IN_PROGRESS"
    RESTORE_COMPLETED = "RESTORE_COMPLETED"
    USERS_CONFIGURED = "USERS_CONFIGURED"
    SNAPSHOT_ARCHIVED = "SNAPSHOT_ARCHIVED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class Phase(StrEnum):
    """A stretch of an operation that has a duration and, mostly, a deadline."""

    VALIDATION = "snapshot_validation"
    COPY = "snapshot_copy"
    DELETE = "delete"
    RESTORE = "restore"
    USERS = "users_setup"
    EXPORT = "export"
    ARCHIVE = "archive"


def next_step(operation: "OperationState") -> Step | None:
    """The step that the state machine runs next; `None` when the operation is over."""
    match operation.status:
        case Status.INITIATED:
            return Step.SNAPSHOT_CHECK
        case Status.SNAPSHOT_FOUND if operation.abandons:
            return Step.DELETE_RDS
        case Status.SNAPSHOT_FOUND if operation.plans_only:
            return Step.SNS_NOTIFICATION
        case Status.SNAPSHOT_FOUND if operation.is_copy_needed:
            return Step.COPY_SNAPSHOT
        case Status.COPY_IN_PROGRESS:
            return Step.CHECK_COPY_STATUS if operation.hop_under_way else Step.COPY_SNAPSHOT
        case Status.SNAPSHOT_FOUND | Status.COPY_COMPLETED:
            return Step.DELETE_RDS if operation.deletes_first else Step.RESTORE_SNAPSHOT
        case Status.CUTOVER_IN_PROGRESS:
            return Step.SETUP_DB_USERS if operation.is_proof_due else Step.DELETE_RDS
        case Status.CUTOVER_COMPLETED:
            is_last = operation.swaps or operation.abandons
            return Step.ARCHIVE_SNAPSHOT if is_last else Step.RESTORE_SNAPSHOT
        case Status.RESTORE_IN_PROGRESS:
            return Step.CHECK_RESTORE_STATUS if operation.move_under_way else Step.RESTORE_SNAPSHOT
        case Status.RESTORE_COMPLETED:
            return Step.SETUP_DB_USERS
        case Status.USERS_CONFIGURED:
            return Step.DELETE_RDS if operation.swaps else Step.ARCHIVE_SNAPSHOT
        case Status.SNAPSHOT_ARCHIVED:
            return Step.SNS_NOTIFICATION
        case Status.COMPLETED | Status.FAILED:
            return None if operation.notification else Step.SNS_NOTIFICATION
        case unknown:
            assert_never(unknown)


SHORTEST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=10)
WAIT_SHARE = 0.04


def wait_seconds(now: datetime, waiting_since: datetime) -> int:
    """Seconds until the next look at something that has been under way since `waiting_since`.

    4 % of the time already spent: what the wait adds stays in proportion at every size, and a
    day-long restore stays far below Step Functions' 25,000 history events.
    """
    share = (now - waiting_since) * WAIT_SHARE
    return round(min(max(share, SHORTEST_WAIT), LONGEST_WAIT).total_seconds())


JUST_STARTED = timedelta(minutes=2)


def check_not_just_started(operation: "OperationState", what: str) -> None:
    """Raise `ResourceBusy` while what was started may be invisible: AWS's lists lag behind."""
    if clock.now() - operation.waiting_since < JUST_STARTED:
        raise errors.ResourceBusy(f"{what} cannot be seen yet.")


@contextmanager
def waiting_for_the_source(operation: "OperationState") -> Iterator[None]:
    """Raise `ResourceBusy` for `SnapshotNotFound` while what was just shared may be invisible."""
    try:
        yield
    except errors.SnapshotNotFound:
        check_not_just_started(operation, "The snapshot to copy or restore from")
        raise


def check_deadline(
    operation: "OperationState", phase: Phase, deadlines: "PhaseDeadlines", what: str
) -> None:
    """Raise the phase's own error when it has lasted longer than its deadline.

    `what` is being waited for, and starts the message.
    """
    hours, error = {
        Phase.COPY: (deadlines.copy_hours, errors.CopyTimedOut),
        Phase.DELETE: (deadlines.delete_hours, errors.DeleteTimedOut),
        Phase.RESTORE: (deadlines.restore_hours, errors.RestoreTimedOut),
        Phase.EXPORT: (deadlines.export_hours, errors.ExportTimedOut),
        Phase.ARCHIVE: (deadlines.archive_hours, errors.ArchiveTimedOut),
    }[phase]
    time = operation.phases.get(phase)
    if time and clock.now() - time.counted_from > timedelta(hours=hours):
        raise error(
            f"{what} is not finished after {hours:g} hours, the deadline of this phase. "
            "Look at it in the RDS console. If it is only slow, redrive the execution: it gets "
            "the whole time again."
        )
