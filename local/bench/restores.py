"""Restores on the instant clock: the time they add, the history they write, what they hand on."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.aurora.model.limits import Durations
from local.aurora.model.timeline import Record
from local.bench.figures import Figure
from local.bench.intervals import covered
from local.chaos.laboratory import Laboratory
from local.chaos.scenarios import SCENARIOS
from local.clock import InstantClock
from local.rehearsal.scene import scene
from local.workflows.workflows import Execution

_REQUEST = Path("statemachine/examples/refresh_in_another_region.json")
_PHASES = {"5 min": 5, "15 min": 15, "1 h": 60, "3 h": 180, "6 h": 360}
# The looks at a phase grow more slowly than the phase, so three equal ones have the most.
_DAYS = {"12 h, 11.5 h, 30 min": (720, 690, 30), "8 h each": (480, 480, 480)}
_LARGEST_SHARE = 0.04
_MOST_EVENTS = 5_000
_LARGEST_TICKET_BYTES = 1024
_LONGEST_SECONDS = {"same_region/never": 0.25, "across_regions/never": 0.35}
_RESTORES = 12


@dataclass(frozen=True)
class Restore:
    """A simulated restore that has ended."""

    execution: Execution
    work: tuple[Record, ...]
    """What the simulated RDS did for it."""

    @property
    def added_share(self) -> float:
        """The time that the pipeline added to what RDS needed, as a share of that.

        RDS needed every moment in which it worked for this restore: copying, restoring, making
        the instance, changing the password, deleting the copy. Work side by side counts once.
        All else, from the start of the execution to its end, is ours: invocations, waiting
        longer than necessary, and setting up the users.
        """
        needed = covered((one.started, one.ended) for one in self.work)
        return (self.execution.stopped_at - self.execution.started_at - needed) / needed

    @property
    def largest_ticket(self) -> int:
        """Bytes of the largest text that a state handed to the next one."""
        handed_on = (
            event["stateExitedEventDetails"]["output"]
            for event in self.execution.history
            if "stateExitedEventDetails" in event
        )
        return max(len(text.encode()) for text in handed_on)


class RestoreDidNotSucceed(Exception):
    """A restore that was to be measured ended badly: there is nothing to measure."""


def measure_restores() -> Iterator[Figure]:
    """Restore across regions, with phases of many lengths."""
    restores = []
    for length, minutes in _PHASES.items():
        restores.append(simulated(minutes, minutes, minutes))
        share = restores[-1].added_share
        yield Figure(
            f"added time, copy, restore and instance {length} each",
            f"at most {_LARGEST_SHARE:.0%}",
            f"{share:.1%}",
            share <= _LARGEST_SHARE,
        )
    for split, minutes_each in _DAYS.items():
        restores.append(simulated(*minutes_each))
        events = len(restores[-1].execution.history)
        yield Figure(
            f"history events of a 24-hour restore: {split}",
            f"under {_MOST_EVENTS:,}",
            f"{events:,}",
            events < _MOST_EVENTS,
        )
    ticket = max(restore.largest_ticket for restore in restores)
    yield Figure(
        "largest ticket passed between states",
        f"under {_LARGEST_TICKET_BYTES:,} bytes",
        f"{ticket:,} bytes",
        ticket < _LARGEST_TICKET_BYTES,
    )
    yield from _measure_speed()


def _measure_speed() -> Iterator[Figure]:
    """Restore again and again in one cloud, as the breakage suite does."""
    with Laboratory() as laboratory:
        for name, longest in _LONGEST_SECONDS.items():
            times = [laboratory.real_seconds(SCENARIOS[name]) for _ in range(_RESTORES)]
            seconds = statistics.median(times[1:])
            yield Figure(
                f"real time of a simulated restore, copying left out: {name}",
                f"at most {longest} s",
                f"{seconds:.2f} s",
                seconds <= longest,
            )


def simulated(copy: float, restore: float, instance: float) -> Restore:
    """A restore whose phases last so many minutes each, in a cloud of its own.

    Raises `RestoreDidNotSucceed`.
    """
    durations = Durations(copy=copy * 60, restore=restore * 60, instance=instance * 60)
    with scene(InstantClock(), scale=0, durations=durations) as here:
        execution = here.cloud.run(
            here.deployment.state_machine_arn, json.loads(_REQUEST.read_text())
        )
        work = here.cloud.aurora.timeline
    check_succeeded(execution)
    return Restore(
        execution=execution,
        work=tuple(one for one in work if one.started >= execution.started_at),
    )


def check_succeeded(execution: Execution) -> None:
    """Raise `RestoreDidNotSucceed` when there is nothing to measure."""
    if execution.status != "SUCCEEDED":
        raise RestoreDidNotSucceed(f"{execution.status}: {execution.error}: {execution.cause}")
