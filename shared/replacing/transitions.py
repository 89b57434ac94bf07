"""How an operation moves on while its cluster takes the place of another one.

With `delete_first` the replaced cluster goes before the restore; with `swap` it is renamed when
its successor is proven, and goes when the successor is proven again under the target id.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from shared import clock
from shared.operation.audit import EventType
from shared.operation.operation import Operation
from shared.operation.parts import Cutover, RestoreDetails
from shared.operation.status import Phase, Status
from shared.resources import Cluster


def delete_started(operation: Operation, what: Mapping[str, JsonValue]) -> Operation:
    """A move toward freeing the target id was made; `what` says which."""
    return operation.after(
        EventType.DELETE_STARTED,
        what,
        status=Status.CUTOVER_IN_PROGRESS,
        deletion_asked_at=clock.now() if "cluster_id" in what else operation.deletion_asked_at,
        waiting_since=clock.now(),
        starts=Phase.DELETE,
    )


def delete_status_checked(operation: Operation, what: Mapping[str, JsonValue]) -> Operation:
    """The deletion is still under way."""
    return operation.after(
        EventType.DELETE_STATUS_CHECKED,
        what,
        status=Status.CUTOVER_IN_PROGRESS,
        starts=Phase.DELETE,
    )


def target_freed(operation: Operation) -> Operation:
    """Nothing has the target id any more."""
    replaced = operation.replaced_cluster
    return operation.after(
        EventType.TARGET_FREED,
        {"replaced_cluster": replaced.model_dump(mode="json") if replaced else None},
        status=Status.CUTOVER_COMPLETED,
        starts=Phase.DELETE,
        ends=Phase.DELETE,
    )


def cutover_started(operation: Operation, old: Cluster | None) -> Operation:
    """The replaced cluster is renamed away, or is away already."""
    return operation.after(
        EventType.CUTOVER_STARTED,
        {
            "cluster_id": operation.target_cluster,
            "renamed_to": operation.renamed_id,
            "is_there": bool(old),
        },
        status=Status.CUTOVER_IN_PROGRESS,
        cutover=Cutover.RENAMED_AWAY,
        waiting_since=clock.now(),
        starts=Phase.DELETE,
    )


def candidate_moved_in(operation: Operation) -> Operation:
    """The candidate is promoted: it takes the target id."""
    return operation.after(
        EventType.CANDIDATE_MOVED_IN,
        {"cluster_id": operation.restored_id, "renamed_to": operation.target_cluster},
        cutover=Cutover.PROMOTED,
        waiting_since=clock.now(),
    )


def cutover_status_checked(
    operation: Operation, statuses: Mapping[str, JsonValue], *, cutover: Cutover | None = None
) -> Operation:
    """A move of the cut-over is still under way; `statuses` are those of both clusters."""
    return operation.after(
        EventType.CUTOVER_STATUS_CHECKED,
        {"clusters": dict(statuses)},
        status=Status.CUTOVER_IN_PROGRESS,
        cutover=cutover or operation.cutover,
    )


def target_served(operation: Operation, cluster: Cluster) -> Operation:
    """The restored cluster has the target id; whether it works there is to be proven."""
    return operation.after(
        EventType.TARGET_SERVED,
        {
            "cluster_id": cluster.id,
            "writer_endpoint": cluster.endpoint,
            "is_certificate_renewed": operation.is_certificate_renewed,
        },
        cutover=Cutover.PROOF_DUE,
        restore_details=_now_at(operation, cluster),
    )


def certificate_renewal_started(operation: Operation, cluster: Cluster) -> Operation:
    """The restored cluster stops, to be started again with a certificate of its new name."""
    return operation.after(
        EventType.CERTIFICATE_RENEWAL_STARTED,
        {"cluster_id": cluster.id},
        cutover=Cutover.STOPPING,
        is_certificate_renewed=True,
        waiting_since=clock.now(),
    )


def restored_cluster_started(
    operation: Operation, cluster: Cluster, cutover: Cutover | None
) -> Operation:
    """The restored cluster had stopped, for its certificate or by somebody, and starts again."""
    return operation.after(
        EventType.RESTORED_CLUSTER_STARTED,
        {"cluster_id": cluster.id},
        cutover=cutover,
        status=Status.CUTOVER_IN_PROGRESS,
        waiting_since=clock.now(),
    )


def replaced_cluster_kept(operation: Operation, until: datetime) -> Operation:
    """The replaced cluster stays for a time, under its new name."""
    return operation.after(
        EventType.REPLACED_CLUSTER_KEPT,
        {"cluster_id": operation.renamed_id, "until": clock.iso(until)},
    )


def cutover_completed(operation: Operation) -> Operation:
    """The restored cluster serves, and the replaced one is dealt with."""
    return operation.after(
        EventType.CUTOVER_COMPLETED,
        {"cluster_id": operation.target_cluster},
        status=Status.CUTOVER_COMPLETED,
        waiting_since=clock.now(),
        starts=operation.last_phase,
        ends=Phase.DELETE,
    )


def cutover_undo_started(operation: Operation, cluster_id: str, renamed_to: str) -> Operation:
    """A move of the cut-over is being rolled back; what was proven before no longer counts."""
    is_of_new = renamed_to == operation.restored_id
    moved = operation.restored.model_copy(update={"cluster_id": renamed_to})
    return operation.after(
        EventType.CUTOVER_UNDO_STARTED,
        {"cluster_id": cluster_id, "renamed_to": renamed_to},
        cutover=Cutover.RENAMED_AWAY,
        restore_details=moved if is_of_new else operation.restore_details,
        is_certificate_renewed=False,
        undo_barred_since=None,
        waiting_since=clock.now(),
    )


def cutover_undo_barred(operation: Operation) -> Operation:
    """The rollback is blocked, perhaps for a time; the replaced cluster may have either name."""
    return operation.after(
        EventType.CUTOVER_UNDO_BARRED,
        {
            "cluster_id": operation.target_cluster,
            "perhaps_renamed_to": operation.renamed_id,
        },
        cutover=Cutover.RENAMED_AWAY,
        undo_barred_since=clock.now(),
    )


def cutover_undone(operation: Operation, new: Cluster | None) -> Operation:
    """The replaced cluster serves again under its own name."""
    return operation.after(
        EventType.CUTOVER_UNDONE,
        {"cluster_id": operation.target_cluster},
        cutover=None,
        absent_since=None,
        undo_barred_since=None,
        restore_details=_now_at(operation, new) if new else operation.restore_details,
    )


def _now_at(operation: Operation, cluster: Cluster) -> RestoreDetails:
    """The restored cluster under the id that it has now."""
    return operation.restored.model_copy(
        update={
            "cluster_id": cluster.id,
            "cluster_status": cluster.status,
            "writer_endpoint": cluster.endpoint,
            "reader_endpoint": cluster.reader_endpoint,
            "port": cluster.port,
        }
    )
