"""The operation: one restore, from request to notification, and the versions it goes through.

An operation is a value. It makes its own next versions; each of them carries the audit events
that tell how it came about, and the store writes both together. It never talks to AWS.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import JsonValue

from shared import clock
from shared.audit import AuditEvent, EventType, Failure, Outcome
from shared.facts import Cluster, ExportTask, Instance, Snapshot
from shared.metrics import Metrics, PhaseTime
from shared.progress import Phase, Status
from shared.route import Hop
from shared.state import (
    Move,
    Notification,
    OperationState,
    ReplacedCluster,
    RestoreDetails,
    SnapshotDetails,
    SnapshotExport,
    TemporarySnapshot,
)


class Operation(OperationState):
    """A restore that can go on; every method returns the version that comes next."""

    @classmethod
    def begin(
        cls,
        operation_id: str,
        execution_arn: str,
        started_at: datetime,
        parameters: Mapping[str, JsonValue],
        target_cluster: str,
    ) -> Self:
        """A new operation, also when the parameters turn out to be wrong."""
        operation = cls(
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
        return operation._next(
            EventType.OPERATION_STARTED,
            {"parameters": operation.parameters, "initiator": operation.initiator},
            phases={Phase.VALIDATION: PhaseTime(started_at=started_at)},
        )

    def found(
        self, snapshot: Snapshot, route: tuple[Hop, ...], replaced: ReplacedCluster | None
    ) -> Self:
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
        )
        return self._next(
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
            ends=Phase.VALIDATION,
        )

    def copying(self, copy: Snapshot) -> Self:
        """The next hop is under way."""
        hop = self.next_hop
        return self._next(
            EventType.COPY_STARTED,
            {
                "source_snapshot_arn": hop.source_arn,
                "target_snapshot_id": hop.snapshot_id,
                "target_region": hop.region,
                "kms_key_id": hop.kms_key_id,
            },
            status=Status.COPY_IN_PROGRESS,
            hop_under_way=True,
            snapshot_details=self._snapshot_seen(copy),
            temporary_snapshots=(
                *self.temporary_snapshots,
                TemporarySnapshot(region=hop.region, snapshot_id=hop.snapshot_id),
            ),
            waiting_since=clock.now(),
            starts=Phase.COPY,
        )

    def copy_seen(self, copy: Snapshot) -> Self:
        """The hop under way was looked at, and is finished when its snapshot is available."""
        seen: dict[str, JsonValue] = {
            "target_snapshot_id": copy.id,
            "snapshot_status": copy.status,
            "percent_progress": copy.percent,
        }
        details = self._snapshot_seen(copy)
        if not copy.is_available:
            return self._next(EventType.COPY_STATUS_CHECKED, seen, snapshot_details=details)
        is_last = self.hops_done + 1 == len(self.route)
        return self._next(
            EventType.COPY_COMPLETED,
            seen,
            status=Status.COPY_COMPLETED if is_last else Status.COPY_IN_PROGRESS,
            hops_done=self.hops_done + 1,
            hop_under_way=False,
            snapshot_details=details,
            ends=Phase.COPY if is_last else None,
        )

    def deleting(self, what: Mapping[str, JsonValue]) -> Self:
        """A move toward freeing the target id was made; `what` tells which."""
        return self._next(
            EventType.DELETE_STARTED,
            dict(what),
            status=Status.CUTOVER_IN_PROGRESS,
            waiting_since=clock.now(),
            starts=Phase.DELETE,
        )

    def delete_seen(self, what: Mapping[str, JsonValue]) -> Self:
        """The deletion was looked at, and is still under way."""
        return self._next(
            EventType.DELETE_STATUS_CHECKED,
            dict(what),
            status=Status.CUTOVER_IN_PROGRESS,
            starts=Phase.DELETE,
        )

    def target_freed(self) -> Self:
        """Nothing has the target id any more."""
        replaced = self.replaced_cluster
        return self._next(
            EventType.TARGET_FREED,
            {"replaced_cluster": replaced.model_dump(mode="json") if replaced else None},
            status=Status.CUTOVER_COMPLETED,
            starts=Phase.DELETE,
            ends=Phase.DELETE,
        )

    def moving(self, move: Move, cluster: Cluster, instances: Mapping[str, str]) -> Self:
        """A move of the restore was made, and is under way."""
        event, details = self._told_of(move, cluster, instances)
        return self._next(
            event,
            details,
            status=Status.RESTORE_IN_PROGRESS,
            move_under_way=move,
            restore_details=self._cluster_seen(cluster, instances),
            waiting_since=clock.now(),
            starts=Phase.RESTORE,
        )

    def restore_seen(
        self, cluster: Cluster, instances: tuple[Instance, ...], *, is_finished: bool
    ) -> Self:
        """The move under way was looked at; the last one finished completes the restore."""
        details = self._cluster_seen(cluster, {one.id: one.status for one in instances})
        completes = is_finished and self.move_under_way is Move.MASTER_PASSWORD
        return self._next(
            EventType.RESTORE_COMPLETED if completes else EventType.RESTORE_STATUS_CHECKED,
            {
                "move": self.move_under_way,
                "cluster_status": cluster.status,
                "instances": dict(details.instances),
            },
            status=Status.RESTORE_COMPLETED if completes else Status.RESTORE_IN_PROGRESS,
            move_under_way=None if is_finished else self.move_under_way,
            restore_details=details,
            ends=Phase.RESTORE if completes else None,
            starts=Phase.USERS if completes else None,
        )

    def users_ready(self, users: tuple[str, ...], locked_logins: tuple[str, ...]) -> Self:
        """The users of the templates can work, and the logins that came along cannot."""
        return self._next(
            EventType.USERS_CONFIGURED,
            {"users": list(users), "locked_logins": list(locked_logins)},
            status=Status.USERS_CONFIGURED,
            restore_details=self.restored.model_copy(
                update={"users": users, "locked_logins": locked_logins}
            ),
            waiting_since=clock.now(),
            starts=Phase.EXPORT if self.is_export_due else Phase.ARCHIVE,
            ends=Phase.USERS,
        )

    def exporting(self, task: ExportTask) -> Self:
        """The export of the snapshot that was restored is under way."""
        return self._next(
            EventType.EXPORT_STARTED,
            {"snapshot_arn": task.source_arn, "task_id": task.id, "location": task.location},
            export=_export_seen(task),
            waiting_since=clock.now(),
        )

    def export_seen(self, task: ExportTask) -> Self:
        """The export was looked at; once it is complete, the snapshots may go."""
        seen = {"task_id": task.id, "status": task.status, "percent_progress": task.percent}
        if not task.is_complete:
            return self._next(EventType.EXPORT_STATUS_CHECKED, seen, export=_export_seen(task))
        return self._next(
            EventType.EXPORT_COMPLETED,
            {**seen, "location": task.location},
            export=_export_seen(task),
            waiting_since=clock.now(),
            starts=Phase.ARCHIVE,
            ends=Phase.EXPORT,
        )

    def snapshot_deleting(self, doomed: Snapshot) -> Self:
        """A temporary snapshot was told to go, or was seen going."""
        started, seen = EventType.SNAPSHOT_DELETE_STARTED, EventType.SNAPSHOT_DELETE_STATUS_CHECKED
        return self._next(
            seen if doomed.is_deleting else started,
            {"snapshot_id": doomed.id, "region": doomed.region},
        )

    def snapshot_gone(self, gone: TemporarySnapshot) -> Self:
        """A temporary snapshot is deleted."""
        return self._next(
            EventType.SNAPSHOT_DELETED,
            gone.model_dump(mode="json"),
            temporary_snapshots=tuple(one for one in self.temporary_snapshots if one != gone),
        )

    def archived(self, swept: tuple[str, ...]) -> Self:
        """Every temporary snapshot is dealt with; `swept` are expired ones of others."""
        return self._next(
            EventType.SNAPSHOTS_ARCHIVED,
            {"archive": self.request.archive, "swept": list(swept)},
            status=Status.SNAPSHOT_ARCHIVED,
            ends=Phase.ARCHIVE,
        )

    def completed(self) -> Self:
        """Everything that was asked for is done."""
        closed = self.model_copy(update={"status": Status.COMPLETED})
        return closed._closed(EventType.OPERATION_COMPLETED, None)

    def failed(self, name: str, message: str) -> Self:
        """The execution ended, and this operation with it."""
        failure = Failure(
            name=name,
            message=message,
            step=self.next_step,
            occurred_at=clock.now(),
        )
        closed = self.model_copy(update={"status": Status.FAILED, "error": failure})
        return closed._closed(EventType.OPERATION_FAILED, failure)

    def notified(self, message_id: str) -> Self:
        """The message about the end went out."""
        return self._next(
            EventType.NOTIFICATION_SENT,
            {"message_id": message_id},
            notification=Notification(message_id=message_id, sent_at=clock.now()),
        )

    def saved(self) -> Self:
        """This version as the store has it now."""
        return self.model_copy(update={"version": self.version + 1, "events": ()})

    def _closed(self, event: EventType, failure: Failure | None) -> Self:
        metrics = Metrics.of(self.operation_id, self.start_time, clock.now(), self.phases, failure)
        return self._next(
            event,
            {"metrics": dict(metrics.metrics), "leftovers": list(self.leftovers)},
            failure=failure,
            metrics=metrics,
        )

    def _told_of(
        self, move: Move, cluster: Cluster, instances: Mapping[str, str]
    ) -> tuple[EventType, dict[str, Any]]:
        match move:
            case Move.CLUSTER:
                return EventType.RESTORE_STARTED, {
                    "source_snapshot_id": self.restorable_snapshot,
                    "target_cluster_id": cluster.id,
                    "parameters": {
                        "db_instance_class": self.request.db_instance_class,
                        "vpc_security_group_ids": list(self.request.vpc_security_group_ids),
                        "db_subnet_group_name": self.request.db_subnet_group_name,
                    },
                }
            case Move.INSTANCES:
                return EventType.INSTANCES_STARTED, {"instances": list(instances)}
            case Move.MASTER_PASSWORD:
                return EventType.MASTER_PASSWORD_STARTED, {
                    "master_username": cluster.master_username
                }

    def _snapshot_seen(self, copy: Snapshot) -> SnapshotDetails:
        return self.snapshot.model_copy(
            update={"snapshot_status": copy.status, "percent_progress": copy.percent}
        )

    def _cluster_seen(self, cluster: Cluster, instances: Mapping[str, str]) -> RestoreDetails:
        return RestoreDetails(
            cluster_id=cluster.id,
            cluster_status=cluster.status,
            writer_endpoint=cluster.endpoint,
            reader_endpoint=cluster.reader_endpoint,
            port=cluster.port,
            instances=dict(instances),
        )

    def _next(
        self,
        event: EventType,
        details: dict[str, Any],
        *,
        failure: Failure | None = None,
        starts: Phase | None = None,
        ends: Phase | None = None,
        **changes: Any,
    ) -> Self:
        """The next version with the event that tells of it, a microsecond apart at least."""
        now = max(clock.now(), self.last_updated_time + timedelta(microseconds=1))
        phases = dict(changes.pop("phases", self.phases))
        if starts and starts not in phases:
            phases[starts] = PhaseTime(started_at=now)
        if ends:
            phases[ends] = phases[ends].model_copy(update={"ended_at": now})
        following = self.model_copy(update={**changes, "phases": phases, "last_updated_time": now})
        told = AuditEvent(
            operation_id=self.operation_id,
            timestamp=now,
            event_type=event,
            details={**details, "operation_status": following.status},
            status=Outcome.FAILURE if failure else Outcome.SUCCESS,
            error=failure,
        )
        return following.model_copy(update={"events": (*self.events, told)})


def _export_seen(task: ExportTask) -> SnapshotExport:
    return SnapshotExport(
        task_id=task.id,
        location=task.location,
        status=task.status,
        percent_progress=task.percent,
        is_complete=task.is_complete,
    )
