"""How long an operation and its phases took."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from shared.model import Model, Moment
from shared.operation.audit import Failure
from shared.operation.status import Phase, PhaseTime


class Metrics(Model):
    """The metrics object of `data-flow.md`: durations in seconds, and the number of errors."""

    operation_id: str
    timestamp: Moment
    metrics: dict[str, float]

    @classmethod
    def of(
        cls,
        operation_id: str,
        started_at: datetime,
        ended_at: datetime,
        phases: Mapping[Phase, PhaseTime],
        failure: Failure | None,
    ) -> Self:
        """Measure an operation; a phase that never ended has lasted until now, one skipped is 0."""
        durations = {
            f"{phase}_duration_seconds": _seconds(phases[phase], ended_at)
            if phase in phases
            else 0.0
            for phase in Phase
        }
        return cls(
            operation_id=operation_id,
            timestamp=ended_at,
            metrics={
                **durations,
                "total_duration_seconds": round((ended_at - started_at).total_seconds(), 3),
                "error_count": 1 if failure else 0,
            },
        )


def _seconds(time: PhaseTime, now: datetime) -> float:
    return round(((time.ended_at or now) - time.started_at).total_seconds(), 3)
