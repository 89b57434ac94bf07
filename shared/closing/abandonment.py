"""Giving up a failed operation: a request that removes at once what it has left.

It is an operation of its own, with its own lock, state and audit trail, and it carries the
parameters of the one it gives up.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import JsonValue, ValidationError

from shared.errors import InvalidRequest
from shared.gateways.store import Store
from shared.model import Model
from shared.operation.operation import Operation
from shared.operation.progress import Status
from shared.request.restore_request import OperationId, RestoreRequest


class AbandonRequest(Model):
    """What a user asks for: nothing but the operation."""

    abandon: Literal[True]
    operation_id: OperationId


def is_asked_for(raw: object) -> bool:
    """Whether this request gives an operation up, instead of asking for a restore."""
    return isinstance(raw, Mapping) and raw.get("abandon") is True


def parameters(raw: Mapping[str, Any], store: Store) -> dict[str, JsonValue]:
    """The parameters of the operation that carries the request out; raises `InvalidRequest`."""
    try:
        wanted = AbandonRequest.model_validate(raw)
    except ValidationError:
        raise InvalidRequest(
            'The request gives an operation up. Then it is {"abandon": true, "operation_id": "…"} '
            "and nothing else."
        ) from None
    failed = failed_operation(wanted.operation_id, store)
    given_up = failed.parameters | {"abandon": True, "operation_id": failed.operation_id}
    try:
        RestoreRequest.model_validate(given_up)
    except ValidationError:
        raise InvalidRequest(
            f"operation_id: {failed.operation_id} was refused, so it has left nothing."
        ) from None
    return given_up


def failed_operation(operation_id: str, store: Store) -> Operation:
    """The operation to be given up; raises `InvalidRequest` unless it has failed."""
    failed = store.load(operation_id)
    if failed is None:
        raise InvalidRequest(f"operation_id: there is no operation {operation_id}.")
    if failed.status is not Status.FAILED:
        raise InvalidRequest(
            f"operation_id: {operation_id} is {failed.status}. Only one that has failed can be "
            "given up; stop its execution first."
        )
    return failed
