"""Leftovers of earlier operations whose time has passed: the next operation removes them.

Only what carries this pipeline's tags and a name that it derived is ever touched. The lock makes
sure that no other operation onto the same target is using it, and the record of the operation that
made it says whether a redrive could still use it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from shared import names
from shared.errors import RestoreError
from shared.gateways.aws import Aws
from shared.gateways.rds.snapshots import Snapshots
from shared.gateways.store import Store
from shared.operation.kind import Kind
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.replacing import final_snapshot
from shared.resources import ENGINE, Cluster, Instance, Snapshot
from shared.settings import REDRIVE_WINDOW, Settings


class Due(NamedTuple):
    """Something whose time has passed; `obstacle` is why it cannot be removed as it is."""

    name: str
    wording: str
    remove: Callable[[], str | None]
    """Returns what people must know though it is removed."""
    obstacle: str | None = None

    def stuck(self, reason: str) -> str:
        """The sentence for people when it stays."""
        return f"{self.wording}, a leftover whose time has passed, could not be removed: {reason}"


class Swept(NamedTuple):
    """What a sweep has come to: ids of what goes, and sentences about what has to stay."""

    removed: tuple[str, ...]
    stuck: tuple[str, ...]


def sweep(operation: Operation, aws: Aws, now: datetime) -> Swept:
    """Start removing what is due; what cannot be removed stays for the next, and is told.

    These are due: anything kept past its expiry, whatever its target, and anything that a failed
    operation for this target left behind and can never use again.
    """
    removed: list[str] = []
    stuck: list[str] = []
    for one in _all_due(operation, aws, now):
        try:
            if one.obstacle is None:
                told = one.remove()
                removed.append(one.name)
                stuck += [told] if told else []
            else:
                stuck.append(one.stuck(one.obstacle))
        # A finished restore does not fail for what others left.
        except RestoreError as error:
            stuck.append(one.stuck(f"{type(error).__name__}: {error}"))
    return Swept(tuple(removed), tuple(stuck))


def due(operation: Operation, aws: Aws, now: datetime) -> Swept:
    """What the sweep of this operation would come to, as far as can be seen now."""
    found = list(_all_due(operation, aws, now))
    return Swept(
        tuple(one.name for one in found if one.obstacle is None),
        tuple(one.stuck(one.obstacle) for one in found if one.obstacle),
    )


def _all_due(operation: Operation, aws: Aws, now: datetime) -> Iterator[Due]:
    region, source = operation.request.target_region, operation.request.source_account_id
    leftovers = _Leftovers(operation, aws.store, now)
    yield from _due_snapshots(leftovers, aws.snapshots(region))
    yield from _due_clusters(leftovers, aws)
    if source and aws.settings.source_role(source):
        yield from _due_in(source, leftovers, aws)


def _due_in(source: str, leftovers: "_Leftovers", aws: Aws) -> Iterator[Due]:
    """What is due in another account; losing sight of it must not fail a finished restore."""
    region = leftovers.operation.request.target_region
    try:
        yield from _due_snapshots(leftovers, aws.snapshots(region, source))
    except RestoreError as error:
        wording, reason = f"whatever is in account {source}", f"{type(error).__name__}: {error}"
        yield Due(source, wording, lambda: None, obstacle=reason)


def _due_clusters(leftovers: "_Leftovers", aws: Aws) -> Iterator[Due]:
    aurora = aws.aurora(leftovers.operation.request.target_region)
    listed = aurora.clusters()
    for cluster in listed:
        if cluster.is_deleting:
            continue
        if leftovers.has_as_replaced(cluster):
            yield from _due_replaced(leftovers, cluster, listed, aws)
        elif leftovers.has_as_candidate(cluster):
            remove = partial(aurora.ensure_emptied_and_deleted, cluster, None, keeps_backups=False)
            obstacle = _obstacle(cluster, aurora.instances(cluster.id), aws.settings)
            yield Due(cluster.id, f"cluster {cluster.id}", remove, obstacle)


def _due_replaced(
    leftovers: "_Leftovers", cluster: Cluster, listed: Sequence[Cluster], aws: Aws
) -> Iterator[Due]:
    """A replaced cluster, unless RDS is taking its final snapshot: meanwhile it is `available`.

    It may be the last of its data when nothing has taken its place, or what has was removed.
    """
    region, final = leftovers.operation.request.target_region, None
    snapshots, aurora = aws.snapshots(region), aws.aurora(region)
    if named := cluster.tags.get(names.TAG_FINAL_SNAPSHOT):
        final = snapshots.find(named)
    obstacle = _obstacle(cluster, aurora.instances(cluster.id), aws.settings)
    if not leftovers.has_successor(listed):
        target = leftovers.operation.target_cluster
        obstacle = f"no working cluster is called {target}. Rename it back, or remove it yourself."
    if final and final.has_failed:
        obstacle = f"its final snapshot {final.id} ended with status {final.status}: delete that."
    elif final and final.cluster_resource_id == cluster.resource_id:
        return
    remove = partial(_remove_replaced, cluster, named, aws, region, leftovers.now)
    yield Due(cluster.id, f"cluster {cluster.id}", remove, obstacle)


def _remove_replaced(
    cluster: Cluster, final: str | None, aws: Aws, region: str, now: datetime
) -> str | None:
    """Start deleting it, and note on its final snapshot how long that is kept."""
    aws.aurora(region).ensure_emptied_and_deleted(
        cluster, final, keeps_backups=aws.settings.keep_automated_backups
    )
    return final_snapshot.label(final, aws, region, now) if final else None


def _obstacle(cluster: Cluster, instances: Sequence[Instance], settings: Settings) -> str | None:
    """Why a cluster cannot be deleted as it is, with its instances."""
    if cluster.engine != ENGINE:
        return f"it is of engine {cluster.engine or 'unknown'}."
    if cluster.is_protected:
        return "it has deletion protection."
    if cluster.is_replicated:
        return "it belongs to a global cluster, or replicates to or from another."
    if not cluster.can_be_renamed:
        return f"its status is {cluster.status}{' and a rename is pending' * cluster.is_available}."
    if barred := [instance.id for instance in instances if not settings.lets_go(instance)]:
        return (
            f"this deployment may not delete its instances {', '.join(barred)}. If they may go, "
            f"give them the tag {names.TAG_TARGET_CLUSTER}, with the id of a replaceable cluster."
        )
    return None


def _due_snapshots(leftovers: "_Leftovers", snapshots: Snapshots) -> Iterator[Due]:
    for snapshot in snapshots.ours():
        is_due = snapshot.has_expired(leftovers.now) or leftovers.has_stranded(snapshot)
        if is_due and not snapshot.is_deleting:
            remove = partial(snapshots.ensure_deleted, snapshot)
            yield Due(snapshot.id, snapshot.wording, remove)


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

    def has_successor(self, listed: Sequence[Cluster]) -> bool:
        """Whether something serves where a replaced cluster did, or will before it is removed."""
        is_planned = self.operation.kind is Kind.PLAN
        target = (one for one in listed if one.id == self.operation.target_cluster)
        return is_planned or any(not one.has_failed and not one.is_deleting for one in target)

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
        return recorded is None or _is_over(recorded, self.now)


def _is_over(operation: Operation, now: datetime) -> bool:
    """Whether it has ended, and its execution cannot be redriven any more."""
    has_lapsed = now - operation.last_updated_time > REDRIVE_WINDOW
    return operation.status is Status.COMPLETED or (
        operation.status is Status.FAILED and has_lapsed
    )
