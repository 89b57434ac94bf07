"""A fixed cross-section of the breakage suite; `make chaos` tries every point."""

import os
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pytest

from local.chaos.invariants import violations
from local.chaos.laboratory import Laboratory
from local.chaos.points import Fault, Point
from local.chaos.scenarios import SCENARIOS

SEED = int(os.environ.get("BREAKAGE_SEED", "2026"))


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as laboratory:
        yield laboratory


def cross_section(points: Iterable[Point], chance: random.Random) -> list[Point]:
    """For every step and every fault one point, and no more than it takes."""
    by_kind: defaultdict[tuple[str, Fault], list[Point]] = defaultdict(list)
    for point in points:
        step = "a state" if point.fault is Fault.ABORTED else point.step
        by_kind[step, point.fault].append(point)
    steps = sorted({step for step, _ in by_kind})
    # A Latin square: each step and each fault occur, not each of their combinations.
    chosen = []
    for row, step in enumerate(steps):
        faults = [fault for fault in Fault if (step, fault) in by_kind]
        chosen.append(chance.choice(by_kind[step, faults[row % len(faults)]]))
    return chosen


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_restore_survives_being_broken(laboratory: Laboratory, name: str) -> None:
    chance = random.Random(f"{SEED} {name}")
    points = cross_section(laboratory.points(SCENARIOS[name]), chance)

    found = {
        point.name: [one for trial in laboratory.trials(point) for one in violations(trial)]
        for point in points
    }

    print(f"BREAKAGE_SEED={SEED}", *found, sep="\n")
    assert {name: lost for name, lost in found.items() if lost} == {}


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_survived_somewhere(laboratory: Laboratory, fault: Fault) -> None:
    name = "across_regions/delete_first"
    chance = random.Random(f"{SEED} {fault}")
    points = [one for one in laboratory.points(SCENARIOS[name]) if one.fault is fault]
    point = chance.choice(points)

    trials = list(laboratory.trials(point))

    print(f"BREAKAGE_SEED={SEED}", point.name)
    assert trials
    assert [one for trial in trials for one in violations(trial)] == []
