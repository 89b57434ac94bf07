"""The failure rule: an execution that ended badly closes its operation, whatever killed it.

EventBridge delivers *Step Functions Execution Status Change* at least once, so closing twice must
do nothing the second time.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue

from shared import clock, names
from shared.closing.transitions import operation_failed
from shared.errors import (
    ExecutionAborted,
    ExecutionTimedOut,
    InternalError,
    NotOurs,
    ResourceBusy,
    Retryable,
    Terminal,
)
from shared.gateways.aws import Aws
from shared.gateways.executions import Execution
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.planning.transitions import operation_started
from shared.replacing import cutover
from shared.replacing.transitions import cutover_undo_barred
from shared.request.fields import CLUSTER_ID, OPERATION_ID
from shared.request.restore_request import RestoreRequest

_LONGEST = 200
# Nothing serves the target id while the cut-over is half done. Whatever blocks the rollback, under
# any error name, may clear up: a permission may be fixed. After this time people must be told.
_WORTH_RETRYING = timedelta(minutes=15)
# RDS takes two to four minutes for both renames. A queue counts tries: 45 soon and 105 later ones
# are the six hours that any other message has.
_SOON, _UNDONE_AT_ITS_PACE = timedelta(seconds=20), timedelta(minutes=15)
_LATER = timedelta(seconds=200)


def closed_operation(event: Mapping[str, Any], aws: Aws) -> Operation:
    """The operation of the execution in the event, closed as FAILED unless it is closed already.

    An execution whose request was refused has no operation yet: it gets one, to be closed. Every
    attempt is closed once: one that a redrive has overtaken is left to the redrive.

    Raises `ResourceBusy` while a cut-over is being rolled back, or cannot be just now.
    """
    execution = aws.executions.describe(event["detail"]["executionArn"])
    operation = _operation_of(execution, aws)
    if execution.status == "RUNNING":
        if execution.redrive_count > event["detail"].get("redriveCount", 0):
            return operation
        raise ResourceBusy(f"Execution {execution.arn} is still running.")
    is_reported = operation.failed_attempt >= execution.redrive_count
    if operation.status is Status.COMPLETED or (operation.status is Status.FAILED and is_reported):
        return operation
    name, message = _reason(execution)
    if cutover.needs_undoing(operation):
        operation, barrier = _rolled_back(operation, event, execution, aws)
        message += barrier
    return operation_failed(operation, name, message, execution.redrive_count)


def _rolled_back(
    operation: Operation, event: Mapping[str, Any], execution: Execution, aws: Aws
) -> tuple[Operation, str]:
    """The operation with the replaced cluster serving again, or why it does not, in a sentence.

    Raises `ResourceBusy` until it does, or until it is time to tell people that it does not.
    """
    barred_since = _barred_since(operation, execution)
    try:
        with _coming_again_soon(event, execution, aws):
            if operation.is_proof_due:
                operation = aws.store.save(cutover.called_off(operation))
            undone = cutover.undo(operation, aws)
            if undone.cutover is not None:
                aws.store.save(undone)
            _check_is_back(undone, execution)
            return undone, ""
    except Terminal as error:
        if barred_since is None:
            aws.store.save(cutover_undo_barred(operation))
        if barred_since is None or clock.now() - barred_since < _WORTH_RETRYING:
            _come_again(event, execution, aws)
            raise ResourceBusy(f"The cut-over is not rolled back yet: {error}") from error
        barrier = f" The cut-over could not be rolled back: {error}"
        if not isinstance(error, NotOurs):
            barrier += (
                f" The replaced cluster may still be called {operation.renamed_id}: rename it back "
                f"to {operation.target_cluster}."
            )
        return operation, barrier


@contextmanager
def _coming_again_soon(event: Mapping[str, Any], execution: Execution, aws: Aws) -> Iterator[None]:
    """Have what fails for now tried again at the pace at which RDS renames clusters."""
    try:
        yield
    except Retryable:
        _come_again(event, execution, aws)
        raise


def _come_again(event: Mapping[str, Any], execution: Execution, aws: Aws) -> None:
    message = event.get("message")
    if message is None:
        return
    is_young = clock.now() - (execution.stopped_at or clock.now()) < _UNDONE_AT_ITS_PACE
    pause = _SOON if is_young else _LATER
    aws.failed_executions.come_again(message, round(pause.total_seconds()))


def _barred_since(operation: Operation, execution: Execution) -> datetime | None:
    """Since when the rollback of this attempt has been blocked; an earlier one does not count."""
    since, ended_at = operation.undo_barred_since, execution.stopped_at
    return since if since and (ended_at is None or since >= ended_at) else None


def _check_is_back(operation: Operation, execution: Execution) -> None:
    """Raise `ResourceBusy` until the replaced cluster serves again under its own name.

    And until every function that could still be running on the earlier state has ended.
    """
    if operation.cutover is not None:
        raise ResourceBusy(f"The cut-over to {operation.target_cluster} is being rolled back.")
    if execution.stopped_at and waiting.may_still_run(execution.stopped_at):
        raise ResourceBusy(f"A function of {execution.arn} may still be running.")


def _operation_of(execution: Execution, aws: Aws) -> Operation:
    """The stored operation of an execution, or a new one under an id nobody else has."""
    request = execution.request if isinstance(execution.request, dict) else {}
    derived = names.operation_id(execution.arn, execution.started_at)
    # A request that abandons an operation names that one, not its own.
    named = None if request.get("abandon") else request.get("operation_id")
    for operation_id in (named, derived):
        if not isinstance(operation_id, str) or not OPERATION_ID.fullmatch(operation_id):
            continue
        existing = aws.store.load(operation_id)
        if existing is None:
            parameters = _storable(request)
            return operation_started(
                operation_id,
                execution.arn,
                execution.started_at,
                parameters,
                target_cluster(parameters),
            )
        if existing.execution_arn == execution.arn:
            return existing
    raise InternalError(f"Operation id {derived} of {execution.arn} belongs to another execution.")


def _storable(request: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What may be kept of a refused request: what is unknown or nested may hold anything."""
    return {
        name: _kept(value)
        for name in RestoreRequest.model_fields
        if (value := request.get(name)) is not None
    }


def _kept(value: JsonValue) -> JsonValue:
    if isinstance(value, bool):
        return value
    return value[:_LONGEST] if isinstance(value, str) else "(not kept)"


def target_cluster(parameters: Mapping[str, JsonValue]) -> str:
    """The target of a refused request, if it names a legal one."""
    named = str(parameters.get("target_cluster_id", ""))
    return named.lower() if CLUSTER_ID.fullmatch(named) else "unknown"


def _reason(execution: Execution) -> tuple[str, str]:
    """The error name and the message of an execution that ended."""
    match execution.status:
        case "ABORTED":
            why = execution.message or "no reason was given"
            return ExecutionAborted.__name__, f"The execution was stopped: {why}."
        case "TIMED_OUT":
            return (
                ExecutionTimedOut.__name__,
                "The execution exceeded the timeout of the state machine.",
            )
        case _:
            return execution.error or "Unknown", execution.message or "No message was given."
