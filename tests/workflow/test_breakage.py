"""A fixed cross-section of the breakage suite; `make chaos` tries every point."""

import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import pytest

from local.chaos.invariants import violations
from local.chaos.laboratory import Laboratory
from local.chaos.points import Fault, Point
from local.chaos.scenarios import SCENARIOS
from shared.names import Step

SEED = int(os.environ.get("BREAKAGE_SEED", "2026"))

LONGEST = "across_regions/swap"
"""The scenario that runs through all nine steps, and through two of them again."""

PointsOf = Callable[[str], list[Point]]


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as laboratory:
        yield laboratory


@pytest.fixture(scope="module")
def points_of(laboratory: Laboratory) -> PointsOf:
    """The breakage points of a scenario, by its name; found once."""
    return cache(lambda name: laboratory.points(SCENARIOS[name]))


def one_for_each_step(points: Iterable[Point], chance: random.Random) -> list[Point]:
    """For every step one point, with the faults taking turns."""
    by_kind: defaultdict[tuple[str, Fault], list[Point]] = defaultdict(list)
    for point in points:
        step = "a state" if point.fault is Fault.ABORTED else point.step
        by_kind[step, point.fault].append(point)
    chosen = []
    for turn, step in enumerate(sorted({step for step, _ in by_kind})):
        faults = [fault for fault in Fault if (step, fault) in by_kind]
        chosen.append(chance.choice(by_kind[step, faults[turn % len(faults)]]))
    return chosen


def lost_at(laboratory: Laboratory, points: Iterable[Point]) -> dict[str, list[str]]:
    """What was lost at each of the points where something was, or that were not met."""
    lost = {}
    print(f"BREAKAGE_SEED={SEED}")
    for point in points:
        print(point.name)
        trials = list(laboratory.trials(point))
        lost[point.name] = [one for trial in trials for one in violations(trial)]
        if not trials:
            lost[point.name].append("the restore did not come by this point")
    return {name: found for name, found in lost.items() if found}


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_step_of_a_restore_loses_anything_when_it_is_broken(
    laboratory: Laboratory, points_of: PointsOf, name: str
) -> None:
    points = one_for_each_step(points_of(name), random.Random(f"{SEED} {name}"))

    assert lost_at(laboratory, points) == {}


@pytest.mark.parametrize("fault", Fault)
def test_no_fault_loses_anything(laboratory: Laboratory, points_of: PointsOf, fault: Fault) -> None:
    points = [one for one in points_of(LONGEST) if one.fault is fault]

    assert lost_at(laboratory, random.Random(f"{SEED} {fault}").sample(points, 1)) == {}


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
@pytest.mark.parametrize("step", Step)
def test_a_worker_that_is_killed_in_any_step_loses_nothing(
    laboratory: Laboratory, points_of: PointsOf, step: Step, fault: Fault
) -> None:
    points = [one for one in points_of(LONGEST) if (one.step, one.fault) == (step.module, fault)]

    assert lost_at(laboratory, random.Random(f"{SEED} {step} {fault}").sample(points, 1)) == {}


def test_a_point_is_found_again_by_its_name(points_of: PointsOf) -> None:
    points = points_of(LONGEST)

    assert [Point.named(point.name) for point in points] == points
    assert len({point.name for point in points}) == len(points)
