"""The rule that closes an operation whose execution failed, timed out or was aborted."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

FAILURES = ["FAILED", "TIMED_OUT", "ABORTED"]

# One try per visibility timeout: six hours. While a cut-over is being undone the function comes
# again sooner, and then later, which takes as long (`shared.closing.failed_executions`).
TRIES = 150
VISIBILITY = Duration.seconds(144)


class FailureRule(Construct):
    """Send `sns_notification` the event of an execution of this state machine that did not succeed.

    Closing can take hours and many tries. The queue between rule and function gives it both, where
    Lambda itself would try three times within minutes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        state_machine: sfn.IStateMachine,
        notify: lambda_.Function,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        failed_executions = sqs.Queue(
            self,
            "FailedExecutions",
            queue_name=f"{prefix}-failed-executions",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(4),
            visibility_timeout=VISIBILITY,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=TRIES),
        )
        events.Rule(
            self,
            "Rule",
            rule_name=f"{prefix}-failure",
            description="Close the operation of an execution that did not succeed",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"status": FAILURES, "stateMachineArn": [state_machine.state_machine_arn]},
            ),
            targets=[
                targets.SqsQueue(
                    failed_executions,
                    dead_letter_queue=dead_letters,
                    retry_attempts=185,
                    max_event_age=Duration.hours(24),
                )
            ],
        )
        # Lambda polls the queue as the function; the last is for the function itself.
        failed_executions.grant(
            notify,
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
        )
        # One message at a time: a batch would fail, and be repeated, as a whole.
        notify.add_event_source_mapping(
            "FailedExecutions", event_source_arn=failed_executions.queue_arn, batch_size=1
        )
