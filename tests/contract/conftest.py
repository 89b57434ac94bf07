"""The contract's places in the local cloud, on its instant clock."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from local.aurora.model.limits import Durations
from local.clock import InstantClock
from local.cloud import LocalCloud
from local.functions.functions import ACCOUNT
from tests.contract.harness.aws import Places
from tests.contract.harness.place import Connect, Place
from tests.contract.harness.run import Pace, Run
from tests.contract.harness.stock import Stock

HOME, AWAY = "us-west-2", "us-east-1"
OWN, OTHER = ACCOUNT, "444444444444"
SHORT = Durations(**dict.fromkeys(vars(Durations()), 10.0))
"""Long enough to be seen under way, short enough to be waited for in a few looks."""


def connecting(cloud: LocalCloud, account_id: str) -> Connect:
    """What makes clients of an account in a local cloud."""

    def connect(service: str, *, region_name: str) -> Any:
        return cloud.client(service, region_name=region_name, account_id=account_id)

    return connect


def places_in(cloud: LocalCloud, own: str = OWN, other: str = OTHER) -> Places:
    """Places in a local cloud, whose night comes when it is asked for."""

    def nightly(account_id: str, region: str, cluster: str) -> None:
        cloud.aurora.take_automated_snapshot(region, cluster, account_id=account_id)

    run = Run(Pace(cloud.clock.sleep, poll_seconds=4, roles_seconds=0), nightly=nightly)
    return Places(
        home=Place(run, connecting(cloud, own), own, HOME),
        away=Place(run, connecting(cloud, own), own, AWAY),
        other=Place(run, connecting(cloud, other), other, HOME),
    )


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalCloud]:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with (
        pytest.MonkeyPatch.context() as patch,
        LocalCloud(InstantClock(start), tmp_path_factory.mktemp("cloud"), SHORT) as cloud,
    ):
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        yield cloud


@pytest.fixture(scope="module")
def places(cloud: LocalCloud) -> Places:
    return places_in(cloud)


@pytest.fixture(scope="module")
def stock(places: Places) -> Stock:
    """What the facts share, made once for all of them."""
    return Stock(places)
