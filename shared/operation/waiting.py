"""How long to wait for what is under way, and when it has lasted too long."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared import clock, errors
from shared.operation.operation import Operation
from shared.operation.status import Phase

if TYPE_CHECKING:
    from shared.settings import PhaseDeadlines


SHORTEST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=10)
WAIT_SHARE = 0.04


def wait_seconds(now: datetime, waiting_since: datetime) -> int:
    """Seconds until the next check of something that has been under way since `waiting_since`.

    4 % of the time already spent: what the wait adds stays in proportion at every size, and a
    day-long restore stays far below Step Functions' 25,000 history events.
    """
    share = (now - waiting_since) * WAIT_SHARE
    return round(min(max(share, SHORTEST_WAIT), LONGEST_WAIT).total_seconds())


JUST_STARTED = timedelta(minutes=2)
# While a cluster is renamed there may be a time in which it is found under neither id. Its new
# DNS name takes about two minutes (RDS user guide, *Renaming a Multi-AZ DB cluster*).
LONGEST_ABSENCE = timedelta(minutes=5)


# A function of an execution that has ended runs until it returns: for a minute at most, but for
# `setup_db_users`, which makes nothing in RDS.
_LAST_CALLS = timedelta(minutes=2)


def may_still_run(ended_at: datetime) -> bool:
    """Whether functions of an execution that ended then may still be changing something."""
    return clock.now() - ended_at < _LAST_CALLS


def check_not_just_started(operation: Operation, what: str) -> None:
    """Raise `ResourceBusy` while what was started may be invisible: AWS's lists lag behind."""
    if clock.now() - operation.waiting_since < JUST_STARTED:
        raise errors.ResourceBusy(f"{what} is not visible yet.")


@contextmanager
def for_the_source(operation: Operation) -> Iterator[None]:
    """Raise `ResourceBusy` for `SnapshotNotFound` while what was just shared may be invisible."""
    try:
        yield
    except errors.SnapshotNotFound:
        check_not_just_started(operation, "The snapshot to copy or restore from")
        raise


def check_deadline(
    operation: Operation, phase: Phase, deadlines: "PhaseDeadlines", what: str
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
            "Check it in the RDS console. If it is only slow, redrive the execution: the deadline "
            "then starts anew."
        )
