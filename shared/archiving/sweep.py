"""Leftovers of earlier operations whose time has passed: the next operation removes them.

Only what carries this pipeline's tags and a name that it derived is ever touched. The lock makes
sure that no other operation onto the same target is using it, and the record of the operation that
made it says whether a redrive could still use it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import NamedTuple

from shared import names
from shared.errors import RestoreError
from shared.gateways.aws import Aws
from shared.gateways.rds.clusters import Aurora
from shared.gateways.rds.snapshots import Snapshots
from shared.gateways.store import Store
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
    leftovers = _Leftovers(operation, aws.store, now)
    yield from _due_snapshots(leftovers, aws.snapshots(region))
    yield from _due_clusters(leftovers, aws.aurora(region))
    if source and aws.settings.source_role(source):
        # Losing sight of another account's snapshots must not fail a finished restore.
        with suppress(RestoreError):
            yield from _due_snapshots(leftovers, aws.snapshots(region, source))


def _due_clusters(leftovers: "_Leftovers", aurora: Aurora) -> Iterator[Due]:
    for cluster in aurora.clusters():
        if cluster.is_protected or not cluster.can_be_renamed:
            continue
        if leftovers.has_as_candidate(cluster):
            yield cluster.id, partial(aurora.ensure_emptied_and_deleted, cluster, None)
        elif leftovers.has_as_replaced(cluster):
            final = cluster.tags.get(names.TAG_FINAL_SNAPSHOT)
            yield cluster.id, partial(aurora.ensure_emptied_and_deleted, cluster, final)


def _due_snapshots(leftovers: "_Leftovers", snapshots: Snapshots) -> Iterator[Due]:
    for snapshot in snapshots.temporary():
        if snapshot.has_expired(leftovers.now) or leftovers.has_stranded(snapshot):
            yield snapshot.id, partial(snapshots.ensure_deleted, snapshot)


class _Leftovers(NamedTuple):
    """What operations onto the same target left, and whether they could still go on."""

    operation: Operation
    store: Store
    now: datetime

    def has_stranded(self, snapshot: Snapshot) -> bool:
        """Whether a temporary snapshot is from an operation that nobody redrove."""
        return names.TAG_DELETE_AFTER not in snapshot.tags and self._has(
            snapshot.tags, snapshot.created_at
        )

    def has_as_candidate(self, cluster: Cluster) -> bool:
        maker = cluster.tags.get(names.TAG_OPERATION, "")
        is_named_so = cluster.id == names.candidate_id(self.operation.target_cluster, maker)
        return is_named_so and self._has(cluster.tags, cluster.created_at)

    def has_as_replaced(self, cluster: Cluster) -> bool:
        replacer = cluster.tags.get(names.TAG_REPLACED_BY, "")
        is_named_so = cluster.id == names.replaced_id(self.operation.target_cluster, replacer)
        return is_named_so and names.has_expired(cluster.tags, self.now)

    def _has(self, tags: Mapping[str, str], made_at: datetime | None) -> bool:
        """Whether another operation onto this target made it, and can never use it again.

        Its age alone does not tell: a copy keeps the time at which the original was taken, and a
        redrive is allowed for 14 days from the last end of an execution, however old that is.
        """
        maker = tags.get(names.TAG_OPERATION)
        if (
            maker in (None, self.operation.operation_id)
            or tags.get(names.TAG_TARGET_CLUSTER) != self.operation.target_cluster
            or made_at is None
            or self.now - made_at <= REDRIVE_WINDOW
        ):
            return False
        recorded = self.store.load(str(maker))
        # Operations are on record for longer than they can be redriven.
        return recorded is None or recorded.is_over(self.now, REDRIVE_WINDOW)
