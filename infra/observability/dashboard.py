"""The dashboard: what is running, how restores ended, how long they took, what went wrong."""

from collections.abc import Iterator, Mapping, Sequence

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.observability.queries import FAILED, RUNNING, Query
from shared.names import METRICS_NAMESPACE, Metric
from shared.operation.status import Phase
from shared.steps import Step

_DAY, _HOUR = 86400, 3600
_WIDE, _HALF, _HEIGHT = 24, 12, 7
# The most that one widget shows (CloudWatch API reference, dashboard body structure).
_ALARMS = 100


class Dashboard(Construct):
    """The dashboard of a deployment; clusters that get their first restore appear by themselves."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        alarms: Sequence[str],
        functions: Mapping[Step, lambda_.Function],
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self._log_groups = [function.log_group.log_group_name for function in functions.values()]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=prefix,
            default_interval=Duration.days(7),
            widgets=[
                *([widget] for widget in self._states(alarms)),
                [self._table(RUNNING)],
                [
                    _graph("Restores per day", *_outcomes(prefix)),
                    _graph("Age of operations", _ages(prefix)),
                ],
                [
                    _graph("How long restores took", _by_cluster(prefix, "total_duration_seconds")),
                    _graph("Phases, the longest of each hour", *_phases(prefix)),
                ],
                [
                    _graph("Steps that failed", _by_step(prefix, Metric.STEP_FAILED, "Sum", _HOUR)),
                    _graph("Errors and throttles of functions", *_errors_and_throttles(functions)),
                ],
                [
                    _graph(
                        "Temporary snapshots left",
                        _by_cluster(prefix, Metric.TEMPORARY_SNAPSHOTS_LEFT),
                    ),
                    _graph(
                        "Dead letters",
                        dead_letters.metric_approximate_number_of_messages_visible(
                            statistic=cloudwatch.Stats.MAXIMUM
                        ),
                    ),
                ],
                [self._table(FAILED)],
            ],
        )

    def _states(self, names: Sequence[str]) -> Iterator[cloudwatch.AlarmStatusWidget]:
        """The states of alarms, given by name: they need not exist before the dashboard does."""
        alarms = [
            cloudwatch.Alarm.from_alarm_arn(
                self,
                name,
                Stack.of(self).format_arn(
                    service="cloudwatch",
                    resource="alarm",
                    resource_name=name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                ),
            )
            for name in names
        ]
        for first in range(0, len(alarms), _ALARMS):
            yield cloudwatch.AlarmStatusWidget(
                title="Alarms", alarms=alarms[first : first + _ALARMS], width=_WIDE
            )

    def _table(self, query: Query) -> cloudwatch.LogQueryWidget:
        return cloudwatch.LogQueryWidget(
            title=query.question,
            log_group_names=self._log_groups,
            query_string=query.text,
            view=cloudwatch.LogQueryVisualizationType.TABLE,
            width=_WIDE,
            height=_HEIGHT,
        )


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=_HALF, height=_HEIGHT)


def _outcomes(deployment: str) -> list[cloudwatch.IMetric]:
    return [
        _expression(f"SUM({_search(deployment, 'target_cluster', name, 'Sum', _DAY)})", name)
        for name in (Metric.RESTORE_SUCCEEDED, Metric.RESTORE_FAILED)
    ]


def _ages(deployment: str) -> cloudwatch.IMetric:
    return _by_step(deployment, Metric.OPERATION_AGE, "Maximum", _HOUR)


def _phases(deployment: str) -> list[cloudwatch.IMetric]:
    longest = {
        phase: _search(deployment, "target_cluster", f"{phase}_duration_seconds", "Maximum", _HOUR)
        for phase in Phase
    }
    return [_expression(f"MAX({searched})", phase) for phase, searched in longest.items()]


def _errors_and_throttles(functions: Mapping[Step, lambda_.Function]) -> list[cloudwatch.IMetric]:
    """One line for all errors, one for all throttles."""
    return [
        cloudwatch.MathExpression(
            expression=f"SUM([{', '.join(metrics)}])",
            using_metrics=metrics,
            label=label,
            period=Duration.hours(1),
        )
        for label, metrics in (
            (
                "errors",
                {
                    f"e_{step.module}": function.metric_errors()
                    for step, function in functions.items()
                },
            ),
            (
                "throttles",
                {
                    f"t_{step.module}": function.metric_throttles()
                    for step, function in functions.items()
                },
            ),
        )
    ]


def _by_cluster(deployment: str, name: str) -> cloudwatch.IMetric:
    return _expression(_search(deployment, "target_cluster", name, "Maximum", _HOUR))


def _by_step(deployment: str, name: str, statistic: str, period: int) -> cloudwatch.IMetric:
    return _expression(_search(deployment, "step", name, statistic, period))


def _search(deployment: str, dimension: str, name: str, statistic: str, period: int) -> str:
    """Every metric of a name, whatever clusters or steps the deployment has."""
    schema = (
        f"{{{METRICS_NAMESPACE},{dimension},deployment}} "
        f'deployment="{deployment}" MetricName="{name}"'
    )
    return f"SEARCH('{schema}', '{statistic}', {period})"


def _expression(expression: str, label: str = "") -> cloudwatch.IMetric:
    return cloudwatch.MathExpression(expression=expression, using_metrics={}, label=label)
