"""A local cloud on the instant clock, emptied after every test."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from local.clock import InstantClock
from local.cloud import LocalCloud

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Starting a cloud takes longer than emptying one."""
    with LocalCloud(InstantClock(START), tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> Iterator[LocalCloud]:
    """A cloud with nothing in it."""
    yield running_cloud
    running_cloud.reset()
