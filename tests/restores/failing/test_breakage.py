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

SEED = int(os.environ.get("BREAKAGE_SEED", "2026"))

LONGEST = "across_regions/swap"
"""The scenario that runs through all nine steps, and through two of them again."""

THOROUGHLY = (LONGEST, "same_region/never", "aborted/never", "aborted/swap")
"""The longest and the shortest restore, and two that are aborted, so that it is the closing
that is broken."""

PointsOf = Callable[[str], list[Point]]


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as laboratory:
        yield laboratory


@pytest.fixture(scope="module")
def points_of(laboratory: Laboratory) -> PointsOf:
    """The breakage points of a scenario, by its name; found once."""
    return cache(lambda name: laboratory.points(SCENARIOS[name]))


def by_step_and_fault(points: Iterable[Point]) -> dict[str, dict[Fault, list[Point]]]:
    """The points of every step, by the fault they meet; entering states counts as one step."""
    found: defaultdict[str, defaultdict[Fault, list[Point]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for point in points:
        found[point.place][point.fault].append(point)
    return {step: dict(found[step]) for step in sorted(found)}


def one_for_each_fault_in_each_step(points: Iterable[Point], chance: random.Random) -> list[Point]:
    return [
        chance.choice(choices)
        for by_fault in by_step_and_fault(points).values()
        for choices in by_fault.values()
    ]


def two_for_each_step(points: Iterable[Point], chance: random.Random) -> list[Point]:
    """For every step two points, with the faults taking turns."""
    chosen = []
    for turn, by_fault in enumerate(by_step_and_fault(points).values()):
        faults = [fault for fault in Fault if fault in by_fault]
        for number in {2 * turn % len(faults), (2 * turn + 1) % len(faults)}:
            chosen.append(chance.choice(by_fault[faults[number]]))
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


@pytest.mark.parametrize("name", THOROUGHLY)
def test_no_fault_in_any_step_of_a_restore_loses_anything(
    laboratory: Laboratory, points_of: PointsOf, name: str
) -> None:
    points = one_for_each_fault_in_each_step(points_of(name), random.Random(f"{SEED} {name}"))

    assert lost_at(laboratory, points) == {}


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in THOROUGHLY])
def test_no_step_of_any_other_restore_loses_anything_when_it_is_broken(
    laboratory: Laboratory, points_of: PointsOf, name: str
) -> None:
    points = two_for_each_step(points_of(name), random.Random(f"{SEED} {name}"))

    assert lost_at(laboratory, points) == {}


def test_a_point_is_found_again_by_its_name(points_of: PointsOf) -> None:
    points = points_of(LONGEST)

    assert [Point.named(point.name) for point in points] == points
    assert len({point.name for point in points}) == len(points)
