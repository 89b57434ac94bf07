"""Stretches of time."""

from collections.abc import Iterable
from datetime import datetime, timedelta


def covered(intervals: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """How much time lies in at least one of the intervals, each given by its start and end."""
    total = timedelta()
    until: datetime | None = None
    for start, end in sorted(intervals):
        begin = start if until is None else max(start, until)
        if end > begin:
            total += end - begin
            until = end
    return total
