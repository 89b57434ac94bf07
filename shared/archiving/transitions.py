"""How an operation moves on while its snapshot is exported, and its copies are dealt with."""

from pydantic import JsonValue

from shared import clock
from shared.operation.audit import EventType
from shared.operation.operation import Operation
from shared.operation.parts import SnapshotExport, TemporarySnapshot
from shared.operation.status import Phase, Status
from shared.resources import ExportTask, Snapshot


def export_started(operation: Operation, task: ExportTask) -> Operation:
    """The export of the snapshot that was restored is under way."""
    return operation.after(
        EventType.EXPORT_STARTED,
        {"snapshot_arn": task.source_arn, "task_id": task.id, "location": task.location},
        export=_seen(task),
        waiting_since=clock.now(),
    )


def export_status_checked(operation: Operation, task: ExportTask) -> Operation:
    """The export is still under way."""
    return operation.after(EventType.EXPORT_STATUS_CHECKED, _details(task), export=_seen(task))


def export_completed(operation: Operation, task: ExportTask) -> Operation:
    """The data is exported, so the temporary snapshots may go."""
    return operation.after(
        EventType.EXPORT_COMPLETED,
        {**_details(task), "location": task.location},
        export=_seen(task),
        waiting_since=clock.now(),
        starts=Phase.ARCHIVE,
        ends=Phase.EXPORT,
    )


def snapshot_delete_started(operation: Operation, copy: Snapshot) -> Operation:
    """RDS was asked to delete a temporary snapshot."""
    return operation.after(EventType.SNAPSHOT_DELETE_STARTED, _place(copy))


def snapshot_delete_status_checked(operation: Operation, copy: Snapshot) -> Operation:
    """A temporary snapshot is still being deleted."""
    return operation.after(EventType.SNAPSHOT_DELETE_STATUS_CHECKED, _place(copy))


def snapshot_deleted(operation: Operation, copy: TemporarySnapshot) -> Operation:
    """A temporary snapshot is gone."""
    others = tuple(snapshot for snapshot in operation.temporary_snapshots if snapshot != copy)
    return operation.after(
        EventType.SNAPSHOT_DELETED, copy.model_dump(mode="json"), temporary_snapshots=others
    )


def snapshots_archived(
    operation: Operation, swept: tuple[str, ...], stuck: tuple[str, ...]
) -> Operation:
    """Every temporary snapshot is dealt with.

    `swept` are leftovers of other operations that go, `stuck` says of others why they stay.
    """
    return operation.after(
        EventType.SNAPSHOTS_ARCHIVED,
        {"archive": operation.request.archive, "swept": list(swept), "not_swept": list(stuck)},
        status=Status.SNAPSHOT_ARCHIVED,
        stuck_leftovers=(*operation.stuck_leftovers, *stuck),
        ends=Phase.ARCHIVE,
    )


def _details(task: ExportTask) -> dict[str, JsonValue]:
    return {"task_id": task.id, "status": task.status, "percent_progress": task.percent}


def _place(copy: Snapshot) -> dict[str, JsonValue]:
    return {"snapshot_id": copy.id, "region": copy.region}


def _seen(task: ExportTask) -> SnapshotExport:
    return SnapshotExport(
        task_id=task.id,
        location=task.location,
        status=task.status,
        percent_progress=task.percent,
        warning=task.warning,
        is_complete=task.is_complete,
    )
