"""What EventBridge's schedule expressions say: how often something runs, and how seldom.

`rate(5 minutes)`, and `cron(minutes hours day-of-month month day-of-week year)` in UTC.
"""

import math
import re
from datetime import timedelta
from itertools import pairwise

A_WEEK_OF_HOURS = 168
"""The longest time that an alarm can evaluate."""

_EVERY = {"*", "?", "*/1", "1/1"}
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_WEEKDAYS = {name: day for day, name in enumerate(_DAYS)} | {str(day + 1): day for day in range(7)}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LONGEST_MONTH = 31


def check(expression: str) -> str:
    """The expression itself; raises `ValueError` when EventBridge would not accept it."""
    if _interval(expression) is None and _cron(expression) is None:
        raise ValueError(
            f"{expression!r} is not an expression such as cron(0 2 * * ? *), with six fields, or "
            "rate(1 day)"
        )
    return expression


def longest_silence_hours(expression: str) -> int | None:
    """The hours within which a schedule must have started something, with some grace.

    Twice the interval of a rate; two hours more than lie between two days of a cron that runs on
    the same weekdays, every week. `None` for all others, and for what is longer than a week.
    """
    if interval := _interval(expression):
        # The hour that has just begun may be silent always.
        hours: int | None = max(2, math.ceil(2 * interval / timedelta(hours=1)))
    else:
        fields = _cron(expression)
        hours = _silence_of_cron(fields) if fields else None
    return hours if hours and hours <= A_WEEK_OF_HOURS else None


def hours_between_runs(expression: str, up_to: float) -> set[float]:
    """The hours that lie between any two of its runs, as far as its expression says.

    None for what does not run at one time of the same weekdays, every week.
    """
    if interval := _interval(expression):
        hours = interval / timedelta(hours=1)
        # Of what runs more often than that, no distance matters.
        return {hours * n for n in range(1, int(up_to / hours) + 1)} if hours >= 1 else set()
    minutes, at, day_of_month, month, weekday, year = _cron(expression) or ("",) * 6
    is_simple = minutes.isdecimal() and at.isdecimal() and {day_of_month, month, year} <= _EVERY
    if not is_simple:
        return set()
    weeks = range(int(up_to / A_WEEK_OF_HOURS) + 2)
    runs = [24.0 * day + A_WEEK_OF_HOURS * week for week in weeks for day in _weekdays(weekday)]
    apart = {later - run for run in runs for later in runs if later > run}
    return {hours for hours in apart if hours <= up_to}


def longest_days_between(expression: str) -> float:
    """The days from one run to the next, at most, as far as its months say.

    A day that not every month has, such as the 31st, counts as every month's. Raises `ValueError`
    for one that names years, since it ends one day.
    """
    if interval := _interval(expression):
        return interval / timedelta(days=1)
    *_, months, _, years = _cron(check(expression)) or ()
    if years != "*":
        raise ValueError(f"{expression} names years, after which it would never run again")
    named = sorted(_months(months))
    around = [*named, named[0] + len(_MONTHS)]
    return _LONGEST_MONTH * max(later - earlier for earlier, later in pairwise(around))


def _interval(expression: str) -> timedelta | None:
    match = re.fullmatch(r"rate\(([1-9]\d{0,5}) (minute|hour|day)s?\)", expression)
    return timedelta(**{f"{match[2]}s": int(match[1])}) if match else None


def _cron(expression: str) -> tuple[str, ...] | None:
    match = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", expression)
    return match.groups() if match else None


def _silence_of_cron(fields: tuple[str, ...]) -> int | None:
    _, _, day_of_month, month, weekday, year = fields
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


def _months(field: str) -> set[int]:
    """The months of a cron expression's field: `*`, `1-6`, `JAN,JUL`, `*/3` or `2/3`."""
    found: set[int] = set()
    for part in field.upper().split(","):
        names, _, step = part.partition("/")
        first, _, last = ("1-12" if names == "*" else names).partition("-")
        end = last or ("12" if step else first)
        found |= set(range(_month(first), _month(end) + 1, int(step or 1)))
    if not found or not found <= set(range(1, len(_MONTHS) + 1)):
        raise ValueError(f"{field} are no months")
    return found


def _month(name: str) -> int:
    if name not in _MONTHS and not name.isdecimal():
        raise ValueError(f"{name} is no month")
    return _MONTHS.index(name) + 1 if name in _MONTHS else int(name)
