"""Few rows of a table that together show every pair of values that the table allows.

Most defects need one value or two that meet, so these rows find nearly all that the whole table
would find (NIST SP 800-142, "Practical Combinatorial Testing").
"""

from collections.abc import Sequence
from itertools import combinations
from typing import TypeVar

Row = TypeVar("Row", bound=tuple[object, ...])
Pair = tuple[tuple[int, object], ...]
"""Two columns, each with its value."""


def pairwise(table: Sequence[Row], first: Sequence[Row] = ()) -> list[Row]:
    """Rows of `table` in which every pair of values occurs that occurs in it; begins with `first`.

    Greedy: each is the row, or one of equals the first, that shows the most pairs not shown yet.
    The same table always gives the same rows.
    """
    chosen = list(first)
    missing = {pair for row in table for pair in pairs(row)}
    missing -= {pair for row in first for pair in pairs(row)}
    while missing:
        best = max(table, key=lambda row: len(missing & pairs(row)))
        chosen.append(best)
        missing -= pairs(best)
    return chosen


def pairs(row: tuple[object, ...]) -> set[Pair]:
    """Every two values of a row, with their columns."""
    return set(combinations(enumerate(row), 2))
