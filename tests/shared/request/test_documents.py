"""What the prerequisites say about the fields of a request, held against the model."""

import re

import pytest
from pydantic_core import PydanticUndefined

from shared.request.defaults import RequestDefaults
from shared.request.restore_request import RestoreRequest
from tests.builders import a_request
from tests.guides import Row, explained, fields_of

ROWS = explained("01_prerequisites.md", "The request")


def test_every_field_of_a_request_has_its_row_and_every_row_its_field() -> None:
    assert fields_of(ROWS) == sorted(RestoreRequest.model_fields)


def test_the_rows_say_which_fields_the_deployment_has_defaults_for() -> None:
    with_default = [row for row in ROWS if row.default.startswith("deployment")]

    assert fields_of(with_default) == sorted(RequestDefaults.model_fields)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fields[0])
def test_what_a_request_leaves_out_is_what_the_guide_says(row: Row) -> None:
    request = a_request().model_dump(mode="json")

    for literal in re.findall(r"`([\w.-]+)`|\b(\d+)\b", row.default):
        for field in row.fields:
            assert str(request[field]).lower() in literal


def test_a_field_without_any_default_is_said_to_be_required() -> None:
    required = [row for row in ROWS if row.default == "required"]
    without = {
        name
        for name, field in RestoreRequest.model_fields.items()
        if field.default is PydanticUndefined and field.default_factory is None
    }

    assert fields_of(required) == sorted(without - set(RequestDefaults.model_fields))
