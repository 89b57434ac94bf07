"""The other request: to abandon a failed operation, and to remove at once what it has left."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import ValidationError

from shared.errors import InvalidRequest
from shared.model import Model
from shared.request.fields import OperationId


class AbandonRequest(Model):
    """What a user asks for: nothing but the operation."""

    abandon: Literal[True]
    operation_id: OperationId

    @classmethod
    def parse(cls, raw: object) -> Self:
        """Read a request as a user wrote it; raises `InvalidRequest`."""
        try:
            return cls.model_validate(raw)
        except ValidationError:
            raise InvalidRequest(
                'A request to abandon an operation is {"abandon": true, "operation_id": "…"} and '
                "nothing else."
            ) from None


def asks_to_abandon(raw: object) -> bool:
    """Whether this request abandons an operation, instead of asking for a restore."""
    return isinstance(raw, Mapping) and raw.get("abandon") is True
