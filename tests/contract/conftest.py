"""The contract's places in the local cloud, on its instant clock."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from local.aurora.model.limits import Durations
from local.aurora.simulator import AuroraSimulator
from local.clock import Clock, InstantClock
from local.cloud import LocalCloud
from local.functions.functions import ACCOUNT
from tests.contract.harness.aws import Places
from tests.contract.harness.place import Connect, Place
from tests.contract.harness.run import Pace, Run
from tests.local.aurora.scene import aurora_stage

HOME, AWAY = "us-west-2", "us-east-1"
OWN, OTHER = ACCOUNT, "444444444444"
SHORT = Durations(**dict.fromkeys(vars(Durations()), 10.0))
"""Long enough to be seen under way, short enough to be waited for in a few looks."""


def places_in(cloud: LocalCloud, own: str = OWN, other: str = OTHER) -> Places:
    """Places in a local cloud."""

    def connecting(account_id: str) -> Connect:
        def connect(service: str, *, region_name: str) -> Any:
            return cloud.client(service, region_name=region_name, account_id=account_id)

        return connect

    return places_at(cloud.clock, cloud.aurora, connecting, own, other)


def places_at(
    clock: Clock,
    simulator: AuroraSimulator,
    connecting: Callable[[str], Connect],
    own: str = OWN,
    other: str = OTHER,
) -> Places:
    """Places whose night comes when it is asked for."""

    def nightly(account_id: str, region: str, cluster: str) -> None:
        simulator.take_automated_snapshot(region, cluster, account_id=account_id)

    run = Run(Pace(clock.sleep, poll_seconds=4, roles_seconds=0), nightly=nightly)
    return Places(
        home=Place(run, connecting(own), own, HOME),
        away=Place(run, connecting(own), own, AWAY),
        other=Place(run, connecting(other), other, HOME),
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
def places_of_rds() -> Iterator[Places]:
    """Places where RDS, and what it needs of other services, answers; there are no servers."""
    session: Any = boto3.Session("key", "secret")
    with aurora_stage(SHORT) as stage:

        def connecting(account_id: str) -> Connect:
            def name_account(request: Any, **_: Any) -> None:
                request.headers["x-moto-account-id"] = account_id

            def connect(service: str, *, region_name: str) -> Any:
                client = session.client(
                    service, region_name=region_name, endpoint_url=stage.endpoint
                )
                client.meta.events.register("before-sign", name_account)
                return client

            return connect

        places = places_at(stage.clock, stage.simulator, connecting)
        yield places
        for place in places:
            place.close()
