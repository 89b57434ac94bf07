"""Every cell of the table of copy routes, held against what RDS lets an account do.

The rules are told here once more, and a search among all copies that RDS would make finds the
shortest way. The function has to plan a way of that length, and to refuse where there is none.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest

from shared.copying.route import Destination, plan_route
from shared.errors import ConfigurationError
from shared.operation.parts import Hop
from shared.resources import Encryption
from tests.builders import KEY, NOON, a_snapshot, a_source_role

HERE, THERE = "123456789012", "999999999999"
TARGET, ELSEWHERE = "us-west-2", "us-east-1"
ROLE = a_source_role()
LONGEST = 3
OWNED = "a key that AWS owns"
"""Nobody can name it, and nothing is under it that could not be shared."""


class Cell(NamedTuple):
    """A snapshot, what is known of its account, and what is asked for."""

    account: str
    has_role: bool
    region: str
    key: str | None
    kind: str
    has_own_key: bool
    keeps_copy: bool

    def __str__(self) -> str:
        return ", ".join(map(str, self))


CELLS = [
    cell
    for cell in map(
        Cell._make,
        product(
            (HERE, THERE),
            (True, False),
            (TARGET, ELSEWHERE),
            (None, OWNED, "alias/aws/rds", "customer"),
            ("automated", "manual", "shared"),
            (True, False),
            (True, False),
        ),
    )
    # Nobody has to share with oneself, or takes a role in one's own account; and nobody can share
    # what is under the default key.
    if not (cell.account == HERE and (cell.has_role or cell.kind == "shared"))
    and not (cell.kind == "shared" and cell.key == "alias/aws/rds")
]


class Held(NamedTuple):
    """A snapshot as far as it matters to who may do what with it."""

    account: str
    region: str
    is_encrypted: bool
    """Under a key of KMS, which whoever reads it has to be allowed to use."""
    is_shared: bool

    def is_within_reach_of(self, account: str) -> bool:
        return self.account == account or (self.is_shared and account == HERE)


def held(cell: Cell) -> Held:
    return Held(cell.account, cell.region, has_key(cell), cell.kind == "shared")


def has_key(cell: Cell) -> bool:
    return cell.key not in (None, OWNED)


def copies(one: Held, cell: Cell) -> Iterator[Held]:
    """Every copy of a snapshot that an account could have RDS make, by one call."""
    keys = {(HERE, TARGET): cell.has_own_key, (THERE, TARGET): cell.has_role}
    for account, region in keys:
        leaves_both = account != one.account and region != one.region
        if (
            one.is_within_reach_of(account)
            and (account == HERE or cell.has_role)
            and not (one.is_encrypted and (leaves_both or not keys[account, region]))
        ):
            # A copy can be shared by whoever has made it.
            yield Held(account, region, one.is_encrypted, is_shared=account == THERE)


def is_destination(one: Held, cell: Cell, hops: int) -> bool:
    """Whether a cluster can be restored from a snapshot as it is asked for.

    A copy that is kept is this account's own, and so is one that is encrypted: nothing depends on
    the key that was only made to bring it over.
    """
    is_readable = not one.is_encrypted or one.account == HERE or cell.has_own_key
    may_be_theirs = not (cell.keeps_copy or one.is_encrypted)
    return (
        one.region == TARGET
        and one.is_within_reach_of(HERE)
        and is_readable
        and (hops == 0 or one.account == HERE or may_be_theirs)
    )


def fewest_hops(cell: Cell) -> int | None:
    """How many copies the shortest way has; `None` when there is none."""
    reached = {held(cell)}
    for hops in range(LONGEST + 1):
        if any(is_destination(one, cell, hops) for one in reached):
            return hops
        reached = {copy for one in reached for copy in copies(one, cell)}
    return None


def planned(cell: Cell) -> tuple[Hop, ...]:
    snapshot = a_snapshot(
        arn=f"arn:aws:rds:{cell.region}:{cell.account}:cluster-snapshot:nightly",
        kind=cell.kind,
        encryption=Encryption.KMS
        if has_key(cell)
        else (Encryption.RDS if cell.key else Encryption.NONE),
        kms_key_id=cell.key if has_key(cell) else None,
    )
    to = Destination(HERE, TARGET, KEY if cell.has_own_key else None, cell.keeps_copy)
    return plan_route(snapshot, to, ROLE if cell.has_role else None, "restore-1", NOON)


def walked(cell: Cell, route: tuple[Hop, ...]) -> Held:
    """The snapshot at the end of a route; every hop has to be one that RDS would make."""
    one, arn = held(cell), f"arn:aws:rds:{cell.region}:{cell.account}:cluster-snapshot:nightly"
    for hop in route:
        account = hop.account_id or HERE
        assert (hop.source_arn, hop.source_region) == (arn, one.region)
        key = {HERE: KEY, THERE: ROLE.kms_key_id}[account]
        assert hop.kms_key_id == (key if one.is_encrypted else None)
        assert hop.share_with == (HERE if account == THERE else None)
        (one,) = [
            copy
            for copy in copies(one, cell)
            if (copy.account, copy.region) == (account, hop.region)
        ]
        arn = f"arn:aws:rds:{hop.region}:{account}:cluster-snapshot:{hop.snapshot_id}"
    return one


@pytest.mark.parametrize("cell", [one for one in CELLS if fewest_hops(one) is not None], ids=str)
def test_where_there_is_a_way_the_shortest_is_planned(cell: Cell) -> None:
    route = planned(cell)

    assert len(route) == fewest_hops(cell)
    assert is_destination(walked(cell, route), cell, len(route))


@pytest.mark.parametrize("cell", [one for one in CELLS if fewest_hops(one) is None], ids=str)
def test_where_there_is_no_way_it_is_refused(cell: Cell) -> None:
    with pytest.raises(ConfigurationError):
        planned(cell)


def test_there_are_ways_of_every_length_and_none() -> None:
    assert {fewest_hops(cell) for cell in CELLS} == {None, 0, 1, 2}
