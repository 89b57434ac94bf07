"""What happens around every step."""

import json
from typing import Any

import pytest

from lambdas import check_copy_status
from shared.errors import InvalidRequest, RestoreError


@pytest.mark.parametrize("event", [None, [], "start", 5, {"Records": [{"body": "[]"}]}], ids=str)
def test_an_event_that_is_no_object_is_an_invalid_request(event: Any) -> None:
    with pytest.raises(InvalidRequest, match="not a JSON object"):
        check_copy_status.handler(event, None)


@pytest.mark.parametrize(
    "event",
    [{}, {"detail": "none"}, {"execution_start_time": "noon"}, {"Records": [{"body": "no JSON"}]}],
    ids=json.dumps,
)
def test_an_object_of_another_shape_ends_with_an_error_of_ours(event: Any) -> None:
    with pytest.raises(RestoreError):
        check_copy_status.handler(event, None)
