"""A cross-section of the breakage suite: restores are broken, and nothing may be lost.

`make test` tries a few points of every scenario, and with `--thorough` every fault is tried in
every step of each. Which of a step's calls it is changes with the commit (`cross_section.py`).
"""

import random
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import product

import pytest

from infra.bundling import ROOT
from local.chaos.invariants import violations
from local.chaos.laboratory import Laboratory
from local.chaos.points import Fault, Point
from local.chaos.scenarios import CLOSINGS, SCENARIOS
from tests.local.chaos.cross_section import a_few, one_in_each_step, seed, told

SEED = seed(ROOT)

LONGEST = "across_regions/swap"
"""The scenario that runs through all nine steps, and through two of them again."""

EVERYTHING = [
    (name, fault)
    for name, fault in product(SCENARIOS, Fault)
    # What was aborted already is not aborted again.
    if not (SCENARIOS[name] in CLOSINGS and fault is Fault.ABORTED)
]

PointsOf = Callable[[str], list[Point]]


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as laboratory:
        yield laboratory


@pytest.fixture(scope="module")
def points_of(laboratory: Laboratory) -> PointsOf:
    """The breakage points of a scenario, by its name; found once."""
    return cache(lambda name: laboratory.points(SCENARIOS[name]))


def lost_at(laboratory: Laboratory, points: Iterable[Point]) -> dict[Point, list[str]]:
    """What was lost at each of the points where something was, or that were not met."""
    lost = {}
    for point in points:
        trials = list(laboratory.trials(point))
        lost[point] = [one for trial in trials for one in violations(trial)]
        if not trials:
            lost[point].append("the restore did not come by this point")
    return {point: found for point, found in lost.items() if found}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_few_faults_anywhere_in_a_restore_lose_nothing(
    laboratory: Laboratory, points_of: PointsOf, name: str
) -> None:
    points = a_few(points_of(name), random.Random(f"{SEED} {name}"))

    lost = lost_at(laboratory, points)

    assert points
    assert not lost, told(lost, SEED)


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "fault"), EVERYTHING)
def test_no_fault_in_any_step_of_a_restore_loses_anything(
    laboratory: Laboratory, points_of: PointsOf, name: str, fault: Fault
) -> None:
    chance = random.Random(f"{SEED} {name} {fault}")
    points = one_in_each_step(points_of(name), fault, chance)

    lost = lost_at(laboratory, points)

    assert points
    assert not lost, told(lost, SEED)


def test_a_point_is_found_again_by_its_name(points_of: PointsOf) -> None:
    points = points_of(LONGEST)

    assert [Point.named(point.name) for point in points] == points
    assert len({point.name for point in points}) == len(points)
