"""Every way that a snapshot can come from, walked by the deployed state machine."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from local.clock import InstantClock
from local.functions.functions import ACCOUNT
from local.rehearsal.evidence import evidence
from local.rehearsal.production import REGION
from local.rehearsal.scene import SOURCE_ACCOUNT, scene
from tests.restores.conftest import SHORT
from tests.restores.origins import Encryption, Kind, Origin, make_snapshot
from tests.restores.stage import TARGET_REGION, Stage

EVERYWHERE = list(product((TARGET_REGION, REGION), Encryption))
MADE = [
    Origin(region, encryption, kind)
    for region, encryption in EVERYWHERE
    for kind in (Kind.AUTOMATED, Kind.MANUAL, Kind.BACKUP)
]
# Nobody can share what is under a default key.
SHARED = [
    Origin(region, encryption, Kind.SHARED)
    for region, encryption in EVERYWHERE
    if encryption is not Encryption.DEFAULT
]


@pytest.fixture(scope="module")
def standing_stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A stage whose production, here or in another account, is not encrypted yet."""
    durations = replace(SHORT)
    with scene(
        InstantClock(),
        scale=0,
        durations=durations,
        source_account=request.param,
        is_encrypted=False,
    ) as here:
        yield Stage(here)


@pytest.mark.parametrize(
    ("standing_stage", "origin"),
    [
        *(pytest.param(ACCOUNT, origin, id=f"own account, {origin}") for origin in MADE),
        *(
            pytest.param(SOURCE_ACCOUNT, origin, id=f"other account, {origin}")
            for origin in (*MADE, *SHARED)
        ),
    ],
    indirect=["standing_stage"],
)
def test_a_snapshot_is_brought_over_and_nothing_is_left(stage: Stage, origin: Origin) -> None:
    arn = make_snapshot(stage, origin)
    before = stage.inventory()

    outcome = stage.run(by_arn(arn))

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    proof = list(evidence(stage.scene, "aurora-staging", TARGET_REGION))
    assert [one for one in proof if not one.holds] == []
    left = {name: what for name, what in stage.inventory().items() if "aurora-staging" not in name}
    assert left == before


def by_arn(snapshot_arn: str) -> dict[str, Any]:
    """A request for exactly this snapshot; its ARN tells region and account."""
    return {"source_snapshot_id": snapshot_arn, "target_cluster_id": "aurora-staging"}
