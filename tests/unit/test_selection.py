"""Which snapshot a request means."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SnapshotNotFound, SnapshotUnusable
from shared.facts import Snapshot
from shared.selection import choose
from tests.builders import NOON, a_request, a_snapshot


def a_day_old(days: int, **changes: object) -> Snapshot:
    taken = NOON - timedelta(days=days, hours=9)
    return a_snapshot(
        id=f"rds:aurora-prod-{taken:%Y-%m-%d-%H-%M}", **{"created_at": taken, **changes}
    )


def test_latest_is_the_newest_available_snapshot() -> None:
    newest = a_day_old(0, status="creating")
    before = a_day_old(1)

    chosen = choose([a_day_old(2), newest, before], a_request())

    assert chosen == before


def test_a_date_means_the_newest_snapshot_of_that_day_in_utc() -> None:
    early = a_snapshot(id="early", created_at=NOON.replace(day=22, hour=0, minute=0))
    late = a_snapshot(id="late", created_at=NOON.replace(day=22, hour=23, minute=59))
    next_day = a_snapshot(id="next", created_at=NOON.replace(hour=0, minute=0))

    chosen = choose([late, next_day, early], a_request(source_snapshot_date="2026-11-22"))

    assert chosen == late


def test_an_exact_id_means_that_snapshot_whatever_its_age() -> None:
    old = a_day_old(30)

    assert choose([old], a_request(source_snapshot_id=old.id)) == old


def test_no_snapshot_on_the_date_names_the_nearest_ones() -> None:
    snapshots = [a_day_old(days) for days in (1, 2, 10, 12, 30)]

    with pytest.raises(SnapshotNotFound) as missing:
        choose(snapshots, a_request(source_snapshot_date="2026-11-12"))

    assert "There is no snapshot of 2026-11-12 of aurora-prod in us-east-1" in str(missing.value)
    assert "rds:aurora-prod-2026-11-13-03-00" in str(missing.value)
    assert "rds:aurora-prod-2026-10-24-03-00" not in str(missing.value)


def test_a_cluster_without_snapshots_says_what_to_check() -> None:
    with pytest.raises(SnapshotNotFound, match="Check the names and the region"):
        choose([], a_request())


@pytest.mark.parametrize("status", ["creating", "copying", "failed"])
def test_a_snapshot_that_is_not_available_is_refused_with_its_status(status: str) -> None:
    with pytest.raises(SnapshotUnusable, match=f"nightly is {status}"):
        choose([a_snapshot(id="nightly", status=status)], a_request(source_snapshot_id="nightly"))


def test_a_snapshot_of_another_engine_is_refused() -> None:
    with pytest.raises(SnapshotUnusable, match="engine aurora-mysql"):
        choose([a_snapshot(engine="aurora-mysql")], a_request())


SNAPSHOTS = st.lists(
    st.builds(
        lambda name, age, status: a_snapshot(
            id=name, created_at=NOON - timedelta(minutes=age), status=status
        ),
        st.text("abc", min_size=1, max_size=3),
        st.integers(0, 3),
        st.sampled_from(["available", "creating"]),
    ),
    unique_by=lambda snapshot: snapshot.id,
    max_size=6,
).filter(lambda snapshots: any(snapshot.is_available for snapshot in snapshots))


@given(SNAPSHOTS, st.randoms())
def test_the_choice_never_depends_on_the_order_of_the_listing(
    snapshots: list[Snapshot], order: object
) -> None:
    shuffled = list(snapshots)
    order.shuffle(shuffled)  # type: ignore[attr-defined]

    assert choose(shuffled, a_request()) == choose(snapshots, a_request())
