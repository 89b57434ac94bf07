"""Which snapshot a request means."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SnapshotNotFound, SnapshotUnusable
from shared.planning.snapshot_choice import choose as choose_at
from shared.request.restore_request import RestoreRequest
from shared.resources import Snapshot
from tests.builders import NOON, a_request, a_snapshot


def choose(snapshots: Sequence[Snapshot], request: RestoreRequest) -> Snapshot:
    return choose_at(snapshots, request, NOON)


ARN = "arn:aws:rds:us-east-1:999999999999:cluster-snapshot:nightly"


def a_day_old(days: int, **changes: object) -> Snapshot:
    taken = NOON - timedelta(days=days, hours=9)
    name = f"rds:aurora-prod-{taken:%Y-%m-%d-%H-%M}"
    return a_snapshot(**{"id": name, "created_at": taken, **changes})


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
    with pytest.raises(SnapshotNotFound, match="Check the names, the region"):
        choose([], a_request())


@pytest.mark.parametrize("status", ["creating", "copying", "failed"])
def test_a_snapshot_that_is_not_available_is_refused_with_its_status(status: str) -> None:
    with pytest.raises(SnapshotUnusable, match=f"nightly is {status}"):
        choose([a_snapshot(id="nightly", status=status)], a_request(source_snapshot_id="nightly"))


def test_a_snapshot_of_another_engine_is_refused() -> None:
    with pytest.raises(SnapshotUnusable, match="engine aurora-mysql"):
        choose([a_snapshot(engine="aurora-mysql")], a_request())


def test_only_snapshots_with_all_of_the_tags_are_chosen() -> None:
    newer = a_day_old(0, tags={"release": "7"})
    older = a_day_old(1, tags={"release": "7", "verified": "yes", "owner": "ops"})

    chosen = choose(
        [newer, older], a_request(source_snapshot_tags={"release": "7", "verified": "yes"})
    )

    assert chosen == older


def test_no_snapshot_with_the_tags_names_those_without() -> None:
    with pytest.raises(SnapshotNotFound) as missing:
        choose([a_day_old(1)], a_request(source_snapshot_tags={"verified": "yes"}))

    assert "with the tags verified=yes" in str(missing.value)
    assert "rds:aurora-prod-2026-11-22-03-00" in str(missing.value)
    assert "does not share" not in str(missing.value)


def test_a_shared_snapshot_tells_no_tags_and_the_message_says_so() -> None:
    seen_from_outside = a_day_old(1, id=ARN, arn=ARN, kind="shared")

    with pytest.raises(SnapshotNotFound, match="does not share its tags"):
        choose([seen_from_outside], a_request(source_snapshot_tags={"a": "b"}))


def test_a_snapshot_that_is_too_old_is_refused_with_its_age() -> None:
    day_old = a_day_old(1)

    assert choose([day_old], a_request(max_age_hours=33)) == day_old
    with pytest.raises(SnapshotUnusable, match=r"2026-11-22 03:00 UTC.* 32 hours"):
        choose([day_old], a_request(max_age_hours=32))


TAGS = {"verified": "yes"}
SNAPSHOTS = st.lists(
    st.builds(
        lambda name, age, status, tags: a_snapshot(
            id=name, created_at=NOON - timedelta(hours=age), status=status, tags=tags
        ),
        st.text("abc", min_size=1, max_size=3),
        st.integers(0, 60),
        st.sampled_from(["available", "creating"]),
        st.sampled_from([{}, TAGS, {"verified": "no"}, TAGS | {"owner": "ops"}]),
    ),
    unique_by=lambda snapshot: snapshot.id,
    max_size=6,
)
REQUESTS = st.builds(
    lambda day, tags, age: a_request(
        source_snapshot_date=day, source_snapshot_tags=tags, max_age_hours=age
    ),
    st.sampled_from(["latest", "2026-11-23", "2026-11-22"]),
    st.sampled_from([{}, TAGS]),
    st.sampled_from([None, 24]),
)


def chosen_or_refused(snapshots: Sequence[Snapshot], request: RestoreRequest) -> Snapshot | str:
    try:
        return choose(snapshots, request)
    except (SnapshotNotFound, SnapshotUnusable) as refusal:
        return type(refusal).__name__


@given(SNAPSHOTS, REQUESTS, st.randoms())
def test_the_choice_never_depends_on_the_order_of_the_listing(
    snapshots: list[Snapshot], request: RestoreRequest, order: object
) -> None:
    shuffled = list(snapshots)
    order.shuffle(shuffled)  # type: ignore[attr-defined]

    assert chosen_or_refused(shuffled, request) == chosen_or_refused(snapshots, request)


@given(SNAPSHOTS, REQUESTS)
def test_what_is_chosen_is_the_newest_of_all_that_fit(
    snapshots: list[Snapshot], request: RestoreRequest
) -> None:
    fitting = [
        one
        for one in snapshots
        if one.is_available
        and request.source_snapshot_tags.items() <= one.tags.items()
        and request.source_snapshot_date in ("latest", f"{one.created_at:%Y-%m-%d}")
    ]
    in_time = [
        one
        for one in fitting
        if one.created_at
        and (not request.max_age_hours or one.created_at >= NOON - timedelta(hours=24))
    ]

    chosen = chosen_or_refused(snapshots, request)

    if not in_time:
        assert chosen == ("SnapshotUnusable" if fitting else chosen)
        assert isinstance(chosen, str)
    else:
        assert chosen == max(in_time, key=lambda one: (one.created_at, one.id))
