"""How long something is, and as much of it as fits."""

from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

from pydantic_core import to_json

Entry = TypeVar("Entry")

_CUT = " [...]"


def fitting(items: Sequence[Entry], most_bytes: int) -> tuple[Entry, ...]:
    """The first of the items that together are no longer than that, written as JSON."""
    ends = accumulate(length(item) + 1 for item in items)
    return tuple(item for item, end in zip(items, ends, strict=True) if end <= most_bytes)


def short(text: str, most_bytes: int) -> str:
    """The text, or as much of its beginning as is no longer than that, written as JSON."""
    if length(text) <= most_bytes:
        return text
    ends = accumulate(length(sign) - 2 for sign in text)
    room = most_bytes - len(_CUT) - 2
    return "".join(sign for sign, end in zip(text, ends, strict=True) if end <= room) + _CUT


def length(value: object) -> int:
    """Bytes of a value, written as JSON."""
    return len(to_json(value))
