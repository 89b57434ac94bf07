"""The life of an operation: how it begins, goes on, ends, and comes back.

Every version carries the audit events that tell how it came about; the store writes both
together, on the condition that the version it was made from is still the stored one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import JsonValue

from shared import clock, errors
from shared.closing import leftovers
from shared.operation.audit import AuditEvent, EventType, Failure, Outcome
from shared.operation.metrics import Metrics, PhaseTime
from shared.operation.parts import Notification
from shared.operation.progress import Phase, Status
from shared.operation.state import OperationState


class Versions(OperationState):
    """An operation that can begin, end and begin again; what it does meanwhile is elsewhere."""

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

    def completed(self) -> Self:
        """Everything that was asked for is done."""
        closed = self.model_copy(update={"status": Status.COMPLETED})
        return closed._closed(EventType.OPERATION_COMPLETED, None)

    def failed(self, name: str, message: str, attempt: int = 0) -> Self:
        """The execution ended, and this operation with it; redrives count the attempts."""
        failure = Failure(
            name=name,
            message=message,
            step=self.error.step if self.error else self.next_step,
            occurred_at=clock.now(),
        )
        closed = self.model_copy(
            update={
                "status": Status.FAILED,
                "error": failure,
                "failed_as": self.failed_as if self.status is Status.FAILED else self.status,
                "failed_attempt": attempt,
                "notification": None,
            }
        )
        return closed._closed(EventType.OPERATION_FAILED, failure)

    def reopened(self) -> Self:
        """The execution was redriven: go on where it failed.

        What failed is made again; what was only interrupted is still waited for. A phase that
        was under way gets all the time of its deadline again.
        """
        error = self.error.name if self.error else ""
        now = clock.now()
        return self._next(
            EventType.OPERATION_REDRIVEN,
            {"failed_with": error, "failed_attempt": self.failed_attempt},
            status=self.failed_as or Status.INITIATED,
            error=None,
            metrics=None,
            leftovers=(),
            notification=None,
            undo_barred_since=None,
            reopened_at=now,
            hop_under_way=self.hop_under_way and error != errors.CopyFailed.__name__,
            move_under_way=None if error == errors.RestoreFailed.__name__ else self.move_under_way,
            export=None if error == errors.ExportFailed.__name__ else self.export,
            waiting_since=now,
            phases={
                phase: time if time.ended_at else time.model_copy(update={"resumed_at": now})
                for phase, time in self.phases.items()
            },
        )

    def abandoned(self, by: str) -> Self:
        """Another operation removes what this one left; it can never be redriven again."""
        return self._next(EventType.OPERATION_ABANDONED, {"by": by}, abandoned_by=by, leftovers=())

    def notified(self, message_id: str) -> Self:
        """The message about the end went out."""
        return self._next(
            EventType.NOTIFICATION_SENT,
            {"message_id": message_id},
            notification=Notification(message_id=message_id, sent_at=clock.now()),
        )

    def _closed(self, event: EventType, failure: Failure | None) -> Self:
        left = leftovers.told(self)
        metrics = Metrics.of(self.operation_id, self.start_time, clock.now(), self.phases, failure)
        return self._next(
            event,
            {"metrics": dict(metrics.metrics), "leftovers": list(left)},
            failure=failure,
            metrics=metrics,
            leftovers=left,
        )

    def saved(self) -> Self:
        """This version as the store has it now."""
        return self.model_copy(update={"version": self.version + 1, "events": ()})

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
