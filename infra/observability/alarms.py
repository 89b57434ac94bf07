"""When somebody has to look: every alarm, what it tells, and where to read what to do."""

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

from infra.settings.deployment import Alarms as Limits
from infra.settings.deployment import Schedule
from infra.settings.schedule_expressions import longest_silence_hours
from shared.names import METRICS_NAMESPACE, Metric, Step

GUIDE = "docs/implementation_guide/05_operations.md"

_SUM, _MAXIMUM = cloudwatch.Stats.SUM, cloudwatch.Stats.MAXIMUM
_MINUTE, _HOUR = Duration.minutes(1), Duration.hours(1)


class Watch(NamedTuple):
    """What is looked at, and when somebody is told.

    Unless said otherwise, any value above 0 is told, and no data is no news: between restores
    nothing reports.
    """

    name: str
    heading: str
    """Where the operations guide says what to do."""
    told: str
    metric: cloudwatch.IMetric
    threshold: float = 0
    comparison: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
    periods: int = 1
    periods_to_alarm: int = 1
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING


class Alarms(Construct):
    """The alarms of a deployment, which all tell its topic."""

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
        watches = (
            _failed_restores(state_machine),
            _long_restores(limits.longest_restore_hours),
            _dead_letters(dead_letters),
            _errors(functions, limits.function_errors_per_hour),
            _throttles(functions),
            _snapshots_left(),
            *_schedules(schedules, rules),
        )
        self.names = [f"{prefix}-{watch.name}" for watch in watches]
        for name, watch in zip(self.names, watches, strict=True):
            self._alarm(name, watch).add_alarm_action(actions.SnsAction(topic))

    def _alarm(self, name: str, watch: Watch) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            watch.name,
            alarm_name=name,
            alarm_description=f"{watch.told} What to do: {GUIDE}, '{watch.heading}'.",
            metric=watch.metric,
            comparison_operator=watch.comparison,
            threshold=watch.threshold,
            evaluation_periods=watch.periods,
            datapoints_to_alarm=watch.periods_to_alarm,
            treat_missing_data=watch.missing,
        )


def _failed_restores(state_machine: sfn.IStateMachine) -> Watch:
    return Watch(
        name="restore-failed",
        heading="A restore has failed",
        told="An execution of the state machine failed, timed out or was stopped.",
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


def _long_restores(hours: float) -> Watch:
    """A look at what is under way comes every ten minutes at least, and tells the age."""
    ages = {step.module: _ours(Metric.OPERATION_AGE, step, _MAXIMUM) for step in Step}
    return Watch(
        name="restore-running-long",
        heading="A restore is taking longer than usual",
        told=f"An operation has been running for more than {hours:g} hours.",
        metric=_together("MAX", ages, Duration.minutes(15)),
        threshold=hours * 3600,
    )


def _dead_letters(queue: sqs.IQueue) -> Watch:
    return Watch(
        name="dead-letter",
        heading="There are dead letters",
        told="A failed restore was not closed, or a scheduled one not started.",
        metric=queue.metric_approximate_number_of_messages_visible(
            period=_MINUTE, statistic=_MAXIMUM
        ),
        # SQS stops reporting on a queue that nothing has happened to for six hours.
        missing=cloudwatch.TreatMissingData.IGNORE,
    )


def _errors(functions: Mapping[Step, lambda_.IFunction], per_hour: int) -> Watch:
    """What the state machine tries again is an error of the function, too; some are usual."""
    errors = {
        step.module: function.metric_errors(statistic=_SUM) for step, function in functions.items()
    }
    return Watch(
        name="function-errors",
        heading="Functions fail more often than usual",
        told=f"The functions failed more than {per_hour} times within an hour.",
        metric=_together("SUM", errors, _HOUR),
        threshold=per_hour,
    )


def _throttles(functions: Mapping[Step, lambda_.IFunction]) -> Watch:
    """The state machine tries again; only what lasts is told."""
    throttles = {
        step.module: function.metric_throttles(statistic=_SUM)
        for step, function in functions.items()
    }
    return Watch(
        name="functions-throttled",
        heading="Functions are throttled",
        told="Lambda refused to run functions in three of six periods of five minutes.",
        metric=_together("SUM", throttles, Duration.minutes(5)),
        periods=6,
        periods_to_alarm=3,
    )


def _snapshots_left() -> Watch:
    return Watch(
        name="snapshots-left",
        heading="Temporary snapshots are left over",
        told="A restore that failed has left temporary snapshots, which are billed.",
        metric=_ours(Metric.TEMPORARY_SNAPSHOTS_LEFT, Step.SNS_NOTIFICATION, _MAXIMUM, _HOUR),
    )


def _schedules(schedules: Sequence[Schedule], rules: Mapping[str, events.IRule]) -> Iterator[Watch]:
    for schedule in schedules:
        if not schedule.enabled:
            continue
        rule = rules[schedule.name]
        yield _failed_start(schedule.name, rule)
        if hours := schedule.missed_after_hours or longest_silence_hours(schedule.schedule):
            yield _missed_start(schedule.name, rule, hours)


def _failed_start(name: str, rule: events.IRule) -> Watch:
    """What ended in the dead-letter queue need not count as failed; it is looked at as well."""
    failures = {
        "failed": _of_rule("FailedInvocations", rule),
        "put_aside": _of_rule("InvocationsSentToDlq", rule),
        "lost": _of_rule("InvocationsFailedToBeSentToDlq", rule),
    }
    return Watch(
        name=f"{name}-start-failed",
        heading="A schedule could not start its restore",
        told=f"The rule of schedule {name} could not start the state machine.",
        metric=_together("SUM", failures, Duration.minutes(5)),
    )


def _missed_start(name: str, rule: events.IRule, hours: int) -> Watch:
    """A rule that does nothing reports nothing.

    Filled with 0, the hours are counted exactly: for missing ones CloudWatch would look back
    farther than it is told to.
    """
    return Watch(
        name=f"{name}-missed",
        heading="A schedule has not started anything",
        told=f"Schedule {name} has not started a restore for {hours} hours.",
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
    name: Metric, step: Step, statistic: str, period: Duration | None = None
) -> cloudwatch.Metric:
    """A metric of a step, as `shared.runtime.telemetry` publishes it."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"step": step.module},
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
