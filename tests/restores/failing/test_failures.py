"""Restores that fail on the way: named, closed, told, and honest about what they leave."""

import json
from datetime import timedelta
from typing import Any, Literal

import pytest

from local.api.faults import AnswerError, KillWorker, Throttle
from local.rehearsal.production import MASTER, REGION, at_once
from tests.restores.stage import TARGET_REGION, Outcome, Stage

CLOSING = "aurora-restore-sns-notification"
NOT_AUTHORIZED = AnswerError("AuthorizationError", "Not for you.", http_status=403)


def assert_closed(stage: Stage, outcome: Outcome, error: str, *left: str) -> None:
    """Closed as FAILED, with the lock released, and with everything that is left in the message."""
    assert outcome.state["status"] == "FAILED"
    assert outcome.state["error"]["name"] == error
    assert outcome.event_types[-2:] == ["OPERATION_FAILED", "NOTIFICATION_SENT"]
    assert outcome.events[-2]["status"] == "FAILURE"
    assert outcome.events[-2]["error"]["name"] == error
    assert outcome.state["metrics"]["metrics"]["error_count"] == 1
    assert stage.locks() == []
    (told,) = outcome.messages
    for one in left:
        assert one in told["Message"]


def test_a_copy_that_fails_ends_the_restore(stage: Stage) -> None:
    stage.cloud.aurora.fail_next("copy", "failed")

    outcome = stage.restore()

    assert (outcome.status, outcome.error) == ("FAILED", "CopyFailed")
    assert_closed(stage, outcome, "CopyFailed", "temporary snapshot aurora-prod-")
    assert outcome.state["error"]["step"] == "CHECK_COPY_STATUS"


def test_programs_and_phones_are_told_of_a_failure_in_their_own_form(stage: Stage) -> None:
    stage.cloud.aurora.fail_next("copy", "failed")

    outcome = stage.restore()

    (report,), (message,) = outcome.reports, outcome.messages
    assert (report["status"], report["outcome"]) == ("FAILED", "failed")
    assert report["error"]["heading"] == "CopyFailed"
    assert report["error"]["step"] == "CHECK_COPY_STATUS"
    assert report["left_behind"] == outcome.state["leftovers"]
    assert report["endpoints"] is None
    assert message["SMS"].startswith(
        "Aurora restore: FAILED to restore aurora-staging: CopyFailed in CHECK_COPY_STATUS"
    )
    assert (
        f"redrive-execution --region us-west-2 --execution-arn {outcome.execution.arn}"
        in (message["Message"])
    )


def test_a_copy_that_somebody_deletes_ends_the_restore(stage: Stage) -> None:
    with stage.under_way("COPY_IN_PROGRESS", operation_id="meddled-with") as execution:
        copy = stage.item("meddled-with")["snapshot_details"]["target_snapshot_id"]
        stage.cloud.client("rds", region_name=TARGET_REGION).delete_db_cluster_snapshot(
            DBClusterSnapshotIdentifier=copy
        )

    outcome = stage.end_of(execution)

    assert (outcome.status, outcome.error) == ("FAILED", "CopyFailed")
    assert_closed(stage, outcome, "CopyFailed")


@pytest.mark.parametrize(
    ("kind", "status", "left"),
    [
        ("restore", "migration-failed", "cluster aurora-staging in us-west-2"),
        ("instance", "incompatible-network", "instance aurora-staging-"),
    ],
)
def test_a_restore_that_fails_says_what_it_leaves(
    stage: Stage, kind: str, status: str, left: str
) -> None:
    stage.cloud.aurora.fail_next(kind, status)  # type: ignore[arg-type]

    outcome = stage.restore()

    assert (outcome.status, outcome.error) == ("FAILED", "RestoreFailed")
    assert status in outcome.message
    assert_closed(stage, outcome, "RestoreFailed", left, "temporary snapshot aurora-prod-")


def test_a_phase_that_passes_its_deadline_fails_with_its_own_error(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.cloud.aurora.durations, "copy", 30 * 3600)
    with stage.under_way("COPY_IN_PROGRESS", operation_id="slow") as execution:
        stage.leap(hours=24.5)

    outcome = stage.end_of(execution)

    assert (outcome.status, outcome.error) == ("FAILED", "CopyTimedOut")
    assert "24 hours" in outcome.message
    assert_closed(stage, outcome, "CopyTimedOut", "temporary snapshot aurora-prod-")


def test_a_user_that_cannot_log_in_fails_the_restore(stage: Stage) -> None:
    run_in_production(
        stage,
        "CREATE ROLE staging_app LOGIN",
        "ALTER ROLE staging_app SET local_preload_libraries = 'a_library_that_is_not_there'",
    )
    with at_once(stage.cloud):
        stage.cloud.client("rds", region_name=REGION).create_db_cluster_snapshot(
            DBClusterIdentifier="aurora-prod", DBClusterSnapshotIdentifier="with-a-bad-login"
        )
    run_in_production(stage, "DROP ROLE staging_app")

    outcome = stage.restore(source_snapshot_date=None, source_snapshot_id="with-a-bad-login")

    assert (outcome.status, outcome.error) == ("FAILED", "ValidationFailed")
    assert "staging_app" in outcome.message
    assert_closed(stage, outcome, "ValidationFailed", "cluster aurora-staging in us-west-2")


def test_templates_for_a_database_that_is_not_there_are_refused(stage: Stage) -> None:
    user = {
        "username": "app",
        "password": "long-enough",
        "template": "read_only",
        "databases": ["warehouse"],
    }

    with stage.secret("aurora-restore/users", {"users": [user]}):
        outcome = stage.restore()

    assert (outcome.status, outcome.error) == ("FAILED", "ConfigurationError")
    assert "warehouse" in outcome.message
    assert "shop" in outcome.message
    assert_closed(stage, outcome, "ConfigurationError", "cluster aurora-staging in us-west-2")


def test_an_execution_that_somebody_stops_is_closed(stage: Stage) -> None:
    with stage.under_way("COPY_IN_PROGRESS", operation_id="stopped") as execution:
        stage.cloud.client("stepfunctions").stop_execution(
            executionArn=execution, cause="wrong night"
        )

    outcome = stage.end_of(execution)

    assert outcome.status == "ABORTED"
    assert_closed(stage, outcome, "ExecutionAborted", "wrong night", "temporary snapshot")


def test_a_second_delivery_of_the_failure_closes_nothing_again(stage: Stage) -> None:
    stage.cloud.aurora.fail_next("copy", "failed")
    outcome = stage.restore()

    stage.cloud.client("sqs").send_message(
        QueueUrl=queue_url(stage, "failed-executions"),
        MessageBody=json.dumps({"detail": {"executionArn": outcome.execution.arn}}),
    )
    stage.cloud.clock.sleep(60)

    operation_id = outcome.state["operation_id"]
    assert len(stage.cloud.calls.of("states:DescribeExecution", function=CLOSING)) == 2
    assert stage.item(operation_id) == outcome.state
    assert stage.scene.events(operation_id) == outcome.events
    assert stage.scene.messages() == []
    assert dead_letters(stage) == []


def test_the_log_of_the_closing_names_execution_and_operation(stage: Stage) -> None:
    outcome = stage.restore(colour="red")

    logs = stage.cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{CLOSING}")
    lines = [json.loads(event["message"]) for event in logs["events"]]
    (done,) = [
        line
        for line in lines
        if line.get("message") == "Step done" and line["execution_arn"] == outcome.execution.arn
    ]
    assert done["operation_id"] == outcome.state["operation_id"]


@pytest.mark.parametrize(
    "call", ["dynamodb:GetItem", "dynamodb:TransactWriteItems", "sns:Publish", "states:*"]
)
def test_a_failure_that_cannot_be_closed_for_an_hour_is_closed_after_it(
    stage: Stage, call: str
) -> None:
    stage.cloud.aurora.fail_next("copy", "failed")
    outage = stage.cloud.faults.on(call, do=Throttle(), times=25, function=CLOSING)

    outcome = stage.restore()

    took = stage.cloud.clock.now() - outcome.execution.stopped_at
    assert len(outage.struck) == 25
    assert timedelta(hours=1) <= took < timedelta(hours=1, minutes=1)
    assert_closed(stage, outcome, "CopyFailed", "temporary snapshot aurora-prod-")
    assert outcome.event_types.count("OPERATION_FAILED") == 1
    assert dead_letters(stage) == []


@pytest.mark.parametrize(
    ("call", "when"),
    [
        ("dynamodb:TransactWriteItems", "after"),
        ("sns:Publish", "before"),
        pytest.param("dynamodb:TransactWriteItems", "before", marks=pytest.mark.thorough),
        pytest.param("sns:Publish", "after", marks=pytest.mark.thorough),
    ],
)
def test_a_worker_killed_while_it_closes_leaves_the_rest_to_the_next(
    stage: Stage, call: str, when: Literal["before", "after"]
) -> None:
    stage.cloud.aurora.fail_next("copy", "failed")
    killed = stage.cloud.faults.on(call, do=KillWorker(when), function=CLOSING)

    outcome = stage.restore()

    assert killed.fired
    assert outcome.event_types[-2:] == ["OPERATION_FAILED", "NOTIFICATION_SENT"]
    assert outcome.event_types.count("OPERATION_FAILED") == 1
    assert stage.locks() == []
    assert dead_letters(stage) == []


def test_a_failure_that_nobody_can_be_told_of_waits_in_the_dead_letter_queue(stage: Stage) -> None:
    stage.cloud.aurora.fail_next("copy", "failed")
    topic = stage.cloud.faults.on("sns:Publish", do=NOT_AUTHORIZED, times=999)

    outcome = stage.restore()

    assert len(topic.struck) == 150
    assert stage.cloud.clock.now() - outcome.execution.stopped_at >= timedelta(hours=6)
    assert outcome.state["status"] == "FAILED"
    assert stage.locks() == []
    (letter,) = dead_letters(stage)
    assert letter["detail"]["executionArn"] == outcome.execution.arn


def test_a_failure_that_was_not_closed_is_closed_by_hand(stage: Stage) -> None:
    stage.cloud.aurora.fail_next("copy", "failed")
    table = stage.cloud.faults.on("dynamodb:*", do=Throttle(), times=150, function=CLOSING)
    left = stage.restore()
    (letter,) = dead_letters(stage)
    locked = stage.locks()

    stage.cloud.client("lambda").invoke(
        FunctionName=CLOSING,
        Payload=json.dumps({"detail": {"executionArn": letter["detail"]["executionArn"]}}),
    )

    assert len(table.struck) == 150
    assert (left.state["status"], len(locked)) == ("COPY_IN_PROGRESS", 1)
    assert_closed(stage, stage.end_of(left.execution.arn), "CopyFailed")


def queue_url(stage: Stage, name: str) -> str:
    """The URL of one of the deployed queues."""
    told = stage.cloud.client("sqs").get_queue_url(QueueName=f"aurora-restore-{name}")
    return str(told["QueueUrl"])


def dead_letters(stage: Stage) -> list[dict[str, Any]]:
    """Take the events that were tried in vain."""
    url, sqs = queue_url(stage, "dead-letters"), stage.cloud.client("sqs")
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in taken:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in taken]


def run_in_production(stage: Stage, *statements: str) -> None:
    """Execute statements as production's master user."""
    production = stage.scene.production
    opened = production.endpoint.connect(MASTER, production.passwords[MASTER])
    try:
        with opened, opened.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        opened.close()
