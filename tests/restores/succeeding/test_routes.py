"""The ways that a snapshot can come, walked by the deployed state machine.

What the route is in each cell of the table, `tests/shared/copying/test_every_route.py` holds.
Whole restores show every pair of the table's values, and with `--thorough` every cell.
"""

from itertools import product
from typing import Any, NamedTuple

import pytest

from local.functions.functions import ACCOUNT
from local.rehearsal.evidence import evidence
from local.rehearsal.production import REGION
from local.rehearsal.scene import SOURCE_ACCOUNT
from tests.restores.conftest import Setting
from tests.restores.origins import Encryption, Kind, Origin, make_snapshot
from tests.restores.pairwise import pairwise
from tests.restores.stage import TARGET_REGION, Outcome, Stage


class Cell(NamedTuple):
    """Where a snapshot comes from, and what becomes of its copy."""

    account: str
    region: str
    encryption: Encryption
    kind: Kind
    archive: str

    @property
    def origin(self) -> Origin:
        return Origin(self.region, self.encryption, self.kind)

    def __str__(self) -> str:
        whose = "own" if self.account == ACCOUNT else "other"
        return f"{whose} account, {self.origin}, {self.archive}"


TABLE = [
    cell
    for cell in map(
        Cell._make,
        product(
            (ACCOUNT, SOURCE_ACCOUNT),
            (TARGET_REGION, REGION),
            Encryption,
            Kind,
            ("delete", "retain", "export"),
        ),
    )
    # Nobody has to share with oneself, and nobody can share what is under a default key.
    if cell.kind is not Kind.SHARED
    or (cell.account == SOURCE_ACCOUNT and cell.encryption is not Encryption.DEFAULT)
]
AS_RDS_SAYS = {
    Encryption.NONE: "none",
    Encryption.OWNED: "sse-rds",
    Encryption.DEFAULT: "sse-kms",
    Encryption.CUSTOMER: "sse-kms",
}
STAGES = {ACCOUNT: Setting.PLAIN, SOURCE_ACCOUNT: Setting.PLAIN_IN_OTHER_ACCOUNT}
# Only here does the restore itself read under another account's key: three values that meet.
UNDER_ANOTHERS_KEY = Cell(SOURCE_ACCOUNT, TARGET_REGION, Encryption.CUSTOMER, Kind.SHARED, "delete")
PAIRWISE = pairwise(TABLE, first=[UNDER_ANOTHERS_KEY])
OTHERS = [cell for cell in TABLE if cell not in PAIRWISE]


def case(cell: Cell, *marks: pytest.MarkDecorator) -> Any:
    """A case on a stage whose production, here or in another account, is not encrypted yet."""
    return pytest.param(STAGES[cell.account], cell, id=str(cell), marks=marks)


@pytest.mark.parametrize(
    ("standing_stage", "cell"),
    [
        *(case(cell) for cell in sorted(PAIRWISE)),
        *(case(cell, pytest.mark.thorough) for cell in OTHERS),
    ],
    indirect=["standing_stage"],
    # As the stage: it would be set up for every cell otherwise.
    scope="package",
)
def test_a_snapshot_is_brought_over_and_nothing_is_left_but_what_shall_stay(
    stage: Stage, cell: Cell
) -> None:
    arn = make_snapshot(stage, cell.origin)
    before = stage.inventory()

    outcome = stage.run(by_arn(arn, cell.archive))

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert outcome.state["snapshot_details"]["encryption"] == AS_RDS_SAYS[cell.encryption]
    proof = list(evidence(stage.scene, "aurora-staging", TARGET_REGION))
    failing = {one.claim for one in proof if not one.holds}
    kept = kept_copies(outcome, cell)
    assert failing == ({"no temporary snapshot is left"} if kept else set())
    left = {name: what for name, what in stage.inventory().items() if "aurora-staging" not in name}
    assert {name: what for name, what in left.items() if name not in kept} == before
    assert kept <= set(left)


def test_few_whole_restores_show_every_pair_of_the_table() -> None:
    assert len(PAIRWISE) < len(TABLE) / 5


def kept_copies(outcome: Outcome, cell: Cell) -> set[str]:
    """The copy of this account's own that was to be retained, if anything was copied."""
    if cell.archive != "retain" or not outcome.state["route"]:
        return set()
    copy = outcome.state["snapshot_details"]["target_snapshot_id"]
    return {f"snapshot arn:aws:rds:{TARGET_REGION}:{ACCOUNT}:cluster-snapshot:{copy}"}


def by_arn(snapshot_arn: str, archive: str) -> dict[str, Any]:
    """A request for exactly this snapshot; its ARN tells region and account."""
    return {
        "source_snapshot_id": snapshot_arn,
        "target_cluster_id": "aurora-staging",
        "archive": archive,
    }
