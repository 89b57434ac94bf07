"""The same answers of the emulator in less time: what it works out anew for every call, kept.

Nothing here changes what a call does. What remains of its time is the emulator's own.
"""

import functools
import json
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto import settings
from moto.cloudformation.models import Stack
from moto.core import errors, responses
from moto.core.base_backend import BackendDict
from moto.core.common_models import BaseModel
from moto.core.parse import BaseJSONParser
from moto.core.serialize import (
    AttributePickerContext,
    BaseXMLSerializer,
    ResponseSerializer,
    XFormedAttributePicker,
)
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import dynamo_type
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.models.utilities import bytesize
from moto.kms import models as kms_models
from moto.moto_api._internal import mock_random

from local.emulator.xml_answers import written
from local.patches import Patches

_LARGEST_ITEM_BYTES = 405_000
"""The emulator's reading of DynamoDB's limit."""
_REQUEST_ID_CHARACTERS = string.digits + string.ascii_uppercase
_REQUEST_ID_LENGTH = 52


@contextmanager
def shortcuts() -> Iterator[None]:
    """Replace the emulator's slowest paths."""
    with Patches() as patches:
        replace = patches.replace
        names_of = _names_of
        replace(XFormedAttributePicker, "get_possible_keys", names_of)
        replace(ResponseSerializer, "get_value", _direct(ResponseSerializer.get_value, names_of))
        # A structure has many fields that may be there, and mostly few that are.
        write_structure = ResponseSerializer._serialize_type_structure
        replace(
            ResponseSerializer,
            "_serialize_type_structure",
            _fields_that_are_there(write_structure, names_of),
        )
        read_structure = BaseJSONParser._parse_structure
        replace(BaseJSONParser, "_parse_structure", _fields_that_were_sent(read_structure))
        replace(BaseXMLSerializer, "_serialize_body", _body_in_xml(BaseXMLSerializer))
        # The errors of a service are read from its description anew for every error.
        lookups = errors.ErrorLookupFactory()
        replace(errors, "ErrorLookupFactory", lambda: lookups)
        replace(responses, "gen_amzn_requestid_long", _add_request_id)
        # A template in JSON is valid YAML, and takes a second to read as such.
        read_template = Stack.parse_template
        replace(Stack, "parse_template", staticmethod(_json_first(read_template)))
        # Which operations a service has is looked up with reflection, call by call.
        methods_of = responses.method_names_from_class
        replace(responses, "method_names_from_class", functools.cache(methods_of))
        # An item is measured anew with every attribute that it gets.
        replace(dynamo_type.Item, "__init__", _made_at_once)
        # The state of an account is looked for as if it were new every time.
        replace(BackendDict, "__getitem__", _there_or(BackendDict.__getitem__))
        # Each account has 1,300 machine images in each of its regions; databases need none.
        replace(settings, "ec2_load_default_amis", lambda: False)
        # Every KMS key, also a symmetric one, is given an RSA key; nothing here is signed with it.
        generate = functools.cache(kms_models.generate_private_key)
        replace(kms_models, "generate_private_key", generate)
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


_names_of = _remembered(XFormedAttributePicker.get_possible_keys)
"""One memory for all clouds of the process: most of it is filled while one is set up."""


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


def _fields_that_are_there(
    write_structure: Callable[..., None], names_of: Names
) -> Callable[..., None]:
    """Write a plain dictionary as a structure, looking only at the fields that it has."""
    known: dict[Any, dict[str, list[tuple[int, str, Any]]]] = {}

    def fields_by_name(picker: Any, value: dict[str, Any], shape: Any) -> Any:
        fields: dict[str, list[tuple[int, str, Any]]] = {}
        for number, (key, member) in enumerate(shape.members.items()):
            member.parent = shape
            for name in names_of(picker, AttributePickerContext(value, key, member)):
                fields.setdefault(name, []).append((number, key, member))
        return fields

    def write_fields(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        picker = serializer._value_picker
        if type(value) is not dict or picker.response_transformers:
            write_structure(serializer, serialized, value, shape, key)
            return
        fields = known.get(shape)
        if fields is None:
            fields = known[shape] = fields_by_name(picker, value, shape)
        wrapper = serializer.MAP_TYPE() if key else serialized
        present = {field[0]: field for name in value for field in fields.get(name, ())}
        for number in sorted(present):
            _, member_key, member = present[number]
            serializer._serialize_structure_member(wrapper, value, member, member_key)
        if key:
            serializer._default_serialize(serialized, wrapper, shape, key)

    return write_fields


def _fields_that_were_sent(read_structure: Callable[..., Any]) -> Callable[..., Any]:
    """Read a structure, looking only at the fields that were sent."""
    known: dict[Any, dict[str, tuple[int, str, Any]]] = {}

    def fields_by_name(shape: Any) -> dict[str, tuple[int, str, Any]]:
        return {
            member.serialization.get("name", key): (number, key, member)
            for number, (key, member) in enumerate(shape.members.items())
        }

    def read_fields(parser: Any, shape: Any, value: Any) -> Any:
        if type(value) is not dict or shape.is_document_type:
            return read_structure(parser, shape, value)
        fields = known.get(shape)
        if fields is None:
            fields = known[shape] = fields_by_name(shape)
        read = parser.MAP_TYPE()
        sent = sorted(
            (*fields[name], content)
            for name, content in value.items()
            if content is not None and name in fields
        )
        for _, key, member, content in sent:
            read[key] = parser._parse_shape(member, content)
        return read

    return read_fields


def _body_in_xml(serializer_class: Any) -> Callable[[Any, Any], str]:
    """Write an answer in XML without a detour through events, unless people shall read it."""
    write_body = serializer_class._serialize_body

    def write_body_directly(serializer: Any, body: Any) -> str:
        return str(write_body(serializer, body)) if serializer.pretty_print else written(body)

    return write_body_directly


def _json_first(read_template: Callable[[str], Any]) -> Callable[[str], Any]:
    """Read a template as JSON; what is none, is left to the emulator."""

    def read_json_first(template: str) -> Any:
        try:
            return json.loads(template)
        except ValueError:
            return read_template(template)

    return read_json_first


def _add_request_id(headers: dict[str, Any]) -> str:
    """Give an answer the id of its request."""
    characters = mock_random.choices(_REQUEST_ID_CHARACTERS, k=_REQUEST_ID_LENGTH)
    headers["x-amzn-requestid"] = request_id = "".join(characters)
    return request_id


def _there_or(make: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Take what is there, and make only what is not."""

    def take_or_make(accounts: Any, account_id: str) -> Any:
        state = accounts.get(account_id)
        return make(accounts, account_id) if state is None else state

    return take_or_make


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
