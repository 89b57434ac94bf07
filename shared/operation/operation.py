"""The operation: one restore, from request to notification, and how each step moves it on.

An operation is a value: every step's result is its next version
(`shared.operation.versions`). It never talks to AWS.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from shared import clock
from shared.copying.route import Hop
from shared.names import Step
from shared.operation.audit import EventType
from shared.operation.parts import (
    Access,
    Move,
    Plan,
    ReplacedCluster,
    RestoreDetails,
    SnapshotDetails,
    SnapshotExport,
    TemporarySnapshot,
)
from shared.operation.progress import Phase, Status
from shared.operation.replacing import Replacing
from shared.resources import Cluster, ExportTask, Instance, Snapshot

if TYPE_CHECKING:
    from pydantic import JsonValue


class Operation(Replacing):
    """A restore that can go on; every method returns the version that comes next."""

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
            source_cluster=snapshot.cluster_arn,
            ends=Phase.VALIDATION,
        )

    def planned(self, plan: Plan) -> Self:
        """What would be done is worked out; nothing of it will be."""
        return self._next(
            EventType.RESTORE_PLANNED, {"plan": plan.model_dump(mode="json")}, plan=plan
        )

    def abandoning(self, failed: "Operation") -> Self:
        """What this failed operation left is about to be removed."""
        snapshots = failed.temporary_snapshots
        if failed.failed_in(Step.COPY_SNAPSHOT):
            snapshots += (TemporarySnapshot.of(failed.next_hop),)
        return self._next(
            EventType.ABANDONMENT_STARTED,
            {"operation_id": failed.operation_id, "leftovers": list(failed.leftovers)},
            status=Status.SNAPSHOT_FOUND,
            temporary_snapshots=snapshots,
            abandoned_cluster=failed.unfinished_cluster,
            waiting_since=clock.now(),
            starts=Phase.DELETE,
            ends=Phase.VALIDATION,
        )

    def copying(self, copy: Snapshot) -> Self:
        """The next hop is under way."""
        hop = self.next_hop
        made = TemporarySnapshot.of(hop)
        return self._next(
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
            snapshot_details=self._snapshot_seen(copy),
            temporary_snapshots=(*(one for one in self.temporary_snapshots if one != made), made),
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
            waiting_since=clock.now(),
            ends=Phase.COPY if is_last else None,
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

    def users_ready(
        self,
        access: tuple[Access, ...],
        locked_logins: tuple[str, ...],
        warnings: tuple[str, ...] = (),
    ) -> Self:
        """The users of the templates can work, and the logins that came along cannot."""
        users = tuple(one.username for one in access)
        return self._next(
            EventType.USERS_CONFIGURED,
            {
                "users": list(users),
                "locked_logins": list(locked_logins),
                "warnings": list(warnings),
            },
            status=Status.USERS_CONFIGURED,
            restore_details=self.restored.model_copy(
                update={
                    "users": users,
                    "access": access,
                    "locked_logins": locked_logins,
                    "warnings": warnings,
                }
            ),
            waiting_since=clock.now(),
            starts=Phase.DELETE if self.swaps else self._last_phase,
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


def _export_seen(task: ExportTask) -> SnapshotExport:
    return SnapshotExport(
        task_id=task.id,
        location=task.location,
        status=task.status,
        percent_progress=task.percent,
        warning=task.warning,
        is_complete=task.is_complete,
    )
