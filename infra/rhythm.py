"""How long a schedule may be silent before something must be wrong."""

import math
import re
from datetime import timedelta
from itertools import pairwise

A_WEEK_OF_HOURS = 168
"""An alarm cannot look back farther."""

_EVERY = {"*", "?", "*/1", "1/1"}
_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_WEEKDAYS = {name: day for day, name in enumerate(_NAMES)} | {str(day + 1): day for day in range(7)}


def longest_silence_hours(expression: str) -> int | None:
    """The hours within which a schedule must have started something, with some grace.

    Twice the interval of a rate; two hours more than lie between two days of a cron that runs on
    the same weekdays, every week. `None` for all others, and for what is longer than a week.
    """
    hours = _hours_of_rate(expression) or _hours_of_cron(expression)
    return hours if hours and hours <= A_WEEK_OF_HOURS else None


def _hours_of_rate(expression: str) -> int | None:
    match = re.fullmatch(r"rate\((\d{1,6}) (minute|hour|day)s?\)", expression)
    if not match:
        return None
    interval = timedelta(**{f"{match[2]}s": int(match[1])})
    # The hour that has just begun may be silent always.
    return max(2, math.ceil(2 * interval / timedelta(hours=1)))


def _hours_of_cron(expression: str) -> int | None:
    match = re.fullmatch(r"cron\(\S+ \S+ (\S+) (\S+) (\S+) (\S+)\)", expression)
    if not match:
        return None
    day_of_month, month, weekday, year = match.groups()
    days = _weekdays(weekday)
    if not days or not {day_of_month, month, year} <= _EVERY:
        return None
    gaps = [(later - day) % 7 or 7 for day, later in pairwise([*days, days[0]])]
    return 24 * max(gaps) + 2


def _weekdays(field: str) -> list[int]:
    """The days that a field names, from 0 for Sunday; none when it is not that simple."""
    if field in _EVERY:
        return list(range(7))
    days: set[int] = set()
    for part in field.upper().split(","):
        first, _, last = part.partition("-")
        begin, end = _WEEKDAYS.get(first), _WEEKDAYS.get(last or first)
        if begin is None or end is None:
            return []
        days |= {(begin + further) % 7 for further in range((end - begin) % 7 + 1)}
    return sorted(days)
