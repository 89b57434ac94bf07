"""Which breakage points are drawn, and with what."""

import random
import shutil
import subprocess
from itertools import chain, product, repeat
from pathlib import Path

import pytest

from local.chaos.points import Fault, Point
from tests.local.chaos.cross_section import (
    FEW,
    VARIABLE,
    WITHOUT_HISTORY,
    a_few,
    one_in_each_step,
    seed,
    told,
)

STEPS = ("copy_snapshot", "restore_snapshot", "setup_db_users", "archive_snapshot", "delete_rds")
FAULTS = (Fault.THROTTLED, Fault.LOST, Fault.KILLED_AFTER, Fault.TERMINAL, Fault.TIMED_OUT)
POINTS = [
    Point("same_region/swap", step, "rds:Any", str(nth), fault)
    for step, nth, fault in product(STEPS, range(1, 20), FAULTS)
]


@pytest.mark.parametrize("number", range(10))
def test_a_few_points_are_of_different_steps_and_faults(number: int) -> None:
    chosen = a_few(POINTS, random.Random(number))

    assert len(chosen) == FEW
    assert len({point.step for point in chosen}) == FEW
    assert len({point.fault for point in chosen}) == FEW


def test_where_there_is_one_step_the_faults_differ() -> None:
    closing = [point for point in POINTS if point.step == STEPS[0]]

    assert len({point.fault for point in a_few(closing, random.Random(0))}) == FEW


def test_where_there_are_fewer_steps_and_faults_than_a_few_each_is_tried_once() -> None:
    closing = [one for one in POINTS if one.step == STEPS[0] and one.fault in FAULTS[:2]]

    assert len(a_few(closing, random.Random(0))) == 2


def test_another_seed_draws_other_points_and_the_same_one_the_same() -> None:
    first, again, other = (a_few(POINTS, random.Random(one)) for one in ("a", "a", "b"))

    assert first == again != other


def test_a_fault_is_tried_once_in_every_step() -> None:
    chosen = one_in_each_step(POINTS, Fault.LOST, random.Random(0))

    assert sorted(point.step for point in chosen) == sorted(STEPS)
    assert {point.fault for point in chosen} == {Fault.LOST}


@pytest.mark.skipif(shutil.which("git") is None, reason="There are no commits without git")
def test_the_seed_is_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    settings = ("user.name=Ada", "user.email=ada@example.com", "commit.gpgsign=false")
    git = ["git", "-C", str(tmp_path), *chain(*zip(repeat("-c"), settings, strict=False))]
    subprocess.run([*git, "init", "--quiet"], check=True)
    seeds = []

    for text in ("one", "two"):
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", text], check=True)
        seeds += [seed(tmp_path), seed(tmp_path)]

    assert seeds[0] == seeds[1] != seeds[2] == seeds[3]


def test_outside_of_a_checkout_the_seed_is_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    assert seed(tmp_path) == WITHOUT_HISTORY


def test_a_seed_may_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "another")

    assert seed(tmp_path) == "another"


def test_what_was_lost_is_told_with_the_way_to_see_it_again() -> None:
    point = POINTS[0]

    message = told({point: ["a snapshot is gone"]}, "abc")

    assert f"{point.name}: a snapshot is gone" in message
    assert f"{VARIABLE}=abc" in message
    assert f'python -m local chaos "{point.name}"' in message
