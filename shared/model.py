"""What every model of the pipeline has in common."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic_core import core_schema

from shared import clock

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler


class Model(BaseModel):
    """A value: frozen, complete, and silent about its content when it is wrong."""

    # Built when first used: a function uses few of the models that its imports bring along.
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )


class _Iso:
    """Text to and from times. `BeforeValidator` and `PlainSerializer` cost 2 ms of a cold start."""

    @staticmethod
    def __get_pydantic_core_schema__(
        source: object, handler: "GetCoreSchemaHandler"
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(
            _from_text,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                clock.iso, when_used="json"
            ),
        )


def _from_text(value: object) -> object:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


Moment = Annotated[AwareDatetime, _Iso]
"""An aware time, written as ISO-8601 UTC with microseconds and `Z`."""
