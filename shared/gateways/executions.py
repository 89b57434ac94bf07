"""Step Functions executions: how one ended, and the queue by which that is learned."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import JsonValue

from shared.arns import Arn
from shared.aws_errors import named_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient


class Execution(NamedTuple):
    """An execution as Step Functions describes it."""

    arn: str
    status: str
    started_at: datetime
    stopped_at: datetime | None
    redrive_count: int
    request: JsonValue
    error: str | None
    message: str | None


class Executions:
    """The executions of the state machine."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def describe(self, arn: str) -> Execution:
        """Describe the status of an execution, or how it ended."""
        with named_errors(f"Describing execution {arn}"):
            response = self._client.describe_execution(executionArn=arn)
        return Execution(
            arn=arn,
            status=response["status"],
            started_at=response["startDate"],
            stopped_at=response.get("stopDate"),
            redrive_count=response.get("redriveCount", 0),
            request=json.loads(response.get("input", "{}")),
            error=response.get("error"),
            message=_message(response.get("cause")),
        )


class FailedExecutions:
    """The queue of executions that did not succeed, one message for each."""

    def __init__(self, client: "SQSClient") -> None:
        self._client = client

    def come_again(self, message: Mapping[str, Any], seconds: int) -> None:
        """Have Lambda hand over a message again in so many seconds, if it is not deleted by then.

        The message is a record of a Lambda event, whose function is going to fail:
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
        """
        queue = Arn.parse(message["eventSourceARN"])
        with named_errors(f"Changing the visibility of a message of {queue.resource}"):
            self._client.change_message_visibility(
                QueueUrl=f"{self._client.meta.endpoint_url}/{queue.account_id}/{queue.resource}",
                ReceiptHandle=message["receiptHandle"],
                VisibilityTimeout=seconds,
            )


def _message(cause: str | None) -> str | None:
    """The message in a cause; of a function's error report everything but the message goes."""
    if cause is None:
        return None
    try:
        report = json.loads(cause)
    except json.JSONDecodeError:
        return cause
    return (
        str(report["errorMessage"])
        if isinstance(report, dict) and "errorMessage" in report
        else cause
    )
