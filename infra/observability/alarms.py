"""Every alarm: what triggers it, what it says, and where to read what to do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.settings.parts import Alarms as Limits
from infra.settings.parts import Schedule
from infra.settings.schedule_expressions import longest_silence_hours
from shared.names import METRICS_NAMESPACE, Metric
from shared.settings import NEAR_QUOTA_PERCENT
from shared.steps import Step

GUIDE = "docs/implementation_guide/05_operations.md"

_SUM, _MAXIMUM = cloudwatch.Stats.SUM, cloudwatch.Stats.MAXIMUM
_MINUTE, _HOUR = Duration.minutes(1), Duration.hours(1)


class AlarmSpec(NamedTuple):
    """What an alarm monitors, and when it triggers.

    Unless it says otherwise, any value above 0 triggers it and missing data does not: between
    restores nothing is published.
    """

    name: str
    heading: str
    """Where the operations guide says what to do."""
    condition: str
    """What has happened when it triggers, as the first sentence of its description."""
    metric: cloudwatch.IMetric
    threshold: float = 0
    comparison: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
    periods: int = 1
    periods_to_alarm: int = 1
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING


class Alarms(Construct):
    """The alarms of a deployment, which all notify its topic."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        topic: sns.ITopic,
        limits: Limits,
        state_machine: sfn.IStateMachine,
        functions: Mapping[Step, lambda_.IFunction],
        dead_letters: sqs.IQueue,
        schedules: Sequence[Schedule],
        rules: Mapping[str, events.IRule],
    ) -> None:
        super().__init__(scope, construct_id)
        specs = (
            _failed_restores(state_machine),
            _long_restores(prefix, limits.longest_restore_hours),
            _dead_letters(dead_letters),
            _errors(functions, limits.function_errors_per_hour),
            _throttles(functions),
            _snapshots_left(prefix),
            _leftovers_not_removed(prefix),
            _snapshot_quota(prefix),
            *_schedules(schedules, rules),
        )
        self.names = [f"{prefix}-{spec.name}" for spec in specs]
        for name, spec in zip(self.names, specs, strict=True):
            self._alarm(name, spec).add_alarm_action(actions.SnsAction(topic))

    def _alarm(self, name: str, spec: AlarmSpec) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            spec.name,
            alarm_name=name,
            alarm_description=f"{spec.condition} What to do: {GUIDE}, '{spec.heading}'.",
            metric=spec.metric,
            comparison_operator=spec.comparison,
            threshold=spec.threshold,
            evaluation_periods=spec.periods,
            datapoints_to_alarm=spec.periods_to_alarm,
            treat_missing_data=spec.missing,
        )


def _failed_restores(state_machine: sfn.IStateMachine) -> AlarmSpec:
    return AlarmSpec(
        name="restore-failed",
        heading="A restore has failed",
        condition="An execution of the state machine failed, timed out or was stopped.",
        metric=_together(
            "SUM",
            {
                "failed": state_machine.metric_failed(statistic=_SUM),
                "timed_out": state_machine.metric_timed_out(statistic=_SUM),
                "aborted": state_machine.metric_aborted(statistic=_SUM),
            },
            _MINUTE,
        ),
    )


def _long_restores(prefix: str, hours: float) -> AlarmSpec:
    """The age is published at least every ten minutes while something is under way."""
    ages = {step.module: _ours(prefix, Metric.OPERATION_AGE, step, _MAXIMUM) for step in Step}
    return AlarmSpec(
        name="restore-running-long",
        heading="A restore is taking longer than usual",
        condition=f"An operation has been running for more than {hours:g} hours.",
        metric=_together("MAX", ages, Duration.minutes(15)),
        threshold=hours * 3600,
    )


def _dead_letters(queue: sqs.IQueue) -> AlarmSpec:
    return AlarmSpec(
        name="dead-letter",
        heading="There are dead letters",
        condition=(
            "A failed restore could not be closed, a scheduled one could not be started, or an "
            "export to the long-term archive could not be requested."
        ),
        metric=queue.metric_approximate_number_of_messages_visible(
            period=_MINUTE, statistic=_MAXIMUM
        ),
        # SQS stops reporting on a queue that nothing has happened to for six hours.
        missing=cloudwatch.TreatMissingData.IGNORE,
    )


def _errors(functions: Mapping[Step, lambda_.IFunction], per_hour: int) -> AlarmSpec:
    """A retried error is an error of the function, too, and a few of them are usual."""
    errors = {
        step.module: function.metric_errors(statistic=_SUM) for step, function in functions.items()
    }
    return AlarmSpec(
        name="function-errors",
        heading="Functions fail more often than usual",
        condition=f"The functions failed more than {per_hour} times within an hour.",
        metric=_together("SUM", errors, _HOUR),
        threshold=per_hour,
    )


def _throttles(functions: Mapping[Step, lambda_.IFunction]) -> AlarmSpec:
    """The state machine retries; only lasting throttling triggers the alarm."""
    throttles = {
        step.module: function.metric_throttles(statistic=_SUM)
        for step, function in functions.items()
    }
    return AlarmSpec(
        name="functions-throttled",
        heading="Functions are throttled",
        condition="Lambda throttled functions in three of six periods of five minutes.",
        metric=_together("SUM", throttles, Duration.minutes(5)),
        periods=6,
        periods_to_alarm=3,
    )


def _snapshots_left(prefix: str) -> AlarmSpec:
    return AlarmSpec(
        name="snapshots-left",
        heading="Temporary snapshots remain",
        condition="A restore failed, and its temporary snapshots still exist and are billed.",
        metric=_ours(
            prefix, Metric.TEMPORARY_SNAPSHOTS_LEFT, Step.SNS_NOTIFICATION, _MAXIMUM, _HOUR
        ),
    )


def _leftovers_not_removed(prefix: str) -> AlarmSpec:
    return AlarmSpec(
        name="leftovers-remain",
        heading="Leftovers cannot be removed",
        condition="Something that earlier operations left should be gone, and cannot be removed.",
        metric=_ours(prefix, Metric.LEFTOVERS_NOT_REMOVED, Step.SNS_NOTIFICATION, _MAXIMUM, _HOUR),
    )


def _snapshot_quota(prefix: str) -> AlarmSpec:
    return AlarmSpec(
        name="snapshot-quota",
        heading="Snapshots are close to their quota",
        condition=(
            f"The account has {NEAR_QUOTA_PERCENT} % or more of the manual cluster snapshots that "
            "it may have in the region."
        ),
        metric=_ours(prefix, Metric.SNAPSHOT_QUOTA_USED, Step.SNS_NOTIFICATION, _MAXIMUM, _HOUR),
        threshold=NEAR_QUOTA_PERCENT,
        comparison=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    )


def _schedules(
    schedules: Sequence[Schedule], rules: Mapping[str, events.IRule]
) -> Iterator[AlarmSpec]:
    for schedule in schedules:
        if not schedule.enabled:
            continue
        rule = rules[schedule.name]
        yield _failed_start(schedule.name, rule)
        if hours := schedule.missed_after_hours or longest_silence_hours(schedule.schedule):
            yield _missed_start(schedule.name, rule, hours)


def _failed_start(name: str, rule: events.IRule) -> AlarmSpec:
    """An event in the dead-letter queue need not count as failed, so both are monitored."""
    failures = {
        "failed": _of_rule("FailedInvocations", rule),
        "put_aside": _of_rule("InvocationsSentToDlq", rule),
        "lost": _of_rule("InvocationsFailedToBeSentToDlq", rule),
    }
    return AlarmSpec(
        name=f"{name}-start-failed",
        heading="A schedule could not start its restore",
        condition=f"The rule of schedule {name} could not start the state machine.",
        metric=_together("SUM", failures, Duration.minutes(5)),
    )


def _missed_start(name: str, rule: events.IRule, hours: int) -> AlarmSpec:
    """A rule that starts nothing publishes nothing.

    With missing hours filled with 0 exactly the hours given are evaluated; otherwise CloudWatch
    would look for data points farther back.
    """
    return AlarmSpec(
        name=f"{name}-missed",
        heading="A schedule has not started anything",
        condition=f"Schedule {name} has not started a restore for {hours} hours.",
        metric=cloudwatch.MathExpression(
            expression="FILL(started, 0)",
            using_metrics={"started": _of_rule("Invocations", rule)},
            period=_HOUR,
        ),
        threshold=1,
        comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        periods=hours,
        periods_to_alarm=hours,
        missing=cloudwatch.TreatMissingData.BREACHING,
    )


def _together(
    function: str, metrics: Mapping[str, cloudwatch.IMetric], period: Duration
) -> cloudwatch.MathExpression:
    """`SUM` or `MAX` of up to ten metrics, the most that an alarm takes.

    Of an array it is taken point by point, whether or not every metric has the point.
    """
    return cloudwatch.MathExpression(
        expression=f"{function}([{', '.join(metrics)}])",
        using_metrics=dict(metrics),
        period=period,
    )


def _ours(
    deployment: str, name: Metric, step: Step, statistic: str, period: Duration | None = None
) -> cloudwatch.Metric:
    """A metric of a deployment's step, as `shared.runtime.telemetry` publishes it."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"step": step.module, "deployment": deployment},
        statistic=statistic,
        period=period,
    )


def _of_rule(name: str, rule: events.IRule) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Events",
        metric_name=name,
        dimensions_map={"RuleName": rule.rule_name},
        statistic=_SUM,
    )
