"""What people do by hand, and what comes late, while two clusters change places."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.api.faults import AnswerError, Precede
from local.calls import Call
from local.clock import participant
from local.rehearsal.production import at_once
from shared import names
from tests.restores.replacing.test_swaps import CLUSTER, clusters, resource_id
from tests.restores.stage import TARGET_REGION, Stage, request

DENIED = AnswerError("AccessDeniedException", "Not for you.", http_status=400)
SET_UP, CLOSING = "aurora-restore-setup-db-users", "aurora-restore-sns-notification"


def rds(stage: Stage) -> Any:
    return stage.cloud.client("rds", region_name=TARGET_REGION)


def while_users_are_set_up(stage: Stage, act: Callable[[], object], nth: int = 1) -> None:
    """Let something happen as `setup_db_users` reads a secret; the third time it proves."""
    stage.cloud.faults.on(
        "secretsmanager:GetSecretValue", do=Precede(lambda _: act()), nth=nth, function=SET_UP
    )


def test_a_proof_that_comes_when_the_way_back_has_begun_counts_no_more(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    held: list[Call] = []
    refused: list[ClientError] = []

    class HeldBack(AnswerError):
        """The execution is stopped before the call takes effect; the call comes later."""

        def answer_of(self, call: Call) -> AnswerError:
            held.append(call)
            arn = stage.item("racing")["execution_arn"]
            stage.cloud.client("stepfunctions").stop_execution(executionArn=arn, cause="Lunch.")
            return AnswerError("InternalServerError", "Later.", http_status=500)

    def take_effect(_: Call) -> None:
        items = dict(held[0].parameters)["TransactItems"]
        try:
            stage.cloud.client("dynamodb").transact_write_items(TransactItems=items)
        except ClientError as error:
            refused.append(error)

    stage.cloud.faults.on(
        "dynamodb:TransactWriteItems", do=HeldBack("", ""), nth=3, function=SET_UP
    )
    stage.cloud.faults.on("rds:ModifyDBCluster", do=Precede(take_effect), function=CLOSING)

    outcome = stage.restore(replace="swap", operation_id="racing")

    stage.cloud.aurora.settle()
    assert (outcome.status, outcome.state["status"]) == ("ABORTED", "FAILED")
    assert [error.response["Error"]["Code"] for error in refused] == [
        "TransactionCanceledException"
    ]
    assert resource_id(stage, CLUSTER) == old
    assert "CUTOVER_UNDONE" in outcome.event_types


@pytest.mark.parametrize("is_proven", [True, False])
def test_a_cluster_that_somebody_renames_meanwhile_is_left_alone(
    stage: Stage, is_proven: bool
) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)

    def rename() -> None:
        with at_once(stage.cloud):
            rds(stage).modify_db_cluster(
                DBClusterIdentifier=CLUSTER,
                NewDBClusterIdentifier="aurora-staging-mine",
                ApplyImmediately=True,
            )

    while_users_are_set_up(stage, rename)
    if not is_proven:
        stage.cloud.faults.on("secretsmanager:GetSecretValue", do=DENIED, nth=3, function=SET_UP)

    outcome = stage.restore(replace="swap", operation_id=f"renamed-{is_proven}")

    stage.cloud.aurora.settle()
    assert (outcome.status, outcome.error) == ("FAILED", "NotOurs")
    assert "somebody has renamed it" in outcome.message
    assert resource_id(stage, "aurora-staging-mine") == old
    assert stage.cloud.calls.of("rds:RebootDBInstance") == ()
    assert stage.locks() == []


def test_a_cluster_that_is_lost_while_it_is_proven_is_waited_for_only_for_minutes(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    lost_at = []

    def lose() -> None:
        lost_at.append(stage.cloud.clock.now())
        stage.remove_cluster(CLUSTER)

    while_users_are_set_up(stage, lose, nth=3)

    outcome = stage.restore(replace="swap", operation_id="lost")

    stage.cloud.aurora.settle()
    assert (outcome.status, outcome.error) == ("FAILED", "RestoreFailed")
    assert outcome.execution.stopped_at - lost_at[0] < timedelta(minutes=10)
    assert resource_id(stage, CLUSTER) == old


def test_an_old_cluster_that_somebody_stops_is_told_and_not_waited_for(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    while_users_are_set_up(stage, lambda: rds(stage).stop_db_cluster(DBClusterIdentifier=CLUSTER))

    outcome = stage.restore(replace="swap", operation_id="stopped-old")

    assert (outcome.status, outcome.error) == ("FAILED", "TargetProtected")
    assert "Start it" in outcome.message
    assert names.candidate_id(CLUSTER, "stopped-old") in clusters(stage)


def test_what_barred_the_way_back_of_an_earlier_attempt_does_not_shorten_this_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    refused = AnswerError("InvalidParameterValue", "No.")
    stage.cloud.faults.on(
        "rds:ModifyDBCluster", do=refused, nth=2, function="aurora-restore-delete-rds"
    )
    stage.cloud.faults.on("rds:ModifyDBCluster", do=DENIED, times=99, function=CLOSING)
    with participant(stage.cloud.clock) as me:
        machine = stage.scene.deployment.state_machine_arn
        arn = stage.cloud.start(machine, request(operation_id="again", replace="swap"))
        while not stage.item("again").get("undo_barred_since"):
            me.sleep(1)
        stage.cloud.faults.clear()
        # Redriven at once, and not proven, when a quarter of an hour is over.
        monkeypatch.setattr(stage.cloud.aurora.durations, "rename", 1_000)
        stage.cloud.faults.on("secretsmanager:GetSecretValue", do=DENIED, nth=1, function=SET_UP)
        stage.cloud.faults.on("rds:ModifyDBCluster", do=DENIED, times=1, function=CLOSING)
        stage.cloud.client("stepfunctions").redrive_execution(executionArn=arn)

    outcome = stage.end_of(arn)

    stage.cloud.aurora.settle()
    assert outcome.event_types.count("CUTOVER_UNDO_BARRED") == 2
    assert "CUTOVER_UNDONE" in outcome.event_types
    assert resource_id(stage, CLUSTER) == old
