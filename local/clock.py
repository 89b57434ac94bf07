"""Simulated time for the local cloud: real, scaled, or instant.

Everything in the local cloud that takes time asks this clock. On a scaled clock a simulated
second lasts 1/speed real seconds. On the instant clock nobody really waits: when every
participant (a running execution, an event being delivered) is asleep, time jumps to the first
one that wants to wake up. So a 24-hour restore takes seconds, and many executions at once still
see one consistent order of time.
"""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Sleeper(Protocol):
    """Somebody that can wait on the clock."""

    def sleep(self, seconds: float, interrupt: threading.Event | None = None) -> None:
        """Wait `seconds` of simulated time, or until `interrupt` is set."""


class Clock(Sleeper, Protocol):
    """A source of simulated time that threads can wait on."""

    @property
    def speed(self) -> float:
        """Simulated seconds per real second; 0 when time only moves while everybody waits."""

    def now(self) -> datetime:
        """The simulated time, aware, in UTC."""

    def join(self) -> "Participant":
        """Take part: an instant clock stands still while a participant is awake."""


class Participant(Sleeper, Protocol):
    """Somebody whose work holds an instant clock still, from `join` until `leave`."""

    def leave(self) -> None:
        """Stop taking part. Calling it twice is harmless."""


@contextmanager
def participant(clock: Clock) -> Iterator[Participant]:
    """Take part in `clock` for the length of a block."""
    me = clock.join()
    try:
        yield me
    finally:
        me.leave()


class ScaledClock:
    """A clock that runs `speed` times as fast as the real one, from `start` (now by default)."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"a scaled clock needs a speed above 0, not {speed}")
        self._speed = speed
        self._start = start or datetime.now(UTC)
        self._origin = time.monotonic()

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self._speed)

    def sleep(self, seconds: float, interrupt: threading.Event | None = None) -> None:
        (interrupt or threading.Event()).wait(max(seconds, 0) / self._speed)

    def join(self) -> "ScaledClock":
        return self

    def leave(self) -> None:
        """Scaled time passes by itself, whoever takes part."""


@dataclass(frozen=True, order=True)
class _Alarm:
    wakes_at: datetime
    order: int
    sleeper: int | None = field(compare=False)
    """Which participant it is, in the order in which they joined; `None` only watches."""
    interrupt: threading.Event | None = field(compare=False)
    bell: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def is_interrupted(self) -> bool:
        return self.interrupt is not None and self.interrupt.is_set()


class InstantClock:
    """A clock that jumps to the next alarm as soon as no participant is awake."""

    _INTERRUPT_POLL_SECONDS = 0.02

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)
        self._awake = 0
        self._alarms: list[_Alarm] = []
        self._order = itertools.count()
        self._participants = itertools.count()
        self._turns: random.Random | None = None
        self._lock = threading.Lock()

    @property
    def speed(self) -> float:
        return 0.0

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def sleep(self, seconds: float, interrupt: threading.Event | None = None) -> None:
        self._sleep(seconds, interrupt, None)

    def take_turns(self, chance: random.Random | None) -> None:
        """From now on let one participant be awake at a time; with `None`, all that are due.

        Which of those that are due is drawn. So the same chance makes the same things happen in
        the same order again, whatever else the machine is doing.
        """
        with self._lock:
            self._turns = chance

    def leap(self, seconds: float) -> None:
        """Let time pass in which nobody wakes up in between, whoever is awake or asleep."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._ring_due()

    def join(self) -> "_InstantParticipant":
        with self._lock:
            self._awake += 1
            return _InstantParticipant(self, next(self._participants))

    def _leave(self) -> None:
        with self._lock:
            self._awake -= 1
            self._ring_if_all_asleep()

    def _sleep(
        self, seconds: float, interrupt: threading.Event | None, sleeper: int | None
    ) -> None:
        if seconds <= 0:
            return
        with self._lock:
            wakes_at = self._now + timedelta(seconds=seconds)
            alarm = _Alarm(wakes_at, next(self._order), sleeper, interrupt)
            heapq.heappush(self._alarms, alarm)
            self._awake -= sleeper is not None
            self._ring_if_all_asleep()
        # An event set elsewhere rings no bell: whoever can be interrupted looks now and then.
        while not alarm.bell.wait(self._INTERRUPT_POLL_SECONDS if interrupt else None):
            if alarm.is_interrupted:
                with self._lock:
                    self._ring_interrupted()

    def _ring_if_all_asleep(self) -> None:
        """Move time to the next alarm, unless somebody is awake or was interrupted before it."""
        self._ring_interrupted()
        # Who only watches does not hold time: ring on until somebody who does is awake.
        while self._alarms and not self._awake:
            self._now = max(self._now, self._alarms[0].wakes_at)
            self._ring_due()

    def _ring_due(self) -> None:
        due = []
        while self._alarms and self._alarms[0].wakes_at <= self._now:
            due.append(heapq.heappop(self._alarms))
        for alarm in self._whose_turn_it_is_not(due) if self._turns else ():
            due.remove(alarm)
            heapq.heappush(self._alarms, alarm)
        for alarm in due:
            self._ring(alarm)

    def _whose_turn_it_is_not(self, due: list[_Alarm]) -> list[_Alarm]:
        """All participants but one, or all while one is awake. Who only watches is never held."""
        waiting = [alarm for alarm in due if alarm.sleeper is not None]
        waiting.sort(key=lambda alarm: alarm.sleeper or 0)
        if waiting and self._turns and not self._awake:
            waiting.pop(self._turns.randrange(len(waiting)))
        return waiting

    def _ring_interrupted(self) -> None:
        interrupted = [alarm for alarm in self._alarms if alarm.is_interrupted]
        if not interrupted:
            return
        self._alarms = [alarm for alarm in self._alarms if not alarm.is_interrupted]
        heapq.heapify(self._alarms)
        for alarm in interrupted:
            self._ring(alarm)

    def _ring(self, alarm: _Alarm) -> None:
        """Wake the one who waits for `alarm`; it counts as awake at once."""
        self._awake += alarm.sleeper is not None
        alarm.bell.set()


class _InstantParticipant:
    def __init__(self, clock: InstantClock, number: int) -> None:
        self._clock = clock
        self._number = number
        self._takes_part = True

    def sleep(self, seconds: float, interrupt: threading.Event | None = None) -> None:
        self._clock._sleep(seconds, interrupt, self._number)

    def leave(self) -> None:
        if self._takes_part:
            self._takes_part = False
            self._clock._leave()
