"""Lists and texts that can be of any length: how much of them is written down.

DynamoDB takes 400 KB an item, names and values together. Most of an operation is short by nature;
what databases and accounts can have any number of is not. The log has all of it
(`shared/runtime/step.py`), state and audit trail as much as is stored here, messages still less.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from pydantic import JsonValue

from shared.lengths import fitting, length, short
from shared.model import Model
from shared.operation.audit import AuditEvent, Failure
from shared.operation.operation import Operation

LONGEST_LIST_BYTES = 24_000
LONGEST_ENTRY_BYTES = 4_000
LONGEST_TEXT_BYTES = 16_000
LONGEST_LIST_UNLOGGED_BYTES = 8_000
"""No message has more of a list (`shared/messages/report.py`), so what is longer is logged."""

Shape = TypeVar("Shape", bound=Model)


def stored(operation: Operation) -> Operation:
    """The operation with as much as is stored of what is there for people to read."""
    changes: dict[str, object] = {
        "leftovers": _entries(operation.leftovers),
        "stuck_leftovers": _entries(operation.stuck_leftovers),
    }
    if restored := operation.restore_details:
        changes["restore_details"] = _with_short(restored, "locked_logins", "warnings")
    if plan := operation.plan:
        changes["plan"] = _with_short(plan, "creates", "deletes", "differences", "warnings")
    if operation.error:
        changes["error"] = _short_failure(operation.error)
    return operation.model_copy(update=changes)


def stored_event(event: AuditEvent) -> AuditEvent:
    """The event with as much of its lists as is stored; `left_out` counts the rest of each."""
    details, left_out = _short_lists(event.details)
    if left_out:
        details["left_out"] = dict(left_out)
    error = _short_failure(event.error) if event.error else None
    return event.model_copy(update={"details": details, "error": error})


def long_lists(event: AuditEvent) -> Iterator[tuple[str, list[JsonValue]]]:
    """The lists of an event that no message has in full, by their names."""
    yield from _long_lists(event.details)


def _with_short(whole: Shape, *lists: str) -> Shape:
    return whole.model_copy(update={name: _entries(getattr(whole, name)) for name in lists})


def _entries(texts: Sequence[str]) -> tuple[str, ...]:
    return fitting([short(text, LONGEST_ENTRY_BYTES) for text in texts], LONGEST_LIST_BYTES)


def _short_failure(failure: Failure) -> Failure:
    return failure.model_copy(update={"message": short(failure.message, LONGEST_TEXT_BYTES)})


def _short_lists(
    details: Mapping[str, JsonValue],
) -> tuple[dict[str, JsonValue], dict[str, int]]:
    """The same with every list short enough, and how much each lacks."""
    found: dict[str, JsonValue] = {}
    left_out: dict[str, int] = {}
    for name, value in details.items():
        match value:
            case list():
                entries = [
                    short(entry, LONGEST_ENTRY_BYTES) if isinstance(entry, str) else entry
                    for entry in value
                ]
                kept = list(fitting(entries, LONGEST_LIST_BYTES))
                found[name] = kept
                if len(kept) < len(value):
                    left_out[name] = len(value) - len(kept)
            case dict():
                found[name], inside = _short_lists(value)
                left_out |= {f"{name}.{inner}": number for inner, number in inside.items()}
            case str():
                found[name] = short(value, LONGEST_TEXT_BYTES)
            case _:
                found[name] = value
    return found, left_out


def _long_lists(details: Mapping[str, JsonValue]) -> Iterator[tuple[str, list[JsonValue]]]:
    for name, value in details.items():
        match value:
            case list() if length(value) > LONGEST_LIST_UNLOGGED_BYTES:
                yield name, value
            case dict():
                yield from ((f"{name}.{inner}", found) for inner, found in _long_lists(value))
