"""What every model of the pipeline has in common."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from shared import clock


class Model(BaseModel):
    """A value: frozen, complete, and silent about its content when it is wrong."""

    # Built when first used: a function uses few of the models that its imports bring along.
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )


def _from_text(value: object) -> object:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_from_text),
    PlainSerializer(clock.iso, when_used="json"),
]
"""An aware time, written as ISO-8601 UTC with microseconds and `Z`."""
