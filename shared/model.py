"""What every model of the pipeline has in common."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from shared import clock


class Model(BaseModel):
    """A value: frozen, complete, and silent about its content when it is wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _aware(value: object) -> object:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _utc(moment: datetime) -> str:
    return clock.iso(moment.astimezone(UTC))


Moment = Annotated[datetime, BeforeValidator(_aware), PlainSerializer(_utc, when_used="json")]
"""An aware UTC time, written as ISO-8601 with microseconds and `Z`."""
