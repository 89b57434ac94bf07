"""The operation: the record of one restore, from request to notification, and its questions.

An operation is a value and talks to nothing. How it moves on are functions in the `transitions`
of each stage, named like the audit event that each of them adds.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Self

from pydantic import Field, JsonValue, ValidationError

from shared import clock, names
from shared.model import Model, Moment
from shared.operation.audit import AuditEvent, EventType, Failure, Outcome
from shared.operation.kind import Kind
from shared.operation.metrics import Metrics
from shared.operation.parts import (
    Cutover,
    Hop,
    Move,
    Notification,
    RenamedAside,
    ReplacedCluster,
    RestoreDetails,
    SnapshotDetails,
    SnapshotExport,
    SnapshotQuota,
    TemporarySnapshot,
)
from shared.operation.published import Plan
from shared.operation.status import Phase, PhaseTime, Status
from shared.request.fields import Archive, Replace
from shared.request.restore_request import RestoreRequest
from shared.steps import Step


class Operation(Model):
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
    master_secret_version: str | None = None
    """The version of the admin secret whose password the restored cluster has."""
    users_secret_version: str | None = None
    """The version of the users secret with which the users were set up."""
    temporary_snapshots: tuple[TemporarySnapshot, ...] = ()
    export: SnapshotExport | None = None
    replaced_cluster: ReplacedCluster | None = None
    deletion_asked_at: Moment | None = None
    snapshot_quota: SnapshotQuota | None = None
    source_cluster: str | None = None
    """The ARN of the cluster that the snapshot is of."""
    plan: Plan | None = None
    cutover: Cutover | None = None
    absent_since: Moment | None = None
    """Since when the cut-over has not found one of its two clusters."""
    is_certificate_renewed: bool = False
    """Whether the cut-over has had the restored cluster's certificate renewed."""
    undo_barred_since: Moment | None = None
    """Since when the roll-back of the cut-over has been blocked."""
    abandoned_by: str | None = None
    abandoned_cluster: str | None = None
    abandoned_aside: RenamedAside | None = None
    reopened_at: Moment | None = None
    failed_as: Status | None = None
    failed_attempt: int = -1
    phases: dict[Phase, PhaseTime] = Field(default_factory=dict)
    metrics: Metrics | None = None
    leftovers: tuple[str, ...] = ()
    stuck_leftovers: tuple[str, ...] = ()
    """What earlier operations left, and this one could not remove, as sentences."""
    notification: Notification | None = None
    events: tuple[AuditEvent, ...] = Field(default=(), exclude=True)
    """What happened since the stored version; saved with the next one."""

    # What it was asked for

    @property
    def kind(self) -> Kind:
        return Kind.of(self.parameters)

    @cached_property
    def accepted_request(self) -> RestoreRequest | None:
        """The parameters as a request; `None` where they are none, and so were refused."""
        try:
            return RestoreRequest.model_validate(self.parameters)
        except ValidationError:
            return None

    @property
    def request(self) -> RestoreRequest:
        """The request, which every step after its check can rely on."""
        if self.accepted_request is None:
            raise ValueError(f"the request of operation {self.operation_id} was refused")
        return self.accepted_request

    @property
    def deletes_first(self) -> bool:
        """Whether the replaced cluster goes before its successor is restored."""
        return self.replaced_cluster is not None and self.request.replace is Replace.DELETE_FIRST

    @property
    def swaps(self) -> bool:
        """Whether the restored cluster takes the place of the replaced one at the very end."""
        return self.replaced_cluster is not None and self.request.replace is Replace.SWAP

    @property
    def tags(self) -> dict[str, str]:
        """The tags of everything this operation creates."""
        return self.request.tags | {
            names.TAG_OPERATION: self.operation_id,
            names.TAG_SOURCE_SNAPSHOT: self.snapshot.source_snapshot_id.removeprefix("rds:"),
            names.TAG_TARGET_CLUSTER: self.request.target_cluster_id,
        }

    # What it has chosen and made

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
    def replaced(self) -> ReplacedCluster:
        """The cluster to be replaced, which steps that replace one can rely on."""
        if self.replaced_cluster is None:
            raise ValueError(f"operation {self.operation_id} replaces no cluster")
        return self.replaced_cluster

    @property
    def is_copy_needed(self) -> bool:
        return self.hops_done < len(self.route)

    @property
    def next_hop(self) -> Hop:
        """The hop that is under way, or to be started."""
        return self.route[self.hops_done]

    @property
    def restorable_snapshot(self) -> str:
        """The snapshot to restore from: the last copy's id, or the ARN of what is another's."""
        if not self.route:
            return self.snapshot.snapshot_arn
        return self.route[-1].copy_arn or self.route[-1].snapshot_id

    @property
    def is_export_due(self) -> bool:
        """Whether a snapshot is to be exported, and is not yet. Only our own copies are."""
        is_wanted = self.request.archive is Archive.EXPORT and bool(self.route)
        is_done = self.export is not None and self.export.is_complete
        return is_wanted and self.kind is not Kind.CLEAN_UP and not is_done

    @property
    def snapshots_to_delete(self) -> tuple[TemporarySnapshot, ...]:
        """The temporary snapshots that are to go; in other accounts none is ever kept."""
        is_kept = self.request.archive is Archive.RETAIN and self.kind is not Kind.CLEAN_UP
        return tuple(copy for copy in self.temporary_snapshots if copy.account_id or not is_kept)

    # The clusters, and what they are called

    @property
    def restored_id(self) -> str:
        """The id of the restored cluster until the cut-over: with `swap`, that of a candidate."""
        if not self.swaps:
            return self.target_cluster
        return names.candidate_id(self.target_cluster, self.operation_id)

    @property
    def renamed_id(self) -> str:
        """The id that the replaced cluster is renamed to when its successor takes its place."""
        return names.replaced_id(self.target_cluster, self.operation_id)

    @property
    def instance_ids(self) -> tuple[str, ...]:
        """The ids of the instances that the request asks for; the first is the writer."""
        return tuple(
            names.instance_id(self.request.target_cluster_id, number, self.operation_id)
            for number in range(1, self.request.instance_count + 1)
        )

    @property
    def is_proof_due(self) -> bool:
        """Whether the candidate has the target id, and has not been logged in to since."""
        return self.cutover is Cutover.PROOF_DUE

    @property
    def unfinished_cluster(self) -> str | None:
        """The id of a cluster that it made, or may have made, and that nobody can be using yet."""
        if self.swaps:
            return self.restored_id if self.cutover is not Cutover.PROVEN else None
        is_served = self.failed_as in (Status.USERS_CONFIGURED, Status.SNAPSHOT_ARCHIVED)
        is_begun = self.restore_details is not None or self.failed_in(Step.RESTORE_SNAPSHOT)
        return self.restored_id if is_begun and not is_served else None

    @property
    def replaced_cluster_is_touched(self) -> bool:
        """Whether deleting the cluster that had the target id before may have begun."""
        if self.swaps:
            return self.cutover is Cutover.PROVEN
        return Phase.DELETE in self.phases or self.failed_in(Step.DELETE_RDS)

    # Where it is

    @property
    def attempt_began_at(self) -> Moment:
        """When the execution was started, or last redriven; its time-out counts from there, too."""
        return self.reopened_at or self.start_time

    @property
    def last_phase(self) -> Phase:
        """The phase that begins when the restored cluster serves."""
        return Phase.EXPORT if self.is_export_due else Phase.ARCHIVE

    @property
    def is_closed(self) -> bool:
        return self.status in (Status.COMPLETED, Status.FAILED)

    def failed_in(self, step: Step) -> bool:
        """Whether this step was the last to be tried."""
        return self.error is not None and self.error.step == step

    # Its next version

    def after(
        self,
        event: EventType,
        details: Mapping[str, JsonValue],
        *,
        failure: Failure | None = None,
        starts: Phase | None = None,
        ends: Phase | None = None,
        **changes: object,
    ) -> Self:
        """The next version, with the event that says how it came about.

        Its time is at least a microsecond after the last one's. `changes` are fields and their
        new values; raises `TypeError` for a name that is no field.
        """
        if unknown := changes.keys() - type(self).model_fields:
            raise TypeError(f"an operation has no {', '.join(sorted(unknown))}")
        now = max(clock.now(), self.last_updated_time + timedelta(microseconds=1))
        phases = dict(changes.get("phases", self.phases))  # type: ignore[call-overload]
        if starts and starts not in phases:
            phases[starts] = PhaseTime(started_at=now)
        if ends:
            phases[ends] = phases[ends].model_copy(update={"ended_at": now})
        following = self.model_copy(update={**changes, "phases": phases, "last_updated_time": now})
        happened = AuditEvent(
            operation_id=self.operation_id,
            timestamp=now,
            event_type=event,
            details={**details, "operation_status": following.status},
            status=Outcome.FAILURE if failure else Outcome.SUCCESS,
            error=failure,
        )
        return following.model_copy(update={"events": (*self.events, happened)})

    def corrected(self, parameters: Mapping[str, JsonValue], target_cluster: str) -> Self:
        """The same with the parameters of a redrive, and nothing worked out from the old ones."""
        values = self.model_dump(exclude={"parameters", "target_cluster"})
        given = {"parameters": dict(parameters), "target_cluster": target_cluster}
        return self.model_validate({**values, "events": self.events, **given})

    def saved(self) -> Self:
        """This version as the store has it now."""
        return self.model_copy(update={"version": self.version + 1, "events": ()})
