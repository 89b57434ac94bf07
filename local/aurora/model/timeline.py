"""Work that takes simulated time: planned when it starts, done when its time has come."""

import heapq
import itertools
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from local.aurora.model.limits import Durations, Kind
from local.clock import Clock


class Subject(Protocol):
    """Something that work is done on."""

    status: str

    @property
    def identifier(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def account_id(self) -> str: ...


@dataclass(frozen=True)
class Record:
    """One piece of work that RDS did, or began and did not end well."""

    kind: Kind
    identifier: str
    region: str
    account_id: str
    started: datetime
    ended: datetime
    outcome: Literal["done", "failed", "cancelled"]


@dataclass(order=True)
class Work:
    """A piece of work that is under way."""

    due: datetime
    order: int
    kind: Kind = field(compare=False)
    subject: Subject = field(compare=False)
    identifier: str = field(compare=False)
    started: datetime = field(compare=False)
    finish: Callable[[], None] = field(compare=False)
    afterwards: Callable[[], None] | None = field(compare=False)
    failure: str | None = field(compare=False)

    def percent(self, now: datetime) -> int:
        """How far it is, from 0 to 100."""
        total = (self.due - self.started).total_seconds()
        spent = (now - self.started).total_seconds()
        return 100 if spent >= total else int(100 * spent / total)


class Timeline:
    """What is under way, and a record of what was."""

    def __init__(self, clock: Clock, durations: Durations) -> None:
        self._clock = clock
        self._durations = durations
        self._moment: datetime | None = None
        self._order = itertools.count()
        self._under_way: list[Work] = []
        self._failures: defaultdict[Kind, deque[str]] = defaultdict(deque)
        self.records: list[Record] = []
        self.watchers: list[Callable[[], None]] = []

    def notify(self) -> None:
        """Notify the watchers that something may have changed."""
        for watcher in self.watchers:
            watcher()

    def now(self) -> datetime:
        """The time; for work that is just being finished, the time at which it was due."""
        return self._moment or self._clock.now()

    def fail_next(self, kind: Kind, status: str) -> None:
        """Let the next work of this kind that starts end with its subject in `status`."""
        self._failures[kind].append(status)

    def start(
        self,
        kind: Kind,
        subject: Subject,
        finish: Callable[[], None],
        afterwards: Callable[[], None] | None = None,
        not_before: datetime | None = None,
    ) -> Work:
        """Begin work on `subject` and call `finish` when its time has come.

        It lasts as long as its kind takes, and at least until `not_before`. If it is to fail,
        the subject gets the status that was asked for and `finish` is never called; `afterwards`
        is called either way.
        """
        now = self.now()
        due = now + timedelta(seconds=self._durations.of(kind))
        failures = self._failures[kind]
        work = Work(
            due=max(due, not_before or due),
            order=next(self._order),
            kind=kind,
            subject=subject,
            identifier=subject.identifier,
            started=now,
            finish=finish,
            afterwards=afterwards,
            failure=failures.popleft() if failures else None,
        )
        heapq.heappush(self._under_way, work)
        return work

    def on(self, subject: Subject) -> list[Work]:
        """The work under way on one subject."""
        return [work for work in self._under_way if work.subject is subject]

    def cancel(self, subject: Subject) -> None:
        """Drop whatever is under way on `subject`."""
        for work in self._take_away(subject):
            self._record(work, self.now(), "cancelled")

    def finish_now(self, subject: Subject) -> None:
        """Let the work under way on `subject` end at once."""
        for work in self._take_away(subject):
            work.due = self.now()
            self._end(work)

    def abandon(self) -> None:
        """Drop everything, without a record: nobody is interested any more."""
        self._under_way.clear()

    def next_due(self) -> datetime | None:
        """When the next piece of work ends, if there is any."""
        return self._under_way[0].due if self._under_way else None

    def advance(self) -> None:
        """Finish, in order, everything that is due by now, and what that brings about."""
        now = self._clock.now()
        while self._under_way and self._under_way[0].due <= now:
            work = heapq.heappop(self._under_way)
            self._moment = work.due
            try:
                self._end(work)
            finally:
                self._moment = None

    def _take_away(self, subject: Subject) -> list[Work]:
        taken = self.on(subject)
        self._under_way = [work for work in self._under_way if work.subject is not subject]
        heapq.heapify(self._under_way)
        return taken

    def _end(self, work: Work) -> None:
        if work.failure is None:
            work.finish()
            self._record(work, work.due, "done")
        else:
            work.subject.status = work.failure
            self._record(work, work.due, "failed")
        if work.afterwards is not None:
            work.afterwards()
        self.notify()

    def _record(
        self, work: Work, ended: datetime, outcome: Literal["done", "failed", "cancelled"]
    ) -> None:
        self.records.append(
            Record(
                kind=work.kind,
                identifier=work.identifier,
                region=work.subject.region,
                account_id=work.subject.account_id,
                started=work.started,
                ended=ended,
                outcome=outcome,
            )
        )
