"""Breaking restores in as many processes as there are cores, each with a cloud of its own."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.util import Finalize
from typing import Self

from local.chaos.invariants import violations
from local.chaos.laboratory import Laboratory
from local.chaos.points import Point
from local.chaos.scenarios import SCENARIOS

_RESTORES_PER_PROCESS = 400
"""Then it starts anew: whatever the emulator piles up goes with the process."""


@dataclass(frozen=True)
class Result:
    """How a restore took it."""

    point: Point
    is_met: bool
    """Whether the restore came by the point at all."""
    violations: tuple[str, ...]
    seconds: float

    @property
    def has_survived(self) -> bool:
        return self.is_met and not self.violations


class Crew:
    """Processes that break restores, for the length of a block."""

    def __init__(self, size: int | None = None) -> None:
        self._pool = ProcessPoolExecutor(
            size or os.cpu_count() or 1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_open_laboratory,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def points(self, scenarios: Sequence[str]) -> list[Point]:
        """Every breakage point of some scenarios."""
        by_scenario = self._pool.map(_points, scenarios)
        return [point for points in by_scenario for point in points]

    def break_at(self, points: Sequence[Point]) -> Iterator[Result]:
        """Break a restore at each point; the results come as they are ready."""
        waiting: set[Future[Result]] = {self._pool.submit(_result, point) for point in points}
        for done in as_completed(waiting):
            yield done.result()


class _Bench:
    """This process's laboratory, made anew when it has seen much, or a restore did not end."""

    def __init__(self) -> None:
        self._current = ExitStack()
        self._used = 0
        self._open()

    def laboratory(self) -> Laboratory:
        if self._used >= _RESTORES_PER_PROCESS:
            self.renew()
        self._used += 1
        return self._laboratory

    def renew(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        self._current.close()

    def _open(self) -> None:
        self._laboratory = self._current.enter_context(Laboratory())
        self._used = 0


_bench: _Bench | None = None


def _open_laboratory() -> None:
    global _bench
    _bench = _Bench()
    Finalize(_bench, _bench.close, exitpriority=100)
    threading.Thread(target=_end_with_the_suite, args=(_bench,), daemon=True).start()


def _end_with_the_suite(bench: _Bench) -> None:
    """Not to outlive who distributes the work, however that process ends."""
    suite = multiprocessing.parent_process()
    assert suite is not None
    suite.join()
    bench.close()
    os._exit(1)


def _points(scenario: str) -> list[Point]:
    assert _bench is not None
    return _bench.laboratory().points(SCENARIOS[scenario])


def _result(point: Point) -> Result:
    assert _bench is not None
    begun = time.monotonic()
    is_met, violated = False, []
    try:
        for trial in _bench.laboratory().trials(point):
            is_met = True
            violated += violations(trial)
    except Exception as error:
        # Whatever it is, it must not end the suite, and it is no survival.
        is_met = True
        violated.append(f"the laboratory: {type(error).__name__}: {error}")
        _bench.renew()
    return Result(point, is_met, tuple(violated), time.monotonic() - begun)
