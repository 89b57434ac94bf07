"""The state object of an operation: what it knows, and the questions it answers."""

from datetime import timedelta
from functools import cached_property

from pydantic import Field, JsonValue, computed_field

from shared import clock, names
from shared.copying.route import Hop
from shared.model import Model, Moment
from shared.names import Step
from shared.operation import progress
from shared.operation.audit import AuditEvent, Failure
from shared.operation.metrics import Metrics, PhaseTime
from shared.operation.parts import (
    Cutover,
    Move,
    Notification,
    Plan,
    ReplacedCluster,
    RestoreDetails,
    SnapshotDetails,
    SnapshotExport,
    TemporarySnapshot,
)
from shared.operation.progress import Phase, Status
from shared.request.restore_request import Archive, Replace, RestoreRequest


class OperationState(Model):
    """The state object of `data-flow.md`, and what later steps need."""

    operation_id: str
    status: Status
    start_time: Moment
    last_updated_time: Moment
    parameters: dict[str, JsonValue]
    snapshot_details: SnapshotDetails | None = None
    restore_details: RestoreDetails | None = None
    error: Failure | None = None

    version: int = 0
    execution_arn: str
    initiator: str
    target_cluster: str
    route: tuple[Hop, ...] = ()
    hops_done: int = 0
    hop_under_way: bool = False
    move_under_way: Move | None = None
    waiting_since: Moment
    temporary_snapshots: tuple[TemporarySnapshot, ...] = ()
    export: SnapshotExport | None = None
    replaced_cluster: ReplacedCluster | None = None
    source_cluster: str | None = None
    """The ARN of the cluster that the snapshot is of."""
    plan: Plan | None = None
    cutover: Cutover | None = None
    undo_barred_since: Moment | None = None
    abandoned_by: str | None = None
    abandoned_cluster: str | None = None
    reopened_at: Moment | None = None
    failed_as: Status | None = None
    failed_attempt: int = -1
    phases: dict[Phase, PhaseTime] = Field(default_factory=dict)
    metrics: Metrics | None = None
    leftovers: tuple[str, ...] = ()
    notification: Notification | None = None
    events: tuple[AuditEvent, ...] = Field(default=(), exclude=True)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def next_step(self) -> Step | None:
        """The step that runs next; decided in `shared.operation.progress`, nowhere else."""
        return progress.next_step(self)

    @cached_property
    def request(self) -> RestoreRequest:
        """The parameters as the request they were checked as."""
        return RestoreRequest.model_validate(self.parameters)

    @property
    def snapshot(self) -> SnapshotDetails:
        """The chosen snapshot, which every step after the first can rely on."""
        if self.snapshot_details is None:
            raise ValueError(f"operation {self.operation_id} has not chosen a snapshot yet")
        return self.snapshot_details

    @property
    def restored(self) -> RestoreDetails:
        """The restored cluster, which every step after its creation can rely on."""
        if self.restore_details is None:
            raise ValueError(f"operation {self.operation_id} has not restored a cluster yet")
        return self.restore_details

    @property
    def exported(self) -> SnapshotExport:
        """The export, which can be relied on once it was started."""
        if self.export is None:
            raise ValueError(f"operation {self.operation_id} has not started an export yet")
        return self.export

    @property
    def is_export_due(self) -> bool:
        """Whether a snapshot is to be exported, and is not yet. Only our own copies are."""
        is_wanted = self.request.archive is Archive.EXPORT and bool(self.route)
        return is_wanted and not self.abandons and not (self.export and self.export.is_complete)

    @property
    def deletes_first(self) -> bool:
        """Whether the replaced cluster goes before its successor is restored."""
        return self.replaced_cluster is not None and self.request.replace is Replace.DELETE_FIRST

    @property
    def swaps(self) -> bool:
        """Whether the restored cluster takes the place of the replaced one at the very end."""
        return self.replaced_cluster is not None and self.request.replace is Replace.SWAP

    @property
    def abandons(self) -> bool:
        """Whether all it does is to remove what another operation has left."""
        return self.request.abandon

    @property
    def plans_only(self) -> bool:
        """Whether all it does is to look, and to tell what it would do; also when refused."""
        asked = self.parameters.get
        return asked("plan_only") is True and asked("abandon") is not True

    @property
    def doomed_snapshots(self) -> tuple[TemporarySnapshot, ...]:
        """The temporary snapshots that are to go; in other accounts none is ever kept."""
        is_kept = self.request.archive is Archive.RETAIN and not self.abandons
        return tuple(one for one in self.temporary_snapshots if one.account_id or not is_kept)

    @property
    def snapshots_left(self) -> tuple[TemporarySnapshot, ...]:
        """The temporary snapshots that a failure has left over; what is kept on request is not."""
        return () if self.status is Status.COMPLETED else self.temporary_snapshots

    @property
    def replaced(self) -> ReplacedCluster:
        """The cluster to be replaced, which steps that replace one can rely on."""
        if self.replaced_cluster is None:
            raise ValueError(f"operation {self.operation_id} replaces no cluster")
        return self.replaced_cluster

    @property
    def is_proof_due(self) -> bool:
        """Whether the candidate has the target id, and has not been logged in to since."""
        return self.cutover is Cutover.PROOF_DUE

    @property
    def unfinished_cluster(self) -> str | None:
        """The id of a cluster that it made, or may have made, and that nobody can be using yet."""
        if self.swaps:
            return self.restored_id if self.cutover is not Cutover.PROVEN else None
        is_served = self.failed_as in (
            Status.USERS_CONFIGURED,
            Status.CUTOVER_COMPLETED,
            Status.SNAPSHOT_ARCHIVED,
        )
        is_begun = self.restore_details is not None or self.failed_in(Step.RESTORE_SNAPSHOT)
        return self.restored_id if is_begun and not is_served else None

    @property
    def restored_id(self) -> str:
        """The id of the restored cluster until the cut-over: with `swap`, that of a candidate."""
        if not self.swaps:
            return self.target_cluster
        return names.candidate_id(self.target_cluster, self.operation_id)

    @property
    def aside_id(self) -> str:
        """The id that the replaced cluster gets when its successor comes."""
        return names.replaced_id(self.target_cluster, self.operation_id)

    @property
    def next_hop(self) -> Hop:
        """The hop that is under way, or to be started."""
        return self.route[self.hops_done]

    @property
    def is_copy_needed(self) -> bool:
        return self.hops_done < len(self.route)

    @property
    def attempt_began_at(self) -> Moment:
        """When the execution was started, or last redriven; its time-out counts from there, too."""
        return self.reopened_at or self.start_time

    @property
    def is_closed(self) -> bool:
        return self.status in (Status.COMPLETED, Status.FAILED)

    @property
    def restorable_snapshot(self) -> str:
        """The snapshot to restore from: the last copy's id, or the ARN of what is another's."""
        if not self.route:
            return self.snapshot.snapshot_arn
        return self.route[-1].copy_arn or self.route[-1].snapshot_id

    @property
    def instance_ids(self) -> tuple[str, ...]:
        """The ids of the instances that the request asks for; the first is the writer."""
        return tuple(
            names.instance_id(self.request.target_cluster_id, number, self.operation_id)
            for number in range(1, self.request.instance_count + 1)
        )

    @property
    def tags(self) -> dict[str, str]:
        """The tags of everything this operation creates."""
        return self.request.tags | {
            names.TAG_OPERATION: self.operation_id,
            names.TAG_SOURCE_SNAPSHOT: self.snapshot.source_snapshot_id.removeprefix("rds:"),
            names.TAG_TARGET_CLUSTER: self.request.target_cluster_id,
        }

    def copy_tags(self, hop: Hop) -> dict[str, str]:
        """The tags of a temporary snapshot; one that is kept for a time says until when."""
        days = self.request.retain_days
        until = clock.iso(self.start_time + timedelta(days=days)) if days else "never"
        is_kept = self.request.archive is Archive.RETAIN and hop.account_id is None
        expiry = {names.TAG_DELETE_AFTER: until} if is_kept else {}
        return self.tags | expiry

    @property
    def replaced_cluster_is_touched(self) -> bool:
        """Whether deleting the cluster that had the target id before may have begun."""
        if self.swaps:
            return self.cutover is Cutover.PROVEN
        return Phase.DELETE in self.phases or self.failed_in(Step.DELETE_RDS)

    def failed_in(self, step: Step) -> bool:
        """Whether this step was the last to be tried."""
        return self.error is not None and self.error.step == step
