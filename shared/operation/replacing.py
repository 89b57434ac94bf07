"""How an operation moves on while its cluster takes the place of another one.

With `delete_first` the replaced cluster goes before the restore; with `swap` it is renamed when
its successor is proven, and goes when the successor is proven again under the target id.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import JsonValue

from shared import clock
from shared.operation.audit import EventType
from shared.operation.parts import Cutover, RestoreDetails
from shared.operation.progress import Phase, Status
from shared.operation.versions import Versions
from shared.resources import Cluster


class Replacing(Versions):
    """An operation that may replace a cluster; every method returns the version that comes next."""

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

    def moving_aside(self, old: Cluster | None) -> Self:
        """The replaced cluster makes room, or has made it."""
        return self._next(
            EventType.CUTOVER_STARTED,
            {"cluster_id": self.target_cluster, "renamed_to": self.aside_id, "is_there": bool(old)},
            status=Status.CUTOVER_IN_PROGRESS,
            cutover=Cutover.ASIDE,
            waiting_since=clock.now(),
            starts=Phase.DELETE,
        )

    def moving_in(self) -> Self:
        """The candidate takes the target id."""
        return self._next(
            EventType.CANDIDATE_MOVED_IN,
            {"cluster_id": self.restored_id, "renamed_to": self.target_cluster},
            cutover=Cutover.IN,
            waiting_since=clock.now(),
        )

    def cutover_seen(self, statuses: Mapping[str, JsonValue]) -> Self:
        """A move of the cut-over is still under way."""
        return self._next(
            EventType.CUTOVER_STATUS_CHECKED,
            {"clusters": dict(statuses)},
            status=Status.CUTOVER_IN_PROGRESS,
        )

    def target_served(self, cluster: Cluster) -> Self:
        """The restored cluster has the target id; whether it works there is to be proven."""
        return self._next(
            EventType.TARGET_SERVED,
            {"cluster_id": cluster.id, "writer_endpoint": cluster.endpoint},
            cutover=Cutover.PROOF_DUE,
            restore_details=self._now_at(cluster),
        )

    def login_proven(self) -> Self:
        """Users can work under the target id, so the replaced cluster may go."""
        return self._next(
            EventType.LOGIN_PROVEN,
            {"cluster_id": self.target_cluster, "users": list(self.restored.users)},
            cutover=Cutover.PROVEN,
            waiting_since=clock.now(),
        )

    def replaced_kept(self, until: datetime) -> Self:
        """The replaced cluster stays for a time, under its new name."""
        return self._next(
            EventType.REPLACED_CLUSTER_KEPT,
            {"cluster_id": self.aside_id, "until": clock.iso(until)},
        )

    def cutover_completed(self) -> Self:
        """The restored cluster serves, and the replaced one is dealt with."""
        return self._next(
            EventType.CUTOVER_COMPLETED,
            {"cluster_id": self.target_cluster},
            status=Status.CUTOVER_COMPLETED,
            waiting_since=clock.now(),
            starts=self._last_phase,
            ends=Phase.DELETE,
        )

    def undoing(self, cluster_id: str, renamed_to: str) -> Self:
        """A move of the cut-over is being taken back; what was proven before counts no more."""
        is_of_new = renamed_to == self.restored_id
        moved = self.restored.model_copy(update={"cluster_id": renamed_to})
        return self._next(
            EventType.CUTOVER_UNDO_STARTED,
            {"cluster_id": cluster_id, "renamed_to": renamed_to},
            cutover=Cutover.ASIDE,
            restore_details=moved if is_of_new else self.restore_details,
            undo_barred_since=None,
            waiting_since=clock.now(),
        )

    def undo_barred(self) -> Self:
        """The way back is barred, which may pass; the replaced cluster may be anywhere on it."""
        return self._next(
            EventType.CUTOVER_UNDO_BARRED,
            {"cluster_id": self.target_cluster, "perhaps_renamed_to": self.aside_id},
            cutover=Cutover.ASIDE,
            undo_barred_since=clock.now(),
        )

    def undone(self, new: Cluster | None) -> Self:
        """The replaced cluster serves again under its own name."""
        return self._next(
            EventType.CUTOVER_UNDONE,
            {"cluster_id": self.target_cluster},
            cutover=None,
            undo_barred_since=None,
            restore_details=self._now_at(new) if new else self.restore_details,
        )

    @property
    def _last_phase(self) -> Phase:
        return Phase.EXPORT if self.is_export_due else Phase.ARCHIVE

    def _now_at(self, cluster: Cluster) -> RestoreDetails:
        """The restored cluster under the id that it has now."""
        return self.restored.model_copy(
            update={
                "cluster_id": cluster.id,
                "cluster_status": cluster.status,
                "writer_endpoint": cluster.endpoint,
                "reader_endpoint": cluster.reader_endpoint,
                "port": cluster.port,
            }
        )
