"""Where an operation is.

    INITIATED ─ SNAPSHOT_FOUND ─┬─ COPY_IN_PROGRESS ⟲ ─ COPY_COMPLETED ─┐
                   (plan_only)  ├───────── (no copy needed) ────────────┤
             COMPLETED ─────────┘                                       │
                     CUTOVER_IN_PROGRESS ⟲ ─ CUTOVER_COMPLETED  (delete_first)
                                                                        │
    RESTORE_IN_PROGRESS ⟲ ─ RESTORE_COMPLETED ─ USERS_CONFIGURED ───────┤
                     CUTOVER_IN_PROGRESS ⟲ ─ CUTOVER_COMPLETED  (swap)
                                                                        │
                                                 SNAPSHOT_ARCHIVED ─ COMPLETED

An abandonment removes what a failed operation left:

    INITIATED ─ SNAPSHOT_FOUND ─ CUTOVER_IN_PROGRESS ⟲ ─ CUTOVER_COMPLETED ─ SNAPSHOT_ARCHIVED
                                                                        COMPLETED ─────┘

FAILED can follow every one of them but COMPLETED; redrive leads back to where it came from.
"""

from enum import StrEnum
from typing import Self

from shared.model import Model, Moment


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


class PhaseTime(Model):
    """When a phase started, and when it ended."""

    started_at: Moment
    resumed_at: Moment | None = None
    ended_at: Moment | None = None

    def resumed(self, now: Moment) -> Self:
        """The same phase, going on from now with all its time."""
        return self.model_copy(update={"resumed_at": now, "ended_at": None})

    @property
    def counted_from(self) -> Moment:
        """Where its deadline counts from: a redrive gives it all the time again."""
        return self.resumed_at or self.started_at
