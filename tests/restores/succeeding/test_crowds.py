"""Many executions at once: one holds a target, and all come to their end."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.api.rates import Rate
from local.bench.crowd import Crowd, restored_at_once
from local.clock import participant
from tests.restores.stage import Outcome, Stage, request


@contextmanager
def quota_on_copies(stage: Stage, at_once: int) -> Iterator[None]:
    """Let fewer copies be under way at once than usual."""
    quotas = stage.cloud.aurora.quotas
    usual, quotas.cross_region_copies = quotas.cross_region_copies, at_once
    try:
        yield
    finally:
        quotas.cross_region_copies = usual
        stage.cloud.rates.clear()


def all_at_once(stage: Stage, number: int) -> list[Outcome]:
    """So many executions with the same request, started at the same moment, to their ends."""
    machine = stage.scene.deployment.state_machine_arn
    with participant(stage.cloud.clock):
        started = [stage.cloud.start(machine, request()) for _ in range(number)]
    return [stage.end_of(arn) for arn in started]


def test_of_ten_restores_onto_one_target_one_proceeds_and_the_others_name_it(
    stage: Stage,
) -> None:
    outcomes = all_at_once(stage, 10)

    (winner,) = [one for one in outcomes if one.status == "SUCCEEDED"]
    refused = [one for one in outcomes if one is not winner]
    assert {(one.status, one.error) for one in refused} == {("FAILED", "TargetLocked")}
    assert all(winner.state["operation_id"] in one.message for one in refused)
    assert {one.state["status"] for one in refused} == {"FAILED"}
    assert not any(one.state["temporary_snapshots"] for one in refused)
    assert stage.locks() == []
    tags = [tags for _, _, tags in stage.inventory().values()]
    owners = {tag["Value"] for some in tags for tag in some if "operation-id" in tag["Key"]}
    assert owners == {winner.state["operation_id"]}


def test_more_restores_than_copies_are_allowed_all_finish(stage: Stage) -> None:
    with quota_on_copies(stage, at_once=2):
        crowd = restored_at_once(stage.scene, 5, Rate(per_second=3, at_once=9))

    assert [(one.status, one.error) for one in crowd.executions] == [("SUCCEEDED", None)] * 5
    assert crowd.throttled > 0
    assert crowd.lasted >= crowd.bound
    assert stage.locks() == []


def told(crowd: Crowd) -> list[tuple[str, str | None, float]]:
    """How each restore ended, and when, counted from the start of all."""
    began = min(one.started_at for one in crowd.executions)
    return [
        (one.status, one.error, (one.stopped_at - began).total_seconds())
        for one in crowd.executions
    ]


@pytest.mark.thorough
def test_the_same_seed_makes_a_crowd_meet_in_the_same_way_again(stage: Stage) -> None:
    crowds = []
    for seed in (1, 1, 2):
        with quota_on_copies(stage, at_once=2):
            crowds.append(restored_at_once(stage.scene, 2, Rate(per_second=2, at_once=12), seed))
        stage.clear()

    first, again, other = map(told, crowds)

    assert first == again != other
    assert {status for status, _, _ in (*first, *other)} == {"SUCCEEDED"}


def test_a_crowd_that_is_throttled_for_long_finishes_without_a_redrive(stage: Stage) -> None:
    """Calls for one look at everything are half of what is admitted in ten seconds."""
    with quota_on_copies(stage, at_once=5):
        crowd = restored_at_once(stage.scene, 8, Rate(per_second=1.2, at_once=12), seed=1)

    assert [(one.status, one.error) for one in crowd.executions] == [("SUCCEEDED", None)] * 8
    assert crowd.throttled > 100
    assert stage.locks() == []
