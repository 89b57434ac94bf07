"""The same answers of the emulator in less time: what it works out anew for every call, kept.

Nothing here changes what a call does. What remains of its time is the emulator's own.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core import responses
from moto.core.common_models import BaseModel
from moto.core.serialize import (
    AttributePickerContext,
    ResponseSerializer,
    XFormedAttributePicker,
)
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import dynamo_type
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.models.utilities import bytesize

from local.patches import Patches

_LARGEST_ITEM_BYTES = 405_000
"""The emulator's reading of DynamoDB's limit."""


@contextmanager
def shortcuts() -> Iterator[None]:
    """Replace the emulator's slowest paths."""
    with Patches() as patches:
        replace = patches.replace
        names_of = _remembered(XFormedAttributePicker.get_possible_keys)
        replace(XFormedAttributePicker, "get_possible_keys", names_of)
        replace(ResponseSerializer, "get_value", _direct(ResponseSerializer.get_value, names_of))
        # Which operations a service has is looked up with reflection, call by call.
        methods_of = responses.method_names_from_class
        replace(responses, "method_names_from_class", functools.cache(methods_of))
        # An item is measured anew with every attribute that it gets.
        replace(dynamo_type.Item, "__init__", _made_at_once)
        # Every object that was ever made is kept, for a dashboard: 13 GB for a hundred restores.
        replace(BaseModel, "__new__", staticmethod(_untracked))
        yield


Names = Callable[[Any, AttributePickerContext], tuple[str, ...]]


def _remembered(names_of: Callable[[Any, AttributePickerContext], Any]) -> Names:
    """What a field of an answer may be called in an object: it follows from both kinds alone."""
    known: dict[tuple[type, str, Any], tuple[str, ...]] = {}

    def remembered_names(picker: Any, context: AttributePickerContext) -> tuple[str, ...]:
        kinds = (type(context.obj), context.key, context.shape)
        names = known.get(kinds)
        if names is None:
            names = known[kinds] = tuple(dict.fromkeys(names_of(picker, context)))
        return names

    return remembered_names


def _direct(get_value: Callable[..., Any], names_of: Names) -> Callable[..., Any]:
    """Take a field of an answer out of a plain dictionary: all that DynamoDB answers with."""

    def get_value_directly(serializer: Any, value: Any, key: str, shape: Any) -> Any:
        picker = serializer._value_picker
        if type(value) is not dict or picker.response_transformers:
            return get_value(serializer, value, key, shape)
        for name in names_of(picker, AttributePickerContext(value, key, shape)):
            if name in value:
                return value[name]
        return None

    return get_value_directly


def _untracked(kind: type, *_: object, **__: object) -> Any:
    """Make an object, and leave it to whoever asked for it."""
    return object.__new__(kind)


def _made_at_once(
    item: Any, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]
) -> None:
    """Make an item of a table, and measure it once."""
    item.hash_key, item.range_key = hash_key, range_key
    typed = {name: DynamoType(value) for name, value in attrs.items()}
    if sum(bytesize(name) + value.size() for name, value in typed.items()) > _LARGEST_ITEM_BYTES:
        raise ItemSizeTooLarge
    item.attrs = LimitedSizeDict(typed)
