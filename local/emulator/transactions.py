"""DynamoDB's transactions, isolated as the real ones are, and no slower the fuller a table is.

The emulator copies whole tables before a transaction, in depth, and puts the copies back when a
condition fails: what others wrote in between would be lost. Here writes take turns, and what is
kept for putting back is only where each item was.
"""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from local.patches import Patches

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

    with Patches() as patches:
        for name in _WRITES:
            patches.replace(DynamoDBBackend, name, in_turn(vars(DynamoDBBackend)[name]))
        patches.replace(models, "copy", SimpleNamespace(deepcopy=_kept))
        yield


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
