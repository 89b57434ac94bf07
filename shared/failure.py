"""The failure rule: an execution that ended badly closes its operation, whatever killed it.

EventBridge delivers *Step Functions Execution Status Change* at least once, so closing twice must
do nothing the second time.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from shared import names
from shared.aws import Aws
from shared.errors import ExecutionAborted, ExecutionTimedOut, InternalError, ResourceBusy
from shared.executions import Execution
from shared.operation import Operation
from shared.request import CLUSTER_ID, OPERATION_ID, RestoreRequest

_LONGEST = 200


def closed_operation(event: Mapping[str, Any], aws: Aws) -> Operation:
    """The operation of the execution in the event, closed as FAILED unless it is closed already.

    An execution whose request was refused has no operation yet: it gets one, to be closed.
    """
    execution = aws.executions.describe(event["detail"]["executionArn"])
    if execution.status == "RUNNING":
        raise ResourceBusy(f"Execution {execution.arn} is still, or again, running.")
    operation = _operation_of(execution, aws)
    return operation if operation.is_closed else operation.failed(*_reason(execution))


def _operation_of(execution: Execution, aws: Aws) -> Operation:
    """The stored operation of an execution, or a new one under an id nobody else has."""
    request = execution.request if isinstance(execution.request, dict) else {}
    derived = names.operation_id(execution.arn, execution.started_at)
    for operation_id in (request.get("operation_id"), derived):
        if not isinstance(operation_id, str) or not OPERATION_ID.fullmatch(operation_id):
            continue
        existing = aws.store.load(operation_id)
        if existing is None:
            parameters = _storable(request)
            return Operation.begin(
                operation_id,
                execution.arn,
                execution.started_at,
                parameters,
                target_cluster(parameters),
            )
        if existing.execution_arn == execution.arn:
            return existing
    raise InternalError(f"Another execution has the operation id {derived} of {execution.arn}.")


def _storable(request: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What may be kept of a refused request: what is unknown or nested may hold anything."""
    return {
        name: value[:_LONGEST] if isinstance(value, str) else "(not kept)"
        for name in RestoreRequest.model_fields
        if (value := request.get(name)) is not None
    }


def target_cluster(parameters: Mapping[str, JsonValue]) -> str:
    """The target of a refused request, if it names a legal one."""
    named = str(parameters.get("target_cluster_id", ""))
    return named.lower() if CLUSTER_ID.fullmatch(named) else "unknown"


def _reason(execution: Execution) -> tuple[str, str]:
    """The name and the words for how an execution ended."""
    match execution.status:
        case "ABORTED":
            why = execution.message or "no reason was given"
            return ExecutionAborted.__name__, f"The execution was stopped: {why}."
        case "TIMED_OUT":
            return (
                ExecutionTimedOut.__name__,
                "The execution passed the time-out of the state machine.",
            )
        case _:
            return execution.error or "Unknown", execution.message or "No message was given."
