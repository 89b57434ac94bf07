"""Stages that many files of tests share, tidied up after every test."""

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

import pytest

from local.aurora.model.limits import Durations
from local.clock import InstantClock
from local.functions.functions import ACCOUNT
from local.rehearsal.scene import SOURCE_ACCOUNT, scene
from tests.restores.stage import Stage

# Short, so that a restore has few looks at things under way, and long enough that it has some.
SHORT = Durations(
    copy=18,
    restore=15,
    instance=10,
    password=5,
    pending=3,
    rename=20,
    echo=10,
    stop=15,
    start=15,
    reboot=5,
    snapshot=12,
    export=12,
    delete_snapshot=4,
    delete_instance=10,
    delete_cluster=10,
)


class Setting(Enum):
    """What production is like on a stage: its account, and whether it is encrypted."""

    USUAL = (ACCOUNT, True, "")
    CHANGED = (ACCOUNT, True, "for tests that change what production holds")
    PLAIN = (ACCOUNT, False, "")
    OTHER_ACCOUNT = (SOURCE_ACCOUNT, True, "")
    PLAIN_IN_OTHER_ACCOUNT = (SOURCE_ACCOUNT, False, "")


def on_a_stage(setting: Setting) -> pytest.MarkDecorator:
    """Let tests take place in another setting than the usual one."""
    return pytest.mark.parametrize("standing_stage", [setting], indirect=True, ids=[setting.name])


@pytest.fixture(scope="package")
def standing_stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Setting the scene takes longer than most tests, and only one can stand in a process.

    So it stands until a test wants another setting, or is none of this folder.
    """
    source_account, is_encrypted, _ = getattr(request, "param", Setting.USUAL).value
    with scene(
        InstantClock(),
        scale=0,
        durations=replace(SHORT),
        source_account=source_account,
        is_encrypted=is_encrypted,
    ) as here:
        yield Stage(here)


@pytest.fixture
def stage(standing_stage: Stage) -> Iterator[Stage]:
    """The stage with nothing on it but production."""
    yield standing_stage
    standing_stage.clear()
