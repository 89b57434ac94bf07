"""One stage per file of tests, tidied up after every test."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.aurora.model.limits import Durations
from local.clock import InstantClock
from local.rehearsal.scene import scene
from tests.restores.stage import Stage

# Short, so that a restore has few looks at things under way, and long enough that it has some.
SHORT = Durations(
    copy=18,
    restore=15,
    instance=10,
    password=5,
    pending=3,
    export=12,
    delete_snapshot=4,
    delete_instance=10,
    delete_cluster=10,
)


@pytest.fixture(scope="module")
def standing_stage() -> Iterator[Stage]:
    """Setting the scene takes longer than most tests; only one can stand in a process."""
    with scene(InstantClock(), scale=0, durations=replace(SHORT)) as here:
        yield Stage(here)


@pytest.fixture
def stage(standing_stage: Stage) -> Iterator[Stage]:
    """The stage with nothing on it but production."""
    yield standing_stage
    standing_stage.clear()
