"""Which breakage points a test run tries; `make chaos` tries them all."""

import os
import random
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from local.chaos.points import Fault, Point

VARIABLE = "BREAKAGE_SEED"
WITHOUT_HISTORY = "2026"
FEW = 2


def seed(checkout: Path) -> str:
    """What the points are drawn with: the commit, so that every commit is broken elsewhere.

    The environment may give another one, and outside of a checkout it is always the same.
    """
    if given := os.environ.get(VARIABLE):
        return given
    git = shutil.which("git")
    if git is None:
        return WITHOUT_HISTORY
    asked = [git, "-C", str(checkout), "rev-parse", "HEAD"]
    answer = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    return answer[:12] or WITHOUT_HISTORY


def a_few(points: Iterable[Point], chance: random.Random) -> list[Point]:
    """So many points, with as many steps and faults among them as there can be."""
    cells = list(_cells(points).items())
    chance.shuffle(cells)
    steps, faults, chosen = set[str](), set[Fault](), list[Point]()
    while cells and len(chosen) < FEW:
        newest = max(cells, key=lambda one: (one[0][0] not in steps) + (one[0][1] not in faults))
        cells.remove(newest)
        (step, fault), choices = newest
        steps.add(step)
        faults.add(fault)
        chosen.append(chance.choice(choices))
    return chosen


def one_in_each_step(points: Iterable[Point], fault: Fault, chance: random.Random) -> list[Point]:
    """For every step that can meet the fault, one point where it does."""
    cells = _cells(point for point in points if point.fault is fault)
    return [chance.choice(choices) for choices in cells.values()]


def _cells(points: Iterable[Point]) -> dict[tuple[str, Fault], list[Point]]:
    """The points by step and fault, in order; entering states counts as one step."""
    found: defaultdict[tuple[str, Fault], list[Point]] = defaultdict(list)
    for point in points:
        found[point.place, point.fault].append(point)
    return dict(sorted(found.items()))


def told(lost: Mapping[Point, Sequence[str]], drawn_with: str) -> str:
    """What was lost at which points, and how to see it again."""
    again = "\n".join(f'  .venv/bin/python -m local chaos "{point.name}"' for point in lost)
    violations = "\n".join(
        f"{point.name}: {violation}" for point, found in lost.items() for violation in found
    )
    return (
        f"{violations}\n\nThese points were drawn with {VARIABLE}={drawn_with}; with that in the "
        f"environment they are drawn again. To break a restore at one of them:\n{again}"
    )
