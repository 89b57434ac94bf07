"""The one place that production code asks for the time."""

from collections.abc import Callable
from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system_time


def now() -> datetime:
    """The current time, aware, in UTC."""
    return _source()


def use(source: Callable[[], datetime]) -> None:
    """Take the time from `source`, an aware UTC clock, from now on."""
    global _source
    _source = source


def iso(moment: datetime) -> str:
    """Write `moment` as ISO-8601 UTC with microseconds and `Z`: text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
