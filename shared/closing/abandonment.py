"""Abandoning a failed operation: a request that removes its leftovers at once.

It is an operation of its own, with its own lock, state and audit trail, and it carries the
parameters of the one it abandons.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue, ValidationError

from shared.errors import InvalidRequest, NotOurs, ResourceBusy
from shared.gateways.store import Store
from shared.operation import waiting
from shared.operation.kind import Kind
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.request.abandon_request import AbandonRequest
from shared.request.restore_request import RestoreRequest


def parameters(raw: Mapping[str, Any], store: Store) -> dict[str, JsonValue]:
    """The parameters of the operation that carries the request out; raises `InvalidRequest`."""
    failed = failed_operation(AbandonRequest.parse(raw).operation_id, store)
    inherited = failed.parameters | {"abandon": True, "operation_id": failed.operation_id}
    try:
        RestoreRequest.model_validate(inherited)
    except ValidationError:
        raise InvalidRequest(
            f"operation_id: {failed.operation_id} was refused, so it has no leftovers."
        ) from None
    return inherited


def check_not_abandoned(operation: Operation) -> None:
    """Raise `NotOurs` when another operation has taken over what this one left."""
    if operation.abandoned_by:
        raise NotOurs(
            f"Operation {operation.operation_id} was abandoned by {operation.abandoned_by}, and "
            "its leftovers were removed. Start a new restore."
        )


def failed_operation(operation_id: str, store: Store) -> Operation:
    """The operation to be abandoned.

    Raises `InvalidRequest` unless it has failed, and `ResourceBusy` while one of its functions may
    still be making something that nobody could see yet.
    """
    failed = store.load(operation_id)
    if failed is None:
        raise InvalidRequest(f"operation_id: there is no operation {operation_id}.")
    if failed.status is not Status.FAILED:
        raise InvalidRequest(
            f"operation_id: {operation_id} is {failed.status}. Only one that has failed can be "
            "abandoned; stop its execution first."
        )
    if failed.kind is Kind.CLEAN_UP:
        raise InvalidRequest(
            f"operation_id: {operation_id} abandons {failed.request.operation_id} itself. Redrive "
            "it, or abandon that one again."
        )
    has_just_ended = failed.error and waiting.may_still_run(failed.error.occurred_at)
    if has_just_ended and not failed.abandoned_by:
        raise ResourceBusy(f"Functions of operation {operation_id} may still be running.")
    return failed
