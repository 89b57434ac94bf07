"""Which snapshot a request means: by id, by ARN, by day or the latest, of this account or another.

Everything is decided from listings: no snapshot costs a call of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from shared.errors import (
    AccessDenied,
    ConfigurationError,
    InvalidRequest,
    SnapshotNotFound,
    SnapshotUnusable,
)
from shared.gateways.aws import Aws
from shared.gateways.rds.snapshots import Snapshots
from shared.request.fields import LATEST
from shared.request.restore_request import RestoreRequest
from shared.resources import ENGINE, Snapshot

_NEAREST = 3


def find(aws: Aws, request: RestoreRequest, now: datetime) -> Snapshot:
    """The snapshot that the request means; raises why there is none, or none that can be seen."""
    try:
        return choose(candidates(aws, request), request, now)
    except SnapshotNotFound as missing:
        owner = request.source_account_id or aws.settings.account_id
        if owner == aws.settings.account_id or aws.settings.source_role(owner):
            raise
        raise SnapshotNotFound(
            f"{missing} Only shared snapshots of account {owner} are visible: this deployment has "
            "no role there."
        ) from None


def candidates(aws: Aws, request: RestoreRequest) -> tuple[Snapshot, ...]:
    """Every snapshot that the request could mean, whatever its status, day and tags."""
    owner = request.source_account_id or aws.settings.account_id
    if owner == aws.settings.account_id:
        return _of(aws.snapshots(request.source_region), request)
    if owner not in (source.account_id for source in aws.settings.source_accounts):
        raise ConfigurationError(
            f"This deployment does not restore snapshots of account {owner}. Add it to "
            "source_accounts."
        )
    return _of_another_account(aws, request, owner)


def _of_another_account(aws: Aws, request: RestoreRequest, owner: str) -> tuple[Snapshot, ...]:
    """What the account shares, which RDS lists for all its clusters, and what our role there sees.

    In its own account a snapshot has its tags, and does not say who may use it.
    """
    listed = aws.snapshots(request.source_region).shared()
    shared = {snapshot.arn: snapshot for snapshot in listed if _is_meant(snapshot, request)}
    if aws.settings.source_role(owner) is None:
        return tuple(shared.values())
    try:
        own = _of(aws.snapshots(request.source_region, owner), request)
    except AccessDenied:
        # What is named is the same whoever asks; of "the latest", others may not be shared.
        if not (request.source_snapshot_id and shared):
            raise
        return tuple(shared.values())
    return tuple(
        replace(snapshot, kind="shared") if snapshot.arn in shared else snapshot for snapshot in own
    )


def _of(source: Snapshots, request: RestoreRequest) -> tuple[Snapshot, ...]:
    """The snapshots of the account itself that the request could mean."""
    if request.source_snapshot_id:
        snapshot = source.find(request.source_snapshot_id)
        return (snapshot,) if snapshot else ()
    listed = source.of(request.source_cluster_id or "")
    # Its maker deletes such a copy; only who names it may restore from it.
    return tuple(snapshot for snapshot in listed if not snapshot.is_borrowed)


def choose(snapshots: Sequence[Snapshot], request: RestoreRequest, now: datetime) -> Snapshot:
    """The newest available snapshot that the request means, whatever order they are listed in.

    Raises `SnapshotNotFound` naming the nearest ones, or `SnapshotUnusable`.
    """
    wanted = [snapshot for snapshot in snapshots if _is_wanted(snapshot, request)]
    if not wanted:
        raise SnapshotNotFound(
            f"There is no {request.wanted_snapshot}. {_hint(snapshots, request)}"
        )
    tagged = _tagged(wanted, request)
    usable = [snapshot for snapshot in tagged if snapshot.is_available]
    if not usable:
        listed = ", ".join(f"{snapshot.id} is {snapshot.status}" for snapshot in tagged)
        raise SnapshotUnusable(
            f"The {request.wanted_snapshot} is not available: {listed}. "
            "Wait until it is, or choose another."
        )
    newest = max(usable, key=_age_order)
    if problems := list(_problems(newest, request, now)):
        raise problems[0]
    return newest


def _tagged(wanted: Sequence[Snapshot], request: RestoreRequest) -> list[Snapshot]:
    """Those that carry the tags asked for; raises `SnapshotNotFound` when none does."""
    tags = request.source_snapshot_tags.items()
    tagged = [snapshot for snapshot in wanted if tags <= snapshot.tags.items()]
    if not tagged:
        listed = ", ".join(f"{key}={value}" for key, value in tags)
        raise SnapshotNotFound(
            f"There is no {request.wanted_snapshot} with the tags {listed}. Without these tags, "
            f"these match: {_listed(wanted)}.{_about_shared_tags(wanted)}"
        )
    return tagged


def _problems(
    snapshot: Snapshot, request: RestoreRequest, now: datetime
) -> Iterator[InvalidRequest | SnapshotUnusable]:
    """Why the snapshot that was asked for is not to be restored all the same."""
    if request.source_cluster_id not in (None, snapshot.cluster_id):
        yield InvalidRequest(
            f"source_cluster_id: snapshot {snapshot.id} is of cluster {snapshot.cluster_id}, "
            f"not {request.source_cluster_id}."
        )
    if snapshot.engine != ENGINE:
        yield SnapshotUnusable(
            f"Snapshot {snapshot.id} is of engine {snapshot.engine}; this pipeline restores "
            f"{ENGINE}. Choose another snapshot."
        )
    elif snapshot.is_serverless_v1:
        yield SnapshotUnusable(
            f"Snapshot {snapshot.id} is of an Aurora Serverless v1 cluster "
            f"({snapshot.engine_version}), which RDS has discontinued: its clusters have no "
            "instances, and this pipeline makes clusters of instances. Choose a snapshot of a "
            "provisioned or Serverless v2 cluster, or convert this one by hand."
        )
    elif snapshot.is_limitless:
        yield SnapshotUnusable(
            f"Snapshot {snapshot.id} is of an Aurora PostgreSQL Limitless Database "
            f"({snapshot.engine_version}), whose clusters are made of shard groups. This pipeline "
            "makes clusters of instances. Choose another snapshot."
        )
    oldest = now - timedelta(hours=request.max_age_hours) if request.max_age_hours else None
    taken = snapshot.created_at
    if oldest and (taken is None or taken < oldest):
        when = f"at {taken.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if taken else "at an unknown time"
        yield SnapshotUnusable(
            f"Snapshot {snapshot.id} was taken {when}, more than the {request.max_age_hours} hours "
            "ago that max_age_hours allows. Check why there is no newer one, or raise the limit."
        )


def _is_meant(snapshot: Snapshot, request: RestoreRequest) -> bool:
    """Whether a shared snapshot is the account's, and has the name or is of the cluster."""
    if snapshot.account_id != request.source_account_id:
        return False
    if wanted := request.source_snapshot_id:
        return wanted in (snapshot.arn, snapshot.name)
    return snapshot.cluster_id == request.source_cluster_id


def _is_wanted(snapshot: Snapshot, request: RestoreRequest) -> bool:
    if request.source_snapshot_id or request.source_snapshot_date == LATEST:
        return True
    return _day(snapshot) == request.source_snapshot_date


def _age_order(snapshot: Snapshot) -> tuple[datetime, str]:
    return (snapshot.created_at or datetime.min.replace(tzinfo=UTC), snapshot.id)


def _day(snapshot: Snapshot) -> str | None:
    created = snapshot.created_at
    return created.astimezone(UTC).date().isoformat() if created else None


def _about_shared_tags(snapshots: Sequence[Snapshot]) -> str:
    # Where its ARN is its id, a snapshot is seen from outside.
    is_foreign = any(snapshot.id == snapshot.arn for snapshot in snapshots)
    return " Sharing a snapshot does not share its tags." if is_foreign else ""


def _listed(snapshots: Sequence[Snapshot]) -> str:
    """The newest few, by id."""
    newest = sorted(snapshots, key=_age_order, reverse=True)
    more = f" and {len(newest) - _NEAREST} more" if len(newest) > _NEAREST else ""
    return ", ".join(snapshot.id for snapshot in newest[:_NEAREST]) + more


def _hint(snapshots: Sequence[Snapshot], request: RestoreRequest) -> str:
    """What to choose from: the snapshots closest to the day that was asked for, or the names."""
    dated = [(snapshot.created_at, snapshot) for snapshot in snapshots if snapshot.created_at]
    if not dated or request.source_snapshot_date in (None, LATEST):
        return "Check the names, the region and the account."
    day = date.fromisoformat(str(request.source_snapshot_date))
    by_distance = sorted(
        dated, key=lambda pair: (abs((pair[0].astimezone(UTC).date() - day).days), pair[1].id)
    )
    listed = ", ".join(
        f"{snapshot.id} ({created.astimezone(UTC):%Y-%m-%d %H:%M})"
        for created, snapshot in by_distance[:_NEAREST]
    )
    return f"The nearest are: {listed}."
