"""Logs and metrics: JSON lines that name operation and step, and CloudWatch's metric format."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from shared.operation import Operation
from shared.progress import Status

NAMESPACE = "AuroraRestore"

logger = Logger(service="aurora-restore")


def count_step(step: str, *, succeeded: bool) -> None:
    """Count one run of a step."""
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension("step", step)
    metrics.add_metric("StepSucceeded" if succeeded else "StepFailed", MetricUnit.Count, 1)
    metrics.flush_metrics()


def measure(operation: Operation) -> None:
    """Publish the durations and the outcome of a closed operation, under its target cluster."""
    is_success = operation.status is Status.COMPLETED
    if operation.metrics is None or operation.plans_only or (is_success and operation.abandons):
        return
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension("target_cluster", operation.target_cluster)
    metrics.add_metadata("operation_id", operation.operation_id)
    metrics.add_metric("RestoreSucceeded", MetricUnit.Count, int(is_success))
    metrics.add_metric("RestoreFailed", MetricUnit.Count, int(not is_success))
    left = len(operation.temporary_snapshots)
    metrics.add_metric("TemporarySnapshotsLeft", MetricUnit.Count, left)
    for name, seconds in operation.metrics.metrics.items():
        if name.endswith("_seconds"):
            metrics.add_metric(name, MetricUnit.Seconds, seconds)
    metrics.flush_metrics()
