"""The cut-over of `swap`: the old cluster renamed away, the candidate promoted; and the way back.

    target id      old ─(1)─▶ free ─(2)─▶ restored      proven by a login: the old one may go
    candidate id   restored ─────(2)─▶
    replaced id        (1)─▶ old                        not proven: back, (2) first, then (1)

One rename per call, decided from where the clusters are now. A rename that an earlier call made,
and did not live to record, is recorded and not made again.
"""

from enum import Enum, auto
from typing import NamedTuple

from shared.errors import NotOurs, ResourceBusy, RestoreFailed
from shared.gateways.aws import Aws
from shared.gateways.rds.clusters import Aurora
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.parts import Cutover
from shared.operation.status import Phase, Status
from shared.replacing import guard_rails
from shared.replacing.transitions import (
    candidate_moved_in,
    cutover_started,
    cutover_status_checked,
    cutover_undo_started,
    cutover_undone,
    target_served,
)
from shared.resources import Cluster


class Place(Enum):
    """Who has the target id, in the order in which a cut-over gets there."""

    OLD_SERVES = auto()
    OLD_LEAVES = auto()
    FREE = auto()
    NEW_ARRIVES = auto()
    NEW_SERVES = auto()


class Clusters(NamedTuple):
    """The replaced cluster and its successor, wherever they are; `None` is nowhere.

    A cluster that is being renamed still has its old id.
    """

    old: Cluster | None
    new: Cluster | None

    @property
    def statuses(self) -> dict[str, str]:
        return {cluster.id: cluster.status for cluster in self if cluster}

    @property
    def are_renaming(self) -> bool:
        return any(cluster.is_renaming for cluster in self if cluster)

    def place(self, target: str) -> Place:
        """Who has the target id."""
        if self.old and self.old.id == target:
            return Place.OLD_LEAVES if self.old.is_renaming else Place.OLD_SERVES
        if self.new and self.new.id == target:
            return Place.NEW_SERVES
        return Place.NEW_ARRIVES if self.new and self.new.is_renaming else Place.FREE


def advance(operation: Operation, aws: Aws) -> Operation:
    """Make the next move toward the restored cluster serving under the target id."""
    request, target = operation.request, operation.target_cluster
    aurora = aws.aurora(request.target_region)
    clusters = find(operation, aurora)
    old, new = clusters
    waiting.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Replacing cluster {target}"
    )
    if new is None or new.has_failed:
        raise RestoreFailed(
            f"The restored cluster {operation.restored_id} in {request.target_region} was deleted "
            "or has failed, so it cannot replace anything."
        )
    place = clusters.place(target)
    if recorded := _recorded(operation, place, clusters):
        return recorded
    match place:
        case Place.OLD_SERVES if old:
            return _rename_away(operation, old, new, aws)
        case Place.FREE if new.is_stable:
            aurora.rename(new, target)
            return candidate_moved_in(operation)
        case Place.NEW_SERVES if new.is_stable:
            return target_served(operation, new)
        case _:
            return cutover_status_checked(operation, clusters.statuses)


def _recorded(operation: Operation, place: Place, clusters: Clusters) -> Operation | None:
    """The operation with the rename that must have led here, if it is not recorded yet."""
    if place is Place.OLD_SERVES:
        return None
    if operation.cutover is None:
        return cutover_started(operation, clusters.old)
    is_promoted = place in (Place.NEW_ARRIVES, Place.NEW_SERVES)
    if is_promoted and operation.cutover is Cutover.RENAMED_AWAY:
        return candidate_moved_in(operation)
    return None


def _rename_away(operation: Operation, old: Cluster, new: Cluster, aws: Aws) -> Operation:
    """Rename the old cluster, as soon as both can be renamed."""
    guard_rails.check_replaceable(old, operation.request, aws.settings)
    if not (old.is_stable and new.is_stable):
        return cutover_status_checked(operation, Clusters(old, new).statuses)
    aws.aurora(operation.request.target_region).rename(old, operation.renamed_id)
    return cutover_started(operation, old)


def needs_undoing(operation: Operation) -> bool:
    """Whether an execution that ended here may have left the target id without its cluster."""
    is_begun = operation.status in (Status.USERS_CONFIGURED, Status.CUTOVER_IN_PROGRESS)
    return operation.swaps and is_begun and operation.cutover is not Cutover.PROVEN


def undo(operation: Operation, aws: Aws) -> Operation:
    """Make the next move back; its `cutover` is `None` when the replaced cluster serves again.

    Raises `ResourceBusy` while a move is under way: no other can be made until it is over.
    """
    aurora, target = aws.aurora(operation.request.target_region), operation.target_cluster
    clusters = find(operation, aurora)
    old, new = clusters
    if clusters.are_renaming:
        raise ResourceBusy(f"Clusters are being renamed: {clusters.statuses}.")
    if old is None or old.id == target:
        return operation if operation.cutover is None else cutover_undone(operation, new)
    if new is not None and new.id == target:
        aurora.rename(new, operation.restored_id)
        return cutover_undo_started(operation, target, operation.restored_id)
    aurora.rename(old, target)
    return cutover_undo_started(operation, old.id, target)


def find(operation: Operation, aurora: Aurora) -> Clusters:
    """Look for both clusters under all three ids.

    Raises `NotOurs` when somebody else's cluster has one of them.
    """
    ids = (operation.restored_id, operation.target_cluster, operation.renamed_id)
    existing = [cluster for name in ids if (cluster := aurora.cluster(name))]
    old = [one for one in existing if one.resource_id == operation.replaced.resource_id]
    new = [one for one in existing if one.was_made_by(operation.operation_id)]
    unknown = [one for one in existing if one not in (*old, *new)]
    if unknown:
        raise NotOurs(
            f"Cluster {unknown[0].id} is neither the one that was to be replaced nor the one "
            "that was restored. It was not touched. Rename or remove it yourself."
        )
    return Clusters(old[0] if old else None, new[0] if new else None)
