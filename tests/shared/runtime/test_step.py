"""What happens around every step."""

import json
from typing import Any

import pytest

from lambdas import check_copy_status
from shared.errors import ConfigurationError, InvalidRequest, RestoreError
from shared.operation.operation import Operation
from shared.runtime.step import step
from shared.steps import Step


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


def test_an_endless_message_is_cut_before_step_functions_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(*_: object) -> Operation:
        raise ConfigurationError("Table shop.orders is missing. " * 20_000)

    endless = step(Step.SETUP_DB_USERS, find=find)(lambda operation, _: operation)
    monkeypatch.setattr("shared.runtime.step._aws", lambda: None)

    with pytest.raises(ConfigurationError) as caught:
        endless({}, None)

    message = str(caught.value)
    assert message.startswith("Table shop.orders is missing. Table")
    # The longest cause of an execution, which holds the place in the code as well.
    assert len(json.dumps(message)) < 32_768 / 2
