"""How far apart two runs of a schedule may be."""

from itertools import pairwise

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_MINUTES = {"minute": 1, "hour": 60, "day": 60 * 24}
_LONGEST_MONTH = 31


def longest_days_between(expression: str) -> float:
    """The days from one run to the next, at most, as far as months tell.

    A day that not every month has, such as the 31st, counts as every month's. Raises `ValueError`
    for what is no expression of EventBridge, and for one that names years, for it ends one day.
    """
    kind, _, rest = expression.removesuffix(")").partition("(")
    try:
        if kind == "rate":
            count, unit = rest.split()
            return int(count) * _MINUTES[unit.removesuffix("s")] / _MINUTES["day"]
        *_, months, _, years = rest.split()
        named = sorted(_months_in(months))
    except (KeyError, ValueError):
        raise ValueError(f"{expression} is no schedule of EventBridge") from None
    if years != "*":
        raise ValueError(f"{expression} names years, after which it would never run again")
    around = [*named, named[0] + len(_MONTHS)]
    return _LONGEST_MONTH * max(later - earlier for earlier, later in pairwise(around))


def _months_in(field: str) -> set[int]:
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
    return _MONTHS.index(name) + 1 if name in _MONTHS else int(name)
