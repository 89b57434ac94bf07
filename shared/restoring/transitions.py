"""How an operation moves on while its cluster is restored, move by move."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from shared import clock
from shared.operation.audit import EventType
from shared.operation.operation import Operation
from shared.operation.parts import Move, RestoreDetails
from shared.operation.status import Phase, Status
from shared.resources import Cluster, Instance


def restore_started(operation: Operation, cluster: Cluster) -> Operation:
    """The cluster is being restored from the snapshot."""
    request = operation.request
    details: dict[str, JsonValue] = {
        "source_snapshot_id": operation.restorable_snapshot,
        "target_cluster_id": cluster.id,
        "parameters": {
            "db_instance_class": request.db_instance_class,
            "vpc_security_group_ids": list(request.vpc_security_group_ids),
            "db_subnet_group_name": request.db_subnet_group_name,
        },
    }
    return _moving(operation, EventType.RESTORE_STARTED, details, Move.CLUSTER, cluster, {})


def instances_started(
    operation: Operation, cluster: Cluster, instances: Sequence[Instance]
) -> Operation:
    """The instances are being created, or were created before."""
    statuses = _statuses(instances)
    details: dict[str, JsonValue] = {"instances": list(statuses)}
    return _moving(
        operation, EventType.INSTANCES_STARTED, details, Move.INSTANCES, cluster, statuses
    )


def master_password_started(
    operation: Operation, cluster: Cluster, instances: Sequence[Instance], secret_version: str
) -> Operation:
    """The master user is getting the password of this version of the admin secret."""
    details: dict[str, JsonValue] = {"master_username": cluster.master_username}
    return _moving(
        operation.model_copy(update={"master_secret_version": secret_version}),
        EventType.MASTER_PASSWORD_STARTED,
        details,
        Move.MASTER_PASSWORD,
        cluster,
        _statuses(instances),
    )


def restore_status_checked(
    operation: Operation, cluster: Cluster, instances: Sequence[Instance], *, is_finished: bool
) -> Operation:
    """The move was checked; when it is finished, another one follows."""
    return operation.after(
        EventType.RESTORE_STATUS_CHECKED,
        _details(operation, cluster, instances),
        status=Status.RESTORE_IN_PROGRESS,
        move_under_way=None if is_finished else operation.move_under_way,
        restore_details=_seen(cluster, _statuses(instances)),
    )


def restore_completed(
    operation: Operation, cluster: Cluster, instances: Sequence[Instance]
) -> Operation:
    """The last move is finished."""
    return operation.after(
        EventType.RESTORE_COMPLETED,
        _details(operation, cluster, instances),
        status=Status.RESTORE_COMPLETED,
        move_under_way=None,
        restore_details=_seen(cluster, _statuses(instances)),
        ends=Phase.RESTORE,
        starts=Phase.USERS,
    )


def _moving(
    operation: Operation,
    event: EventType,
    details: Mapping[str, JsonValue],
    move: Move,
    cluster: Cluster,
    instances: dict[str, str],
) -> Operation:
    """The move was made, and is under way; `instances` are ids and statuses."""
    return operation.after(
        event,
        details,
        status=Status.RESTORE_IN_PROGRESS,
        move_under_way=move,
        restore_details=_seen(cluster, instances),
        waiting_since=clock.now(),
        starts=Phase.RESTORE,
    )


def _details(
    operation: Operation, cluster: Cluster, instances: Sequence[Instance]
) -> dict[str, JsonValue]:
    return {
        "move": operation.move_under_way,
        "cluster_status": cluster.status,
        "instances": dict(_statuses(instances)),
    }


def _statuses(instances: Sequence[Instance]) -> dict[str, str]:
    return {instance.id: instance.status for instance in instances}


def _seen(cluster: Cluster, instances: dict[str, str]) -> RestoreDetails:
    return RestoreDetails(
        cluster_id=cluster.id,
        cluster_status=cluster.status,
        writer_endpoint=cluster.endpoint,
        reader_endpoint=cluster.reader_endpoint,
        port=cluster.port,
        instances=instances,
    )
