"""How an operation moves on while its snapshot is copied, hop by hop."""

from pydantic import JsonValue

from shared import clock
from shared.operation.audit import EventType
from shared.operation.operation import Operation
from shared.operation.parts import SnapshotDetails, TemporarySnapshot
from shared.operation.status import Phase, Status
from shared.resources import Snapshot


def copy_started(operation: Operation, copy: Snapshot) -> Operation:
    """The next hop is under way."""
    hop = operation.next_hop
    made = TemporarySnapshot.of(hop)
    earlier = (snapshot for snapshot in operation.temporary_snapshots if snapshot != made)
    return operation.after(
        EventType.COPY_STARTED,
        {
            "source_snapshot_arn": hop.source_arn,
            "target_snapshot_id": hop.snapshot_id,
            "target_region": hop.region,
            "target_account_id": hop.account_id,
            "kms_key_id": hop.kms_key_id,
        },
        status=Status.COPY_IN_PROGRESS,
        hop_under_way=True,
        snapshot_details=_seen(operation, copy),
        temporary_snapshots=(*earlier, made),
        waiting_since=clock.now(),
        starts=Phase.COPY,
    )


def copy_status_checked(operation: Operation, copy: Snapshot) -> Operation:
    """The hop is still under way."""
    return operation.after(
        EventType.COPY_STATUS_CHECKED, _details(copy), snapshot_details=_seen(operation, copy)
    )


def copy_completed(operation: Operation, copy: Snapshot) -> Operation:
    """The hop's snapshot is available; the last one completes the copy phase."""
    is_last = operation.hops_done + 1 == len(operation.route)
    return operation.after(
        EventType.COPY_COMPLETED,
        _details(copy),
        status=Status.COPY_COMPLETED if is_last else Status.COPY_IN_PROGRESS,
        hops_done=operation.hops_done + 1,
        hop_under_way=False,
        snapshot_details=_seen(operation, copy),
        waiting_since=clock.now(),
        ends=Phase.COPY if is_last else None,
    )


def _details(copy: Snapshot) -> dict[str, JsonValue]:
    return {
        "target_snapshot_id": copy.id,
        "snapshot_status": copy.status,
        "percent_progress": copy.percent,
    }


def _seen(operation: Operation, copy: Snapshot) -> SnapshotDetails:
    return operation.snapshot.model_copy(
        update={"snapshot_status": copy.status, "percent_progress": copy.percent}
    )
