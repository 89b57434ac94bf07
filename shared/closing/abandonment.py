"""Abandoning a failed operation: a request that removes its leftovers at once.

It is an operation of its own, with its own lock, state and audit trail, and it carries the
parameters of the one it abandons.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import JsonValue, ValidationError

from shared.errors import InvalidRequest
from shared.gateways.store import Store
from shared.model import Model
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.request.restore_request import OperationId, RestoreRequest


class AbandonRequest(Model):
    """What a user asks for: nothing but the operation."""

    abandon: Literal[True]
    operation_id: OperationId


def is_asked_for(raw: object) -> bool:
    """Whether this request abandons an operation, instead of asking for a restore."""
    return isinstance(raw, Mapping) and raw.get("abandon") is True


def parameters(raw: Mapping[str, Any], store: Store) -> dict[str, JsonValue]:
    """The parameters of the operation that carries the request out; raises `InvalidRequest`."""
    try:
        wanted = AbandonRequest.model_validate(raw)
    except ValidationError:
        raise InvalidRequest(
            'The request abandons an operation. Then it is {"abandon": true, "operation_id": "…"} '
            "and nothing else."
        ) from None
    failed = failed_operation(wanted.operation_id, store)
    inherited = failed.parameters | {"abandon": True, "operation_id": failed.operation_id}
    try:
        RestoreRequest.model_validate(inherited)
    except ValidationError:
        raise InvalidRequest(
            f"operation_id: {failed.operation_id} was refused, so it has no leftovers."
        ) from None
    return inherited


def failed_operation(operation_id: str, store: Store) -> Operation:
    """The operation to be abandoned; raises `InvalidRequest` unless it has failed."""
    failed = store.load(operation_id)
    if failed is None:
        raise InvalidRequest(f"operation_id: there is no operation {operation_id}.")
    if failed.status is not Status.FAILED:
        raise InvalidRequest(
            f"operation_id: {operation_id} is {failed.status}. Only one that has failed can be "
            "abandoned; stop its execution first."
        )
    return failed
