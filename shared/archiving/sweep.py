"""Leftovers of earlier operations whose time has passed: the next operation removes them.

Only what carries this pipeline's tags and a name that it derived is ever touched. The lock makes
sure that no other operation onto the same target is using it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial

from shared import names
from shared.errors import RestoreError
from shared.gateways.aws import Aws
from shared.gateways.rds.clusters import Aurora
from shared.gateways.rds.snapshots import Snapshots
from shared.operation.operation import Operation
from shared.resources import Cluster, Snapshot
from shared.settings import REDRIVE_WINDOW

Due = tuple[str, Callable[[], None]]
"""The id of something whose time has passed, and how to remove it."""


def sweep(operation: Operation, aws: Aws, now: datetime) -> tuple[str, ...]:
    """Start removing what is due, and return its ids; what cannot be removed stays for the next.

    These are due: anything kept past its expiry, whatever its target, and anything that a failed
    operation for this target left behind and can never use again.
    """
    swept = []
    for name, remove in _all_due(operation, aws, now):
        with suppress(RestoreError):
            remove()
            swept.append(name)
    return tuple(swept)


def due(operation: Operation, aws: Aws, now: datetime) -> tuple[str, ...]:
    """The ids of what the sweep of this operation would remove, if it came now."""
    return tuple(name for name, _ in _all_due(operation, aws, now))


def _all_due(operation: Operation, aws: Aws, now: datetime) -> Iterator[Due]:
    region, source = operation.request.target_region, operation.request.source_account_id
    yield from _due_snapshots(operation, aws.snapshots(region), now)
    yield from _due_clusters(operation, aws.aurora(region), now)
    if source and aws.settings.source_role(source):
        # Losing sight of another account's snapshots must not fail a finished restore.
        with suppress(RestoreError):
            yield from _due_snapshots(operation, aws.snapshots(region, source), now)


def _due_clusters(operation: Operation, aurora: Aurora, now: datetime) -> Iterator[Due]:
    for cluster in aurora.clusters():
        if cluster.is_protected or not cluster.can_be_renamed:
            continue
        if _is_candidate(cluster, operation, now):
            yield cluster.id, partial(aurora.ensure_emptied_and_deleted, cluster, None)
        elif _is_replaced(cluster, operation, now):
            final = cluster.tags.get(names.TAG_FINAL_SNAPSHOT)
            yield cluster.id, partial(aurora.ensure_emptied_and_deleted, cluster, final)


def _due_snapshots(operation: Operation, snapshots: Snapshots, now: datetime) -> Iterator[Due]:
    for snapshot in snapshots.temporary():
        if snapshot.has_expired(now) or _is_stranded(snapshot, operation, now):
            yield snapshot.id, partial(snapshots.ensure_deleted, snapshot)


def _is_stranded(snapshot: Snapshot, operation: Operation, now: datetime) -> bool:
    """Whether a temporary snapshot is from an operation onto this target that nobody redrove."""
    return names.TAG_DELETE_AFTER not in snapshot.tags and _is_from_before(
        operation, snapshot.tags, snapshot.created_at, now
    )


def _is_candidate(cluster: Cluster, operation: Operation, now: datetime) -> bool:
    maker = cluster.tags.get(names.TAG_OPERATION, "")
    is_named_so = cluster.id == names.candidate_id(operation.target_cluster, maker)
    return is_named_so and _is_from_before(operation, cluster.tags, cluster.created_at, now)


def _is_replaced(cluster: Cluster, operation: Operation, now: datetime) -> bool:
    replacer = cluster.tags.get(names.TAG_REPLACED_BY, "")
    is_named_so = cluster.id == names.replaced_id(operation.target_cluster, replacer)
    return is_named_so and names.has_expired(cluster.tags, now)


def _is_from_before(
    operation: Operation, tags: Mapping[str, str], made_at: datetime | None, now: datetime
) -> bool:
    return (
        tags.get(names.TAG_TARGET_CLUSTER) == operation.target_cluster
        and tags.get(names.TAG_OPERATION) != operation.operation_id
        and made_at is not None
        and now - made_at > REDRIVE_WINDOW
    )
