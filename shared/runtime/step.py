"""The step runner: what happens around every step, once.

    load ── is it our turn? ── run ── save (state + events, one transaction) ── ticket
                  │ no
                  └── the state as it is ── ticket

A step that died after saving is called again by the state machine; its work is done, so it
answers with the ticket that the first call could not deliver.
"""

import json
import os
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from shared import clock, names
from shared.closing.abandonment import check_not_abandoned
from shared.closing.transitions import operation_redriven
from shared.errors import InternalError, InvalidRequest, NotOurs, RestoreError, Retryable
from shared.gateways.aws import Aws
from shared.lengths import short
from shared.model import Model
from shared.operation import bounds, waiting
from shared.operation.next_step import next_step
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.runtime import telemetry
from shared.settings import Settings
from shared.steps import Step

Event = Mapping[str, Any]
Ticket = dict[str, Any]


class Handler(Protocol):
    """A Lambda function; `run` is the bare step."""

    run: Callable[[Operation, Aws], Operation]

    def __call__(self, event: Event, context: object) -> Ticket:
        """Run the step once for the operation that the event names."""


class StepInput(Model):
    """What the state machine hands to a step."""

    operation_id: str
    execution_arn: str
    redrive_count: int


class NextTicket(Model):
    """What travels between states: under 1 KB, and nothing confidential."""

    operation_id: str
    status: Status
    next_step: Step | None
    wait_seconds: int


def load(event: Event, aws: Aws) -> Operation:
    """The operation that the event names, reopened if its execution was redriven.

    Raises `NotOurs` when it belongs to another execution, or to an attempt that is over, and
    `TargetLocked` when somebody else has taken the target in the meantime.
    """
    given = StepInput.model_validate(event)
    operation = aws.store.load(given.operation_id)
    if operation is None:
        raise InternalError(
            f"There is no operation {given.operation_id}. "
            "Its state item was removed from the table."
        )
    if operation.execution_arn != given.execution_arn:
        raise NotOurs(
            f"Operation {given.operation_id} belongs to execution {operation.execution_arn}."
        )
    if operation.status is not Status.FAILED:
        return operation
    if given.redrive_count <= operation.failed_attempt:
        raise NotOurs(
            f"Operation {given.operation_id} has failed already. This call is from an attempt that "
            "has ended; redrive the execution to continue."
        )
    check_not_abandoned(operation)
    return aws.store.reopen(operation_redriven(operation))


def step(
    name: Step, find: Callable[[Event, Aws], Operation] = load
) -> Callable[[Callable[[Operation, Aws], Operation]], Handler]:
    """Make a Lambda function of a step; `find` turns the event into the operation."""

    def decorate(run: Callable[[Operation, Aws], Operation]) -> Handler:
        def handler(event: Event, context: object) -> Ticket:  # noqa: ARG001
            telemetry.logger.append_keys(step=name.module, **_keys({}))
            try:
                event = _unwrapped(event)
                telemetry.logger.append_keys(**_keys(event))
                operation = _run(name, run, find, event, _aws())
            except Exception as error:
                telemetry.count_step(name.module, succeeded=False)
                raise _named(error) from None
            telemetry.count_step(name.module, succeeded=True)
            return _ticket(operation)

        handler.run = run  # type: ignore[attr-defined]
        return handler  # type: ignore[return-value]

    return decorate


def _run(
    name: Step,
    run: Callable[[Operation, Aws], Operation],
    find: Callable[[Event, Aws], Operation],
    event: Event,
    aws: Aws,
) -> Operation:
    operation = find(event, aws)
    telemetry.logger.append_keys(
        operation_id=operation.operation_id, target_cluster=operation.target_cluster
    )
    telemetry.publish_age(name.module, operation)
    if next_step(operation) is not name:
        telemetry.logger.info("Already done", extra={"status": operation.status})
        return operation
    following = run(operation, aws)
    telemetry.log_long_lists(following)
    saved = aws.store.save(following)
    telemetry.logger.info("Step done", extra={"status": saved.status})
    return saved


@cache
def _aws() -> Aws:
    return Aws(Settings.deployed(os.environ))


def _unwrapped(event: Event) -> Event:
    """The event itself, also when Lambda has taken it from a queue, one message at a time.

    What Lambda says of such a message is then its `message`. Raises `InvalidRequest` for what is
    no JSON object, as somebody may type it in the console.
    """
    match event:
        case {"Records": [{"body": str(body)} as record]}:
            return {**_unwrapped(json.loads(body)), "message": record}
        case {}:
            return event
        case _:
            raise InvalidRequest(
                "The event is not a JSON object. Start the state machine; it calls this function."
            )


def _keys(event: Event) -> dict[str, Any]:
    """The log keys that an event gives, whatever shape it has, and none of the event before."""
    detail = event.get("detail", {})
    arn = event.get("execution_arn", detail.get("executionArn"))
    begun = event.get("execution_start_time")
    operation_id = event.get("operation_id") or (
        names.operation_id(arn, datetime.fromisoformat(begun)) if begun else None
    )
    return {"operation_id": operation_id, "execution_arn": arn, "target_cluster": None}


def _named(error: Exception) -> RestoreError:
    """Our own errors as they are; any other is a defect, reported without its text.

    The text of a foreign exception may quote values, and values may be secrets.
    """
    if isinstance(error, RestoreError):
        telemetry.logger.warning(
            str(error),
            extra={"error": type(error).__name__, "retryable": isinstance(error, Retryable)},
        )
        # Step Functions' limits: 256 KB of an answer, 32,768 characters of a cause.
        return type(error)(short(str(error), bounds.LONGEST_TEXT_BYTES))
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno} in {where.name}"
    detail = f" ({error.error_count()} problems)" if isinstance(error, ValidationError) else ""
    telemetry.logger.error(
        "A defect of the pipeline", extra={"error": type(error).__name__, "at": place}
    )
    return InternalError(
        f"{type(error).__name__}{detail} at {place}. "
        "This is a defect of the pipeline; please report it."
    )


def _ticket(operation: Operation) -> Ticket:
    return NextTicket(
        operation_id=operation.operation_id,
        status=operation.status,
        next_step=next_step(operation),
        wait_seconds=waiting.wait_seconds(clock.now(), operation.waiting_since),
    ).model_dump(mode="json")
