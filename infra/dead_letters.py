"""What could not be dealt with is kept, and somebody is told."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct


class DeadLetters(Construct):
    """The queue of what was tried in vain, and an alarm for when there is something in it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{prefix}-dead-letters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_name=f"{prefix}-dead-letters",
            alarm_description=(
                f"A failed restore was not closed, or a scheduled one not started. What happened "
                f"is in the queue {prefix}-dead-letters; what to do is in "
                "docs/troubleshooting/01_common_issues.md, 'A failure that was not closed'."
            ),
            metric=self.queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic=cloudwatch.Stats.MAXIMUM
            ),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold=0,
            evaluation_periods=1,
            # SQS stops reporting on a queue that nothing has happened to for six hours.
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
