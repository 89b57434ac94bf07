"""Preparing a database takes as long as it takes, and a function may run for minutes only.

So the work is done in short transactions, and a call that has used its time up ends between two of
them. What it did is in the database, where the next call finds it: there is no other record, so
that nothing can disagree with it. A call that died has done the same.
"""

import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Self, TypeVar

from shared.users.lockout.event_triggers import EventTrigger, silenced
from shared.users.master.sessions import Session

AT_ONCE = 1000
"""Objects in one transaction.

PostgreSQL 18 locks every table that a GRANT names, and the locks of all transactions have to fit
into one table, of 64 per session by default.
"""

Row = TypeVar("Row")


def in_parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows, as many at a time as one transaction may name objects."""
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


class SliceOver(Exception):
    """The time of this call is used up. Everything that it did is committed."""


class Slice:
    """The time that one call may spend."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @classmethod
    def of_a_call(cls) -> Self:
        """What the function's time-out leaves for it, as the deployment has set it."""
        return cls(float(os.environ["SLICE_SECONDS"]))

    @classmethod
    def endless(cls) -> Self:
        """For work that is short, or must not be left half done."""
        return cls(math.inf)

    def check(self) -> None:
        """Raise `SliceOver` when the time is used up."""
        if time.monotonic() >= self._ends_at:
            raise SliceOver


class Transactions(NamedTuple):
    """The transactions in which one database is prepared, all in the same session."""

    session: Session
    database: str
    triggers: Sequence[EventTrigger]
    """Of the database; they are enabled again before a transaction ends."""
    slice: Slice

    @contextmanager
    def one(self) -> Iterator[Session]:
        """The block is one transaction, in which no event trigger of the database fires."""
        with silenced(self.session, self.database, self.triggers):
            yield self.session
        self.session.commit()

    @contextmanager
    def piece(self) -> Iterator[Session]:
        """A transaction with work that no later call finds still to be done.

        Raises `SliceOver` after it if the time is used up by then. No other transaction ends a
        call: one that ended before it has got further might be followed by others for ever.
        """
        with self.one() as session:
            yield session
        self.slice.check()
