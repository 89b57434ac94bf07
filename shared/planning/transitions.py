"""How an operation begins, and how it moves on once its request is checked."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from shared.operation.audit import EventType
from shared.operation.operation import Operation
from shared.operation.parts import Hop, ReplacedCluster, SnapshotDetails, SnapshotQuota
from shared.operation.published import Plan
from shared.operation.status import Phase, PhaseTime, Status
from shared.resources import Snapshot


def operation_started(
    operation_id: str,
    execution_arn: str,
    started_at: datetime,
    parameters: Mapping[str, JsonValue],
    target_cluster: str,
) -> Operation:
    """A new operation, also when the parameters turn out to be wrong."""
    operation = Operation(
        operation_id=operation_id,
        status=Status.INITIATED,
        start_time=started_at,
        last_updated_time=started_at,
        waiting_since=started_at,
        parameters=dict(parameters),
        execution_arn=execution_arn,
        initiator=str(parameters.get("initiator") or execution_arn),
        target_cluster=target_cluster,
    )
    return operation.after(
        EventType.OPERATION_STARTED,
        {"parameters": operation.parameters, "initiator": operation.initiator},
        phases={Phase.VALIDATION: PhaseTime(started_at=started_at)},
    )


def snapshot_validated(
    operation: Operation,
    snapshot: Snapshot,
    route: tuple[Hop, ...],
    replaced: ReplacedCluster | None,
    quota: SnapshotQuota | None = None,
) -> Operation:
    """The snapshot is chosen, the route planned, and the target may be restored onto."""
    details = SnapshotDetails(
        source_snapshot_id=snapshot.id,
        snapshot_arn=snapshot.arn,
        snapshot_status=snapshot.status,
        target_snapshot_id=route[-1].snapshot_id if route else None,
        created_at=snapshot.created_at,
        engine=snapshot.engine,
        engine_version=snapshot.engine_version,
        encrypted=snapshot.encrypted,
        kms_key_id=snapshot.kms_key_id,
        encryption=snapshot.encryption,
    )
    return operation.after(
        EventType.SNAPSHOT_VALIDATED,
        {
            "snapshot": details.model_dump(mode="json"),
            "route": [hop.model_dump(mode="json") for hop in route],
            "replaced_cluster": replaced.model_dump(mode="json") if replaced else None,
        },
        status=Status.SNAPSHOT_FOUND,
        snapshot_details=details,
        route=route,
        replaced_cluster=replaced,
        snapshot_quota=quota,
        source_cluster=snapshot.cluster_arn,
        ends=Phase.VALIDATION,
    )


def restore_planned(operation: Operation, plan: Plan) -> Operation:
    """What would be done is worked out; nothing of it will be."""
    return operation.after(
        EventType.RESTORE_PLANNED, {"plan": plan.model_dump(mode="json")}, plan=plan
    )
