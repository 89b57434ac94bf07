"""Logs and metrics: JSON lines that name operation and step, and CloudWatch's metric format."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import assert_never

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from shared import clock
from shared.closing import leftovers
from shared.lengths import fitting
from shared.names import DEFAULT_DEPLOYMENT, METRICS_DEPLOYMENT, METRICS_NAMESPACE, Metric
from shared.operation import bounds
from shared.operation.kind import Kind
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.steps import Step

logger = Logger(service="aurora-restore")

_LOGGED_AT_ONCE_BYTES = 60_000


def count_step(step: str, *, succeeded: bool) -> None:
    """Count one run of a step."""
    with _metrics("step", step) as metrics:
        name = Metric.STEP_SUCCEEDED if succeeded else Metric.STEP_FAILED
        metrics.add_metric(name, MetricUnit.Count, 1)


def log_long_lists(operation: Operation) -> None:
    """Log every list that messages have a part of only; the audit event has no more than a part.

    One line takes 256 KB, in which quotes may double.
    """
    for event in operation.events:
        for name, entries in bounds.long_lists(event):
            logged = 0
            while logged < len(entries):
                some = fitting(entries[logged:], _LOGGED_AT_ONCE_BYTES) or (entries[logged],)
                logged += len(some)
                logger.info(
                    "A list that is not stored in full",
                    extra={
                        "event_type": event.event_type,
                        "list": name,
                        "entries": list(some),
                        "until": logged,
                        "of": len(entries),
                    },
                )


def publish_age(step: str, operation: Operation) -> None:
    """Publish how long an operation has been running, under the step that is at work on it.

    CloudWatch itself learns how long an execution took only when it ends.
    """
    if operation.is_closed:
        return
    age = clock.now() - operation.attempt_began_at
    with _metrics("step", step, operation) as metrics:
        metrics.add_metric(Metric.OPERATION_AGE, MetricUnit.Seconds, age.total_seconds())


def measure(operation: Operation) -> None:
    """Publish the durations and the outcome of a closed operation, under its target cluster.

    What it left stands under the step, too: an alarm cannot search for clusters.
    """
    if operation.metrics is None or operation.kind is Kind.PLAN:
        return
    if _is_counted(operation):
        _measure_outcome(operation, operation.metrics.metrics)
    with _metrics("step", Step.SNS_NOTIFICATION.module, operation) as metrics:
        left, stuck = len(leftovers.snapshots(operation)), len(operation.stuck_leftovers)
        metrics.add_metric(Metric.TEMPORARY_SNAPSHOTS_LEFT, MetricUnit.Count, left)
        metrics.add_metric(Metric.LEFTOVERS_NOT_REMOVED, MetricUnit.Count, stuck)
        if quota := operation.snapshot_quota:
            metrics.add_metric(Metric.SNAPSHOT_QUOTA_USED, MetricUnit.Percent, quota.percent)


def _measure_outcome(operation: Operation, durations: Mapping[str, float]) -> None:
    is_success = operation.status is Status.COMPLETED
    left = len(leftovers.snapshots(operation))
    with _metrics("target_cluster", operation.target_cluster, operation) as metrics:
        metrics.add_metric(Metric.RESTORE_SUCCEEDED, MetricUnit.Count, int(is_success))
        metrics.add_metric(Metric.RESTORE_FAILED, MetricUnit.Count, int(not is_success))
        metrics.add_metric(Metric.TEMPORARY_SNAPSHOTS_LEFT, MetricUnit.Count, left)
        for name, seconds in durations.items():
            if name.endswith("_seconds"):
                metrics.add_metric(name, MetricUnit.Seconds, seconds)


def _is_counted(operation: Operation) -> bool:
    """Whether it is a restore, or a clean-up that left something for people to do."""
    match operation.kind:
        case Kind.RESTORE:
            return True
        case Kind.PLAN:
            return False
        case Kind.CLEAN_UP:
            return operation.status is Status.FAILED
        case unknown:
            assert_never(unknown)


@contextmanager
def _metrics(
    dimension: str, value: str, operation: Operation | None = None
) -> Iterator[EphemeralMetrics]:
    """Metrics under a dimension and their deployment; only the log line names the operation."""
    metrics = EphemeralMetrics(namespace=METRICS_NAMESPACE)
    metrics.add_dimension(dimension, value)
    # Not from the settings: a step that cannot read them is counted, too.
    metrics.add_dimension("deployment", os.environ.get(METRICS_DEPLOYMENT, DEFAULT_DEPLOYMENT))
    if operation:
        metrics.add_metadata("operation_id", operation.operation_id)
    yield metrics
    metrics.flush_metrics()
