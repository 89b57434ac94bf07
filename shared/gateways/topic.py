"""The message about the end of an operation, in the form that suits whoever gets it."""

import json
from typing import TYPE_CHECKING

from shared.aws_errors import named_errors
from shared.messages import email, one_line
from shared.messages.report import Report
from shared.messages.report_builder import report_on
from shared.operation.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef


class Messages:
    """The topic on which everyone learns how a restore ended."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, operation: Operation) -> str:
        """Publish the message about a closed operation; returns the message's id."""
        report = report_on(operation)
        with named_errors(f"Publishing the message about {operation.operation_id}"):
            response = self._client.publish(
                TopicArn=self._topic_arn,
                Subject=one_line.subject(report),
                MessageStructure="json",
                Message=forms(report),
                MessageAttributes=attributes(report),
            )
        return response["MessageId"]


def forms(report: Report) -> str:
    """The message as SNS wants it for everyone at once.

    What has no form of its own gets `default`: queues, HTTPS, functions, and e-mail as JSON.
    """
    return json.dumps(
        {
            "default": report.model_dump_json(),
            "email": email.text(report),
            "sms": one_line.sms(report),
        },
        ensure_ascii=False,
    )


def attributes(report: Report) -> "Mapping[str, MessageAttributeValueTypeDef]":
    """What subscribers can filter by."""
    filtered = ("status", "outcome", "target_cluster")
    return {
        name: {"DataType": "String", "StringValue": str(getattr(report, name))} for name in filtered
    }
