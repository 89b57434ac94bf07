"""Breakage points: where a restore is broken, and how; each has a name that finds it again."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from local.calls import Call
from local.postgres.interruptions import Talk

_PREFIX = "aurora-restore-"


class Fault(StrEnum):
    """What goes wrong."""

    THROTTLED = "throttled"
    SERVER_ERROR = "5xx before"
    LOST = "lost after"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    TIMED_OUT = "timed out"
    RUN_TWICE = "run twice"
    ASLEEP = "asleep"
    TERMINAL = "terminal"
    ABORTED = "aborted"


_OF_A_CALL = tuple(
    fault for fault in Fault if fault not in (Fault.RUN_TWICE, Fault.ASLEEP, Fault.ABORTED)
)
# Two functions side by side meet where one of them writes what it has decided.
_OF_A_WRITE = (*_OF_A_CALL, Fault.RUN_TWICE)
_WRITE = "dynamodb:TransactWriteItems"
_OF_AN_INVOCATION = (Fault.THROTTLED, Fault.SERVER_ERROR, Fault.ASLEEP)
# Nothing takes effect by connecting; and who is let in wrongly is no fault of a connection.
_OF_A_CONNECTION = (
    Fault.THROTTLED,
    Fault.SERVER_ERROR,
    Fault.LOST,
    Fault.KILLED_BEFORE,
    Fault.TIMED_OUT,
)
_OF_A_STATEMENT = _OF_A_CALL[1:]

_NAME = re.compile(
    r"^(?P<scenario>\S+) · (?P<step>\S+) · (?P<what>\S+)#(?P<nth>[\d.]+) · (?P<fault>.+)$"
)


@dataclass(frozen=True)
class Point:
    """One thing that a clean restore does, and the fault that it meets."""

    scenario: str
    step: str
    """The function that does it, or the state that is entered."""
    what: str
    """`service:Action`, `postgres:connection`, `postgres:statement` or `states:Enter`."""
    nth: str
    """Which of those that this function does, from 1; of a statement, `connection.statement`."""
    fault: Fault

    @property
    def name(self) -> str:
        return f"{self.scenario} · {self.step} · {self.what}#{self.nth} · {self.fault}"

    @property
    def place(self) -> str:
        """The step that is broken; entering a state is in none."""
        return "(entering a state)" if self.fault is Fault.ABORTED else self.step

    @property
    def function(self) -> str:
        """The deployed name of the function."""
        return _PREFIX + self.step.replace("_", "-")

    @classmethod
    def named(cls, name: str) -> "Point":
        """The point with this name; raises `ValueError` when it is no name of one."""
        parts = _NAME.match(name)
        if not parts:
            raise ValueError(f"{name!r} names no breakage point")
        return cls(
            parts["scenario"], parts["step"], parts["what"], parts["nth"], Fault(parts["fault"])
        )


def points_of(
    scenario: str, calls: Iterable[Call], talks: Iterable[Talk], states: Iterable[str]
) -> Iterator[Point]:
    """Every breakage point of a clean restore, given what it did."""
    numbers: Counter[tuple[str, str]] = Counter()
    for call in calls:
        what = f"{call.service}:{call.action}"
        if call.function is None and what != "lambda:Invoke":
            continue
        name = call.function or str(call.parameters["FunctionName"]).rsplit(":", 1)[-1]
        step = name.removeprefix(_PREFIX).replace("-", "_")
        # Invocations are distinguished by their order only, whichever function they are of.
        doer = call.function or ""
        numbers[doer, what] += 1
        of_function = _OF_A_WRITE if what == _WRITE else _OF_A_CALL
        for fault in of_function if call.function else _OF_AN_INVOCATION:
            yield Point(scenario, step, what, str(numbers[doer, what]), fault)
    yield from _points_of_talks(scenario, talks)
    for state in states:
        numbers[state, "states:Enter"] += 1
        nth = str(numbers[state, "states:Enter"])
        yield Point(scenario, state, "states:Enter", nth, Fault.ABORTED)


def _points_of_talks(scenario: str, talks: Iterable[Talk]) -> Iterator[Point]:
    step = "setup_db_users"
    for connection, talk in enumerate(talks, 1):
        for fault in _OF_A_CONNECTION:
            yield Point(scenario, step, "postgres:connection", str(connection), fault)
        for statement in range(1, talk.statements + 1):
            for fault in _OF_A_STATEMENT:
                nth = f"{connection}.{statement}"
                yield Point(scenario, step, "postgres:statement", nth, fault)
