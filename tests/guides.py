"""The tables of the guides, for tests that hold them against the code."""

import re
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import NamedTuple

GUIDES = Path("docs") / "implementation_guide"


class Row(NamedTuple):
    """A row of a table that explains settings or the fields of a request."""

    fields: tuple[str, ...]
    default: str
    text: str


def explained(guide: str, heading: str) -> list[Row]:
    """The rows of the first table under a heading of an implementation guide."""
    lines = (GUIDES / guide).read_text().splitlines()
    chapter = dropwhile(lambda line: line != f"## {heading}", lines)
    table = takewhile(_is_row, dropwhile(lambda line: not _is_row(line), chapter))
    _titles, _rule, *rows = table
    return [_row(line) for line in rows]


def fields_of(rows: list[Row]) -> list[str]:
    return sorted(field for row in rows for field in row.fields)


def _is_row(line: str) -> bool:
    return line.startswith("|")


def _row(line: str) -> Row:
    _, first, default, *_ = line.split("|")
    return Row(tuple(re.findall(r"`(\w+)`", first)), default.strip(), line)
