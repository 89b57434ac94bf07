"""The leftovers of an operation, in words: what it is, and what it costs or why it is there.

A step that failed may have created something that it could no longer record; since names are
derived from the operation, it can be listed anyway.
"""

from collections.abc import Iterator

from shared.errors import ExportFailed
from shared.operation.operation import Operation
from shared.operation.parts import Cutover, RenamedAside, TemporarySnapshot
from shared.operation.status import Phase, Status
from shared.steps import Step

_SNAPSHOT = "billed as snapshot storage until it is deleted"
_CLUSTER = "its storage is billed until it is deleted"
_INSTANCE = "billed for every hour it exists"


def of(operation: Operation) -> tuple[str, ...]:
    """All that the operation made and has not finished or removed, and could not sweep."""
    if operation.abandoned_by:
        return ()
    if operation.status is Status.COMPLETED:
        return operation.stuck_leftovers
    return (*_noted(operation), *_possible(operation), *operation.stuck_leftovers)


def snapshots(operation: Operation) -> tuple[TemporarySnapshot, ...]:
    """The temporary snapshots that a failure left; what is kept on request is none."""
    return () if operation.status is Status.COMPLETED else operation.temporary_snapshots


def renamed_aside(operation: Operation) -> RenamedAside | None:
    """The replaced cluster under the name that it has, or may have, until it is dealt with."""
    if _is_removal_over(operation):
        return None
    if operation.abandoned_aside:
        return operation.abandoned_aside
    is_begun = operation.cutover is not None or operation.undo_barred_since is not None
    if not (operation.swaps and is_begun):
        return None
    replaced = operation.replaced.model_dump() | {"cluster_id": operation.renamed_id}
    return RenamedAside(**replaced, is_proven=operation.cutover is Cutover.PROVEN)


def _is_removal_over(operation: Operation) -> bool:
    """Whether the cluster that was to go is gone, or is kept on request."""
    deleting = operation.phases.get(Phase.DELETE)
    return deleting is not None and deleting.ended_at is not None


def _noted(operation: Operation) -> Iterator[str]:
    for snapshot in operation.temporary_snapshots:
        yield f"temporary snapshot {snapshot.snapshot_id} in {snapshot.where} ({_SNAPSHOT})"
    if operation.export and not operation.export.is_complete and not _has_export_failed(operation):
        yield f"export {operation.export.task_id}, perhaps still under way"
    yield from _to_be_removed(operation)
    if operation.restore_details is None:
        return
    where = operation.request.target_region
    yield f"cluster {operation.restored.cluster_id} in {where} ({_CLUSTER})"
    instance_class = operation.request.db_instance_class
    for name in operation.restored.instances:
        yield f"instance {name} in {where} ({instance_class}, {_INSTANCE})"


def _to_be_removed(operation: Operation) -> Iterator[str]:
    """Clusters that were to go, and of which nobody has seen that they are gone."""
    if _is_removal_over(operation):
        return
    if (aside := renamed_aside(operation)) and aside.is_proven:
        where = operation.request.target_region
        yield f"cluster {aside.cluster_id} in {where}, which was replaced ({_CLUSTER})"
    if begun := operation.abandoned_cluster:
        where = operation.request.target_region
        yield f"perhaps cluster {begun} in {where} ({_CLUSTER})"


def _possible(operation: Operation) -> Iterator[str]:
    if operation.failed_in(Step.COPY_SNAPSHOT):
        copy = TemporarySnapshot.of(operation.next_hop)
        yield f"perhaps temporary snapshot {copy.snapshot_id} in {copy.where} ({_SNAPSHOT})"
    if operation.failed_in(Step.ARCHIVE_SNAPSHOT) and _may_have_started_export(operation):
        yield f"perhaps a running export of snapshot {operation.restorable_snapshot}"
    if operation.undo_barred_since:
        yield (
            f"perhaps cluster {operation.renamed_id} in {operation.request.target_region}, which "
            f"was to be replaced: rename it back to {operation.target_cluster}"
        )
    if not operation.failed_in(Step.RESTORE_SNAPSHOT):
        return
    where = operation.request.target_region
    if operation.restore_details is None:
        yield f"perhaps cluster {operation.restored_id} in {where} ({_CLUSTER})"
        return
    instance_class = operation.request.db_instance_class
    for name in operation.instance_ids:
        if name not in operation.restored.instances:
            yield f"perhaps instance {name} in {where} ({instance_class}, {_INSTANCE})"


def _has_export_failed(operation: Operation) -> bool:
    return operation.error is not None and operation.error.name == ExportFailed.__name__


def _may_have_started_export(operation: Operation) -> bool:
    return operation.is_export_due and operation.export is None
