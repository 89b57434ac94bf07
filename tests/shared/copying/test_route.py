"""The copy route."""

from typing import Any

import pytest

from local.documents import copy_routes
from shared.copying.route import Destination, plan_route
from shared.errors import ConfigurationError
from shared.operation.parts import Hop
from shared.resources import Snapshot
from shared.settings import SourceRole
from tests.builders import KEY, NOON, a_snapshot, a_source_role

HERE, THERE = "123456789012", "999999999999"
THEIR_ARN = f"arn:aws:rds:us-east-1:{THERE}:cluster-snapshot:nightly"


def theirs(**changes: Any) -> Snapshot:
    """A snapshot of another account."""
    region = changes.pop("region", "us-east-1")
    return a_snapshot(arn=THEIR_ARN.replace("us-east-1", region), **changes)


def route_of(
    snapshot: Snapshot,
    kms_key_id: str | None = KEY,
    through: SourceRole | None = None,
    *,
    keeps_copy: bool = False,
) -> tuple[Hop, ...]:
    to = Destination(HERE, "us-west-2", kms_key_id, keeps_copy)
    return plan_route(snapshot, to, through, "restore-1", NOON)


def test_within_a_region_nothing_is_copied() -> None:
    assert route_of(a_snapshot(region="us-west-2", encrypted=True)) == ()


def test_within_a_region_an_encrypted_snapshot_may_keep_its_key() -> None:
    assert route_of(a_snapshot(region="us-west-2", encrypted=True), kms_key_id=None) == ()


def test_an_encrypted_snapshot_crosses_regions_under_a_key_of_the_destination() -> None:
    snapshot = a_snapshot(encrypted=True, kms_key_id="alias/production")

    (hop,) = route_of(snapshot)

    assert (hop.source_arn, hop.source_region, hop.region) == (
        snapshot.arn,
        "us-east-1",
        "us-west-2",
    )
    assert (hop.kms_key_id, hop.account_id, hop.share_with) == (KEY, None, None)


def test_a_plain_snapshot_crosses_regions_without_a_key() -> None:
    (hop,) = route_of(a_snapshot(encrypted=False))

    assert hop.kms_key_id is None


def test_an_encrypted_snapshot_without_a_key_for_the_destination_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs a KMS key there"):
        route_of(a_snapshot(encrypted=True), kms_key_id=None)


def test_the_copy_of_an_automated_snapshot_has_a_legal_name() -> None:
    (hop,) = route_of(a_snapshot(id="rds:aurora-prod-2026-11-23-03-00"))

    assert hop.snapshot_id.startswith("aurora-prod-2026-11-23-copy-")


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_snapshot_that_is_shared_in_the_region_is_restored_where_it_is(encrypted: bool) -> None:
    assert route_of(theirs(region="us-west-2", kind="shared", encrypted=encrypted)) == ()


def test_a_cluster_never_stays_under_a_key_of_another_account() -> None:
    with pytest.raises(ConfigurationError, match="needs a KMS key there"):
        route_of(theirs(region="us-west-2", kind="shared", encrypted=True), kms_key_id=None)


def test_a_plain_shared_snapshot_crosses_regions_in_one_copy() -> None:
    (hop,) = route_of(theirs(kind="shared"))

    assert (hop.source_arn, hop.account_id, hop.share_with) == (THEIR_ARN, None, None)


@pytest.mark.parametrize(
    ("kind", "region"),
    [
        ("automated", "us-east-1"),
        ("automated", "us-west-2"),
        ("manual", "us-east-1"),
        ("manual", "us-west-2"),
        ("shared", "us-east-1"),
    ],
)
def test_an_encrypted_snapshot_of_another_account_is_copied_there_shared_and_copied_here(
    kind: str, region: str
) -> None:
    snapshot = theirs(kind=kind, region=region, encrypted=True)
    role = a_source_role()

    there, here = route_of(snapshot, through=role)

    assert (there.source_arn, there.source_region, there.region) == (
        snapshot.arn,
        region,
        "us-west-2",
    )
    assert (there.account_id, there.kms_key_id) == (THERE, role.kms_key_id)
    assert there.share_with == HERE
    assert here.source_arn == f"arn:aws:rds:us-west-2:{THERE}:cluster-snapshot:{there.snapshot_id}"
    assert (here.source_region, here.region) == ("us-west-2", "us-west-2")
    assert (here.account_id, here.kms_key_id, here.share_with) == (None, KEY, None)


def test_a_plain_snapshot_of_another_account_is_restored_from_the_copy_that_is_shared() -> None:
    (there,) = route_of(theirs(), through=a_source_role())

    assert (there.account_id, there.share_with, there.kms_key_id) == (THERE, HERE, None)


def test_what_is_kept_is_a_copy_of_ones_own() -> None:
    there, here = route_of(theirs(), through=a_source_role(), keeps_copy=True)

    assert (there.account_id, here.account_id) == (THERE, None)
    assert here.kms_key_id is None


@pytest.mark.parametrize(
    ("snapshot", "left"),
    [
        (theirs(kind="shared", encrypted=True), "its account and region"),
        (theirs(kind="manual", region="us-west-2"), "its account"),
    ],
)
def test_without_a_role_in_the_other_account_there_is_no_way(snapshot: Snapshot, left: str) -> None:
    with pytest.raises(ConfigurationError, match=f"has to leave {left}, .* no role there"):
        route_of(snapshot)


def test_the_table_in_the_documents_is_what_the_function_plans() -> None:
    assert copy_routes.DOCUMENT.read_text() == copy_routes.document()
