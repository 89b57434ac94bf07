"""DynamoDB's transactions, isolated as the real ones are, and no slower the fuller a table is.

The emulator copies whole tables before a transaction, in depth, and puts the copies back when a
condition fails: what others wrote in between would be lost. Here writes take turns, and what is
kept for putting back is only where each item was.
"""

import copy
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from local.patches import Patches

_WRITES = ("put_item", "update_item", "delete_item", "transact_write_items")


class Transactions:
    """The patch of the emulator's tables."""

    def __init__(self) -> None:
        self._patches = Patches()
        self._turn = threading.RLock()

    def install(self) -> None:
        for name in _WRITES:
            self._patches.replace(DynamoDBBackend, name, self._in_turn(vars(DynamoDBBackend)[name]))
        self._patches.replace(models, "copy", SimpleNamespace(deepcopy=_kept))

    def uninstall(self) -> None:
        self._patches.undo()

    def _in_turn(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def write_in_turn(*arguments: Any, **named: Any) -> Any:
            with self._turn:
                return write(*arguments, **named)

        return write_in_turn


def _kept(original: Any) -> Any:
    """What is enough to put `original` back: of a table, where each of its items was.

    Puts and deletes leave the old item as it is. An update changes it in place, so that a
    transaction with an update in it could not be undone: the pipeline makes none.
    """
    if not isinstance(original, Table):
        return copy.deepcopy(original)
    table = copy.copy(original)
    table.items = copy.copy(original.items)
    for key, found in original.items.items():
        table.items[key] = copy.copy(found) if isinstance(found, dict) else found
    return table
