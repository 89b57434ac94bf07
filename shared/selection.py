"""Which snapshot a request means."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from shared.aurora import Aurora
from shared.errors import InvalidRequest, SnapshotNotFound, SnapshotUnusable
from shared.facts import Snapshot
from shared.request import LATEST, RestoreRequest

ENGINE = "aurora-postgresql"
_NEAREST = 3


def candidates(source: Aurora, request: RestoreRequest) -> tuple[Snapshot, ...]:
    """Every snapshot that the request could mean, whatever its status."""
    if request.source_snapshot_id:
        snapshot = source.snapshot(request.source_snapshot_id)
        return (snapshot,) if snapshot else ()
    return source.snapshots_of(request.source_cluster_id or "")


def choose(snapshots: Sequence[Snapshot], request: RestoreRequest) -> Snapshot:
    """The newest available snapshot that the request means, whatever order they are listed in.

    Raises `SnapshotNotFound` naming the nearest ones, or `SnapshotUnusable`.
    """
    wanted = [snapshot for snapshot in snapshots if _is_wanted(snapshot, request)]
    if not wanted:
        raise SnapshotNotFound(
            f"There is no {request.wanted_snapshot}. {_nearest(snapshots, request)}"
        )
    usable = [snapshot for snapshot in wanted if snapshot.is_available]
    if not usable:
        listed = ", ".join(f"{snapshot.id} is {snapshot.status}" for snapshot in wanted)
        raise SnapshotUnusable(
            f"The {request.wanted_snapshot} is not available: {listed}. "
            "Wait until it is, or choose another."
        )
    newest = max(usable, key=_age_order)
    if request.source_cluster_id not in (None, newest.cluster_id):
        raise InvalidRequest(
            f"source_cluster_id: snapshot {newest.id} is of cluster {newest.cluster_id}, "
            f"not {request.source_cluster_id}."
        )
    if newest.engine != ENGINE:
        raise SnapshotUnusable(
            f"Snapshot {newest.id} is of engine {newest.engine}; this pipeline restores {ENGINE}."
        )
    return newest


def _is_wanted(snapshot: Snapshot, request: RestoreRequest) -> bool:
    if request.source_snapshot_id or request.source_snapshot_date == LATEST:
        return True
    return _day(snapshot) == request.source_snapshot_date


def _age_order(snapshot: Snapshot) -> tuple[datetime, str]:
    return (snapshot.created_at or datetime.min.replace(tzinfo=UTC), snapshot.id)


def _day(snapshot: Snapshot) -> str | None:
    created = snapshot.created_at
    return created.astimezone(UTC).date().isoformat() if created else None


def _nearest(snapshots: Sequence[Snapshot], request: RestoreRequest) -> str:
    """The snapshots closest to the day that was asked for, as a hint."""
    dated = [(snapshot.created_at, snapshot) for snapshot in snapshots if snapshot.created_at]
    if not dated or request.source_snapshot_date in (None, LATEST):
        return "Check the names and the region."
    day = date.fromisoformat(str(request.source_snapshot_date))
    by_distance = sorted(
        dated, key=lambda pair: (abs((pair[0].astimezone(UTC).date() - day).days), pair[1].id)
    )
    listed = ", ".join(
        f"{snapshot.id} ({created.astimezone(UTC):%Y-%m-%d %H:%M})"
        for created, snapshot in by_distance[:_NEAREST]
    )
    return f"The nearest are: {listed}."
