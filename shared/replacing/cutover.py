"""The cut-over of `swap`: the old cluster aside, the candidate in; and the way back.

    target id      old ─(1)─▶ free ─(2)─▶ restored      proven by a login: the old one may go
    candidate id   restored ─────(2)─▶
    replaced id        (1)─▶ old                        not proven: back, (2) first, then (1)

One rename per call, decided from where the clusters are now. A rename that an earlier call made,
and did not live to record, is recorded and not made again.
"""

from typing import NamedTuple

from shared.errors import NotOurs, ResourceBusy, RestoreFailed
from shared.gateways.aws import Aws
from shared.gateways.rds.clusters import Aurora
from shared.operation import progress
from shared.operation.operation import Operation
from shared.operation.parts import Cutover
from shared.operation.progress import Phase, Status
from shared.replacing import guard_rails
from shared.resources import Cluster


class Clusters(NamedTuple):
    """The replaced cluster and its successor, wherever they are; `None` is nowhere."""

    old: Cluster | None
    new: Cluster | None

    @property
    def statuses(self) -> dict[str, str]:
        return {one.id: one.status for one in self if one}


def advance(operation: Operation, aws: Aws) -> Operation:
    """Make the next move toward the restored cluster serving under the target id."""
    request, target = operation.request, operation.target_cluster
    aurora = aws.aurora(request.target_region)
    clusters = find(operation, aurora)
    old, new = clusters
    progress.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Replacing cluster {target}"
    )
    if new is None or new.has_failed:
        raise RestoreFailed(
            f"The restored cluster {operation.restored_id} in {request.target_region} is gone or "
            "has failed, so it cannot replace anything."
        )
    if old is not None and old.id == target and not old.is_renaming:
        guard_rails.check_replaceable(old, request, aws.settings)
        if not (old.is_settled and new.is_settled):
            return operation.cutover_seen(clusters.statuses)
        aurora.rename(old, operation.aside_id)
        return operation.moving_aside(old)
    if operation.cutover is None:
        return operation.moving_aside(old)
    if old is not None and old.id == target:
        return operation.cutover_seen(clusters.statuses)
    if new.id != target and not new.is_renaming:
        if not new.is_settled:
            return operation.cutover_seen(clusters.statuses)
        aurora.rename(new, target)
        return operation.moving_in()
    if operation.cutover is Cutover.ASIDE:
        return operation.moving_in()
    if not new.is_settled:
        return operation.cutover_seen(clusters.statuses)
    return operation.target_served(new)


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
    if any(one is not None and one.is_renaming for one in clusters):
        raise ResourceBusy(f"Clusters are being renamed: {clusters.statuses}.")
    if old is None or old.id == target:
        return operation if operation.cutover is None else operation.undone(new)
    if new is not None and new.id == target:
        aurora.rename(new, operation.restored_id)
        return operation.undoing(target, operation.restored_id)
    aurora.rename(old, target)
    return operation.undoing(old.id, target)


def find(operation: Operation, aurora: Aurora) -> Clusters:
    """Look under all three ids. A cluster that is being renamed is found where it comes from.

    Raises `NotOurs` when somebody else's cluster has the target id.
    """
    ids = (operation.restored_id, operation.target_cluster, operation.aside_id)
    there = [cluster for name in ids if (cluster := aurora.cluster(name))]
    old = [one for one in there if one.resource_id == operation.replaced.resource_id]
    new = [one for one in there if one.was_made_by(operation.operation_id)]
    strangers = [one for one in there if one not in (*old, *new)]
    if strangers:
        raise NotOurs(
            f"Cluster {strangers[0].id} is neither the one that was to be replaced nor the one "
            "that was restored. It stays. Rename or remove it."
        )
    return Clusters(old[0] if old else None, new[0] if new else None)
