"""The queue that keeps what could not be processed."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct


class DeadLetters(Construct):
    """The queue of what was tried without success; an alarm triggers while it holds a message."""

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{prefix}-dead-letters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
