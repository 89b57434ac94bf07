"""Functions that nobody has invoked for weeks: the first call to each only wakes it up."""

import json
from pathlib import Path

import pytest

from local.api.faults import AnswerError
from shared.steps import Step
from tests.restores.failing.disturbed import assert_undisturbed, restored
from tests.restores.stage import Stage

SECONDS = [106, 300]
"""The longest that was reported of functions outside a VPC; what one in a VPC may take."""


def everything_sleeps(stage: Stage, seconds: float) -> None:
    deployed = stage.cloud.client("lambda").list_functions()["Functions"]
    names = [one["FunctionName"] for one in deployed]
    assert len(names) >= len(Step)
    stage.cloud.functions.fall_asleep(*names, seconds=seconds)


@pytest.mark.parametrize("seconds", SECONDS)
def test_a_restore_after_weeks_of_rest_wakes_every_function_and_finishes(
    stage: Stage, seconds: float
) -> None:
    everything_sleeps(stage, seconds)

    outcome = restored(stage)

    assert_undisturbed(stage, outcome)


def test_a_refused_request_after_weeks_of_rest_is_closed_and_told(stage: Stage) -> None:
    everything_sleeps(stage, 300)

    outcome = stage.restore(source_snapshot_date="2001-01-01")

    assert (outcome.status, outcome.error) == ("FAILED", "SnapshotNotFound")
    assert outcome.state["status"] == "FAILED"
    assert "SnapshotNotFound" in outcome.messages[0]["Message"]
    assert stage.locks() == []


def test_a_restore_survives_everything_that_lambda_itself_may_answer_for_a_while(
    stage: Stage,
) -> None:
    definition = json.loads(Path("statemachine/aurora_restore.asl.json").read_text())
    retry = definition["States"][Step.RESTORE_SNAPSHOT.state]["Retry"]
    names = [name for one in retry for name in one["ErrorEquals"] if name.startswith("Lambda.")]
    faults = [
        stage.cloud.faults.on(
            "lambda:Invoke", do=AnswerError(name.removeprefix("Lambda.")), nth=2 * nth
        )
        for nth, name in enumerate(names, 1)
    ]

    outcome = restored(stage)

    assert len(names) == 15
    assert all(fault.fired for fault in faults)
    assert_undisturbed(stage, outcome)
