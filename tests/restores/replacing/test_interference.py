"""What people do by hand, and what comes late, while two clusters change places."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.api.faults import AnswerError, Precede
from local.aurora.model.region import Region
from local.calls import Call
from local.clock import participant
from local.functions.functions import ACCOUNT
from local.rehearsal.production import at_once
from shared import names
from tests.restores.failing.disturbed import assert_proven
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


@pytest.mark.parametrize("is_over", [True, False], ids=["renamed", "to be renamed"])
def test_a_cluster_that_somebody_renames_meanwhile_is_left_alone(
    stage: Stage, is_over: bool
) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)

    def rename() -> None:
        with at_once(stage.cloud):
            rds(stage).modify_db_cluster(
                DBClusterIdentifier=CLUSTER,
                NewDBClusterIdentifier="aurora-staging-mine",
                ApplyImmediately=is_over,
            )
            if is_over:
                stage.cloud.aurora.settle()

    while_users_are_set_up(stage, rename)

    outcome = stage.restore(replace="swap", operation_id=f"renamed-{is_over}")

    stage.cloud.aurora.settle()
    assert (outcome.status, outcome.error) == ("FAILED", "NotOurs")
    assert "aurora-staging-mine" in outcome.message
    assert resource_id(stage, "aurora-staging-mine" if is_over else CLUSTER) == old
    assert stage.cloud.calls.of("rds:RebootDBInstance") == ()
    assert stage.locks() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"becomes": "aurora-staging-mine"}, "is to be renamed to aurora-staging-mine"),
        ({"status": "incompatible-parameters"}, "is incompatible-parameters"),
    ],
)
def test_a_cluster_that_cannot_be_renamed_is_told_before_anything_is_made(
    stage: Stage, changes: dict[str, str], words: str
) -> None:
    stage.make_cluster(CLUSTER)
    if "becomes" in changes:
        rds(stage).modify_db_cluster(
            DBClusterIdentifier=CLUSTER,
            NewDBClusterIdentifier=changes["becomes"],
            ApplyImmediately=False,
        )
    else:
        Region(ACCOUNT, TARGET_REGION).clusters[CLUSTER].status = changes["status"]

    outcome = stage.restore(replace="swap")

    Region(ACCOUNT, TARGET_REGION).clusters[CLUSTER].status = "available"
    assert (outcome.status, outcome.error) == ("FAILED", "TargetProtected")
    assert words in outcome.message
    assert "COPY_STARTED" not in outcome.event_types


@pytest.mark.parametrize("replace", ["swap", "delete_first"])
def test_what_is_tied_to_the_old_cluster_meanwhile_bars_the_first_move(
    stage: Stage, replace: str
) -> None:
    stage.make_cluster(CLUSTER)
    arn = f"arn:aws:rds:{TARGET_REGION}:{ACCOUNT}:cluster:{CLUSTER}"

    def tie() -> None:
        with at_once(stage.cloud):
            rds(stage).create_blue_green_deployment(BlueGreenDeploymentName="upgrade", Source=arn)

    stage.cloud.faults.on(
        "rds:CopyDBClusterSnapshot",
        do=Precede(lambda _: tie()),
        function="aurora-restore-copy-snapshot",
    )
    before = set(stage.inventory())

    try:
        outcome = stage.restore(replace=replace, operation_id=f"tied-{replace[:4]}")
    finally:
        for cluster in Region(ACCOUNT, TARGET_REGION).clusters.values():
            cluster.ties.clear()

    assert (outcome.status, outcome.error) == ("FAILED", "TargetProtected")
    assert "blue/green deployment upgrade" in outcome.message
    assert before <= set(stage.inventory())


@pytest.mark.parametrize("nth", [1, 3], ids=["before the users", "before the proof"])
def test_a_restored_cluster_that_somebody_stops_before_it_is_used_is_told_or_started(
    stage: Stage, nth: int
) -> None:
    stage.make_cluster(CLUSTER)
    operation_id = f"stopped-{nth}"
    cluster = names.candidate_id(CLUSTER, operation_id) if nth == 1 else CLUSTER

    def stop() -> None:
        with at_once(stage.cloud):
            rds(stage).stop_db_cluster(DBClusterIdentifier=cluster)

    while_users_are_set_up(stage, stop, nth)

    outcome = stage.restore(replace="swap", operation_id=operation_id)

    if nth == 1:
        assert (outcome.status, outcome.error) == ("FAILED", "RestoreFailed")
        assert "was stopped" in outcome.message
        rds(stage).start_db_cluster(DBClusterIdentifier=cluster)
        stage.cloud.aurora.settle()
        outcome = stage.redrive(outcome)
    assert_proven(stage, outcome)


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
