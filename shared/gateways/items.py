"""Items of DynamoDB: plain values in, plain values out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

Item = dict[str, Any]

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def item_of(values: Mapping[str, Any]) -> Item:
    """The values as the API takes them, each with its type."""
    return {name: _serializer.serialize(_exact(value)) for name, value in values.items()}


def values_of(item: Mapping[str, Any]) -> Item:
    """The plain values of an item as the API returns it."""
    return {name: _readable(_deserializer.deserialize(value)) for name, value in item.items()}


def expiry(moment: datetime, retention_days: int) -> int:
    """When DynamoDB may remove an item of this moment, in seconds since 1970."""
    return int((moment + timedelta(days=retention_days)).timestamp())


def _exact(value: Any) -> Any:
    """DynamoDB takes no floats: write them as the decimals they print as."""
    match value:
        case float():
            return Decimal(str(value))
        case Mapping():
            return {key: _exact(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_exact(entry) for entry in value]
        case _:
            return value


def _readable(value: Any) -> Any:
    """What `_exact` wrote, as plain numbers again."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {key: _readable(entry) for key, entry in value.items()}
        case list():
            return [_readable(entry) for entry in value]
        case _:
            return value
