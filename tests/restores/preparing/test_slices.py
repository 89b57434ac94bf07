"""A database that takes longer to prepare than a function may run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest

from local.api.faults import AnswerError, KillWorker
from tests.restores.stage import Stage

FUNCTION = "aurora-restore-setup-db-users"
PARTLY = "USERS_PARTLY_CONFIGURED"


@contextmanager
def spending(stage: Stage, seconds: int) -> Iterator[None]:
    """Have the function end its work after so many seconds."""
    functions = stage.cloud.client("lambda")
    deployed = functions.get_function_configuration(FunctionName=FUNCTION)["Environment"]
    changed = {**deployed["Variables"], "SLICE_SECONDS": str(seconds)}
    functions.update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": changed}
    )
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=FUNCTION, Environment=deployed)


def test_is_prepared_in_slices_that_follow_at_once(stage: Stage) -> None:
    with spending(stage, 0):
        outcome = stage.restore()

    assert outcome.status == "SUCCEEDED"
    assert outcome.event_types.count(PARTLY) > 2
    assert outcome.event_types.count("USERS_CONFIGURED") == 1
    details = outcome.state["restore_details"]
    assert details["databases_prepared"] == details["databases"] > 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slice_that_dies_is_done_again(stage: Stage, when: Literal["before", "after"]) -> None:
    stage.cloud.faults.on("dynamodb:TransactWriteItems", KillWorker(when), nth=2, function=FUNCTION)

    with spending(stage, 0):
        outcome = stage.restore()

    assert outcome.status == "SUCCEEDED"
    assert outcome.event_types.count("USERS_CONFIGURED") == 1


def test_a_redrive_goes_on_with_the_slice_that_failed(stage: Stage) -> None:
    with spending(stage, 0):
        stage.cloud.faults.on(
            "secretsmanager:GetSecretValue",
            AnswerError("AccessDeniedException", http_status=400),
            nth=5,
            function=FUNCTION,
        )
        failed = stage.restore()
        redriven = stage.redrive(failed)

    assert failed.status == "FAILED"
    assert redriven.status == "SUCCEEDED"
    assert 0 < failed.event_types.count(PARTLY) < redriven.event_types.count(PARTLY)
