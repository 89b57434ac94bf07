"""The cut-over of `swap`: the old cluster renamed away, the candidate promoted; and the way back.

    target id      old ─(1)─▶ free ─(2)─▶ restored      proven by a login: the old one may go
    candidate id   restored ─────(2)─▶
    replaced id        (1)─▶ old                        not proven: back, (2) first, then (1)

One rename per call, decided from where the clusters are now. A rename that an earlier call made,
and did not live to record, is recorded and not made again.

After (2) a restored cluster may still have the certificate of the candidate's name. The Aurora user
guide (*Modifying an Amazon Aurora DB cluster*) renews it by stopping and starting the cluster, so
that is done where `setup_db_users` has seen such a certificate.
"""

from typing import assert_never

from shared import clock
from shared.errors import ResourceBusy, RestoreFailed
from shared.gateways.aws import Aws
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.parts import Cutover
from shared.operation.status import Phase, Status
from shared.replacing import guard_rails
from shared.replacing.places import Clusters, Place, find
from shared.replacing.transitions import (
    candidate_moved_in,
    certificate_renewal_started,
    cutover_started,
    cutover_status_checked,
    cutover_undo_started,
    cutover_undone,
    restored_cluster_started,
    target_served,
)
from shared.resources import Cluster


def advance(operation: Operation, aws: Aws) -> Operation:
    """Make the next move toward the restored cluster serving under the target id."""
    target = operation.target_cluster
    clusters = find(operation, aws.aurora(operation.request.target_region))
    waiting.check_deadline(
        operation, Phase.DELETE, aws.settings.deadlines, f"Replacing cluster {target}"
    )
    operation = _noting_absence(operation, clusters)
    if clusters.is_one_missing and not _is_gone(operation):
        return cutover_status_checked(operation, clusters.statuses)
    new = _usable(clusters.new, operation)
    if operation.cutover is Cutover.CERTIFICATE_OUTDATED and new.is_stopping:
        return certificate_renewal_started(operation, new)
    if new.is_stopped:
        return _start(operation, new, aws)
    place = clusters.place(target)
    return _recorded(operation, place, clusters) or _move(operation, place, clusters.old, new, aws)


def _usable(new: Cluster | None, operation: Operation) -> Cluster:
    """The restored cluster, which may have stopped; raises `RestoreFailed` if it is lost."""
    if new is None or (new.has_failed and not new.is_stopped):
        raise RestoreFailed(
            f"The restored cluster {operation.restored_id} in {operation.request.target_region} "
            "was deleted or has failed, so it cannot replace anything."
        )
    return new


def _move(
    operation: Operation, place: Place, old: Cluster | None, new: Cluster, aws: Aws
) -> Operation:
    match place:
        case Place.OLD_SERVES if old and (old.can_be_renamed or old.has_failed) and new.is_stable:
            return _rename_away(operation, old, aws)
        case Place.FREE if new.is_stable:
            return _move_in(operation, old, new, aws)
        case Place.NEW_SERVES if new.is_stable:
            return _serve(operation, new, aws)
        case _:
            return cutover_status_checked(operation, Clusters(old, new).statuses)


def _start(operation: Operation, new: Cluster, aws: Aws) -> Operation:
    """Start the restored cluster, which has stopped for its certificate, or by somebody's hand."""
    aws.aurora(operation.request.target_region).start(new)
    was_due = operation.cutover is Cutover.STOPPING
    cutover = Cutover.STARTING if was_due else operation.cutover
    return restored_cluster_started(operation, new, cutover)


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


def _rename_away(operation: Operation, old: Cluster, aws: Aws) -> Operation:
    aurora = aws.aurora(operation.request.target_region)
    guard_rails.check_with_all_it_has(old, aurora.instances(old.id), operation.request, aws)
    aurora.rename(old, operation.renamed_id)
    return cutover_started(operation, old)


def _move_in(operation: Operation, old: Cluster | None, new: Cluster, aws: Aws) -> Operation:
    """Promote the candidate, once nobody can go on working in the old cluster unnoticed.

    Sessions do not care about names: what was connected stays connected to the old cluster, and
    would write there for as long as it exists. A reboot ends them, whatever their passwords are.
    """
    aurora = aws.aurora(operation.request.target_region)
    if old is not None:
        for instance in aurora.instances(old.id):
            aurora.ensure_rebooted(instance)
    aurora.rename(new, operation.target_cluster)
    return candidate_moved_in(operation)


def _serve(operation: Operation, new: Cluster, aws: Aws) -> Operation:
    """Have the new cluster proven; before that, once its certificate was seen to be outdated,
    stopped and started."""
    match operation.cutover:
        case Cutover.CERTIFICATE_OUTDATED:
            aws.aurora(operation.request.target_region).stop(new)
            return certificate_renewal_started(operation, new)
        case Cutover.STOPPING:
            # Right after the call RDS may still say what it said before. Later on it was started
            # by a call that did not live to record it, or by somebody: the proof looks again.
            waiting.check_not_just_started(operation, f"The stop of cluster {new.id}")
            return target_served(operation, new)
        case Cutover.RENAMED_AWAY | Cutover.PROMOTED | Cutover.STARTING | Cutover.PROOF_DUE:
            return target_served(operation, new)
        case None | Cutover.PROVEN:
            raise ResourceBusy(f"The cut-over to {new.id} is recorded by another call.")
        case unknown:
            assert_never(unknown)


def needs_undoing(operation: Operation) -> bool:
    """Whether an execution that ended here may have left the target id without its cluster."""
    is_begun = operation.status in (Status.USERS_CONFIGURED, Status.CUTOVER_IN_PROGRESS)
    return operation.swaps and is_begun and operation.cutover is not Cutover.PROVEN


def called_off(operation: Operation) -> Operation:
    """The operation with no proof due: one that is still running, and comes later, counts no more.

    It does not find the version that it has read.
    """
    return cutover_status_checked(operation, {}, cutover=Cutover.PROMOTED)


def undo(operation: Operation, aws: Aws) -> Operation:
    """Make the next move back; its `cutover` is `None` when the replaced cluster serves again.

    Raises `ResourceBusy` while a move is under way: no other can be made until it is over.
    """
    aurora, target = aws.aurora(operation.request.target_region), operation.target_cluster
    clusters = find(operation, aurora)
    old, new = clusters
    if clusters.are_renaming:
        raise ResourceBusy(f"Clusters are being renamed: {clusters.statuses}.")
    operation = _noting_absence(operation, clusters)
    if old is None and not _is_gone(operation):
        return cutover_status_checked(
            operation, clusters.statuses, cutover=operation.cutover or Cutover.RENAMED_AWAY
        )
    if old is None or old.id == target:
        return operation if operation.cutover is None else cutover_undone(operation, new)
    if new is not None and new.id == target:
        if new.is_stopped:
            aurora.start(new)
            return restored_cluster_started(operation, new, Cutover.PROMOTED)
        aurora.rename(new, operation.restored_id)
        return cutover_undo_started(operation, target, operation.restored_id)
    aurora.rename(old, target)
    return cutover_undo_started(operation, old.id, target)


def _noting_absence(operation: Operation, clusters: Clusters) -> Operation:
    """The operation with the time since which one of the clusters has not been found."""
    since = (operation.absent_since or clock.now()) if clusters.is_one_missing else None
    return operation.model_copy(update={"absent_since": since})


def _is_gone(operation: Operation) -> bool:
    """Whether what is missing has been missing for longer than any rename can hide it."""
    since = operation.absent_since
    return since is not None and clock.now() - since > waiting.LONGEST_ABSENCE
