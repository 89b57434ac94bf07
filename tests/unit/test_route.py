"""The copy route."""

import pytest

from shared.errors import ConfigurationError
from shared.facts import Snapshot
from shared.route import Hop, plan_route
from tests.builders import KEY, NOON, a_snapshot


def route_of(snapshot: Snapshot, kms_key_id: str | None = KEY) -> tuple[Hop, ...]:
    return plan_route(snapshot, "us-west-2", kms_key_id, "restore-1", NOON)


def test_within_a_region_nothing_is_copied() -> None:
    assert route_of(a_snapshot(region="us-west-2", encrypted=True)) == ()


def test_an_encrypted_snapshot_crosses_regions_under_a_key_of_the_destination() -> None:
    snapshot = a_snapshot(encrypted=True, kms_key_id="alias/production")

    (hop,) = route_of(snapshot)

    assert (hop.source_arn, hop.source_region, hop.region) == (
        snapshot.arn,
        "us-east-1",
        "us-west-2",
    )
    assert hop.kms_key_id == KEY


def test_a_plain_snapshot_crosses_regions_without_a_key() -> None:
    (hop,) = route_of(a_snapshot(encrypted=False))

    assert hop.kms_key_id is None


def test_an_encrypted_snapshot_without_a_key_for_the_destination_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs a KMS key of that region"):
        route_of(a_snapshot(encrypted=True), kms_key_id=None)


def test_the_copy_of_an_automated_snapshot_has_a_legal_name() -> None:
    (hop,) = route_of(a_snapshot(id="rds:aurora-prod-2026-11-23-03-00"))

    assert hop.snapshot_id.startswith("aurora-prod-2026-11-23-copy-")
