"""DynamoDB's writes: isolated as the real ones are, no slower the fuller a table is, and bounded.

The emulator copies whole tables before a transaction, in depth, and puts the copies back when a
condition fails: what others wrote in between would be lost. Here writes take turns, and what is
kept for putting back is only where each item was.
"""

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from local.patches import Patches

_LONGEST_ITEM_BYTES = 400 * 1024
_WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")


@contextmanager
def isolated_transactions() -> Iterator[None]:
    """Let the emulator's tables take one write at a time."""
    turn = threading.RLock()

    def in_turn(write: Callable[..., Any]) -> Callable[..., Any]:
        def write_in_turn(*arguments: Any, **named: Any) -> Any:
            with turn:
                return write(*arguments, **named)

        return write_in_turn

    put_item = DynamoDBBackend.put_item

    def put_if_short(
        backend: Any, table_name: str, item_attrs: Any, *more: Any, **named: Any
    ) -> Any:
        if size_of(item_attrs) > _LONGEST_ITEM_BYTES:
            raise ItemSizeTooLarge
        return put_item(backend, table_name, item_attrs, *more, **named)

    with Patches() as patches:
        patches.replace(DynamoDBBackend, "put_item", put_if_short)
        for name in _WRITES:
            patches.replace(DynamoDBBackend, name, in_turn(vars(DynamoDBBackend)[name]))
        patches.replace(models, "copy", SimpleNamespace(deepcopy=_kept))
        yield


def size_of(item: Mapping[str, Any]) -> int:
    """Bytes of an item as DynamoDB counts them: names and values, and a little for what is nested.

    The emulator counts no such surcharge: a hundred thousand letters in a list weigh twice that.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _size_of(value) for name, value in item.items())


def _size_of(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return (len(content.lstrip("-").replace(".", "")) + 1) // 2 + 1
        case "L":
            return 3 + sum(1 + _size_of(entry) for entry in content)
        case "M":
            return 3 + len(content) + size_of(content)
        case "NULL" | "BOOL":
            return 1
        case _:
            return sum(len(str(entry).encode()) for entry in content)


def _kept(original: Any) -> Any:
    """What is enough to put `original` back: of a table, where each of its items was.

    Puts and deletes leave the old item as it is. An update changes it in place, so that a
    transaction with an update in it could not be undone: the pipeline makes none.
    """
    if not isinstance(original, Table):
        return copy.deepcopy(original)
    table = copy.copy(original)
    table.items = copy.copy(original.items)
    for key, item in original.items.items():
        table.items[key] = copy.copy(item) if isinstance(item, dict) else item
    return table
