"""Step Functions executions: how one ended, for the step that closes its operation."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pydantic import JsonValue

from shared.aws_errors import named_errors

if TYPE_CHECKING:
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
