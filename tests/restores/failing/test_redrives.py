"""Failed operations that go on where they failed."""

import json
from datetime import timedelta

import pytest

from local.api.faults import AnswerError, Precede
from local.rehearsal.production import at_once
from shared import names
from tests.restores.failing.disturbed import assert_proven
from tests.restores.stage import TARGET_REGION, Stage

DENIED = AnswerError("AccessDenied", "Not for you.", http_status=403)

# A call of each step that may fail for good, and be possible again later.
CALLS = {
    "snapshot-check": "rds:DescribeDBClusterSnapshots",
    "copy-snapshot": "rds:CopyDBClusterSnapshot",
    "check-copy-status": "rds:DescribeDBClusterSnapshots",
    "delete-rds": "rds:DeleteDBCluster",
    "restore-snapshot": "rds:CreateDBInstance",
    "check-restore-status": "rds:DescribeDBInstances",
    "setup-db-users": "secretsmanager:GetSecretValue",
    "archive-snapshot": "rds:DeleteDBClusterSnapshot",
    "sns-notification": "dynamodb:TransactWriteItems",
}


# One that copies, one that deletes, one that talks to a database, and the one that closes.
ALWAYS = ("copy-snapshot", "delete-rds", "setup-db-users", "sns-notification")


@pytest.mark.parametrize(
    ("function", "call"),
    [
        pytest.param(*case, id=case[0], marks=() if case[0] in ALWAYS else pytest.mark.thorough)
        for case in CALLS.items()
    ],
)
def test_whatever_step_failed_redrive_goes_on_there(stage: Stage, function: str, call: str) -> None:
    stage.make_cluster("aurora-staging")
    denied = stage.cloud.faults.on(call, do=DENIED, function=f"aurora-restore-{function}")
    failed = stage.restore(replace="delete_first")
    assert denied.fired
    assert (failed.status, failed.error) == ("FAILED", "AccessDenied")

    outcome = stage.redrive(failed)

    assert_proven(stage, outcome)
    assert outcome.state["operation_id"] == failed.state["operation_id"]
    assert outcome.state["leftovers"] == []
    assert stage.locks() == []


def test_the_audit_trail_tells_of_failure_redrive_and_end_in_order(stage: Stage) -> None:
    stage.cloud.faults.on("rds:CopyDBClusterSnapshot", do=DENIED)
    failed = stage.restore()

    outcome = stage.redrive(failed)

    told = [
        event
        for event in outcome.event_types
        if event.startswith(("OPERATION_", "COPY_STARTED", "NOTIFICATION"))
    ]
    assert told == [
        "OPERATION_STARTED",
        "OPERATION_FAILED",
        "NOTIFICATION_SENT",
        "OPERATION_REDRIVEN",
        "COPY_STARTED",
        "OPERATION_COMPLETED",
        "NOTIFICATION_SENT",
    ]


def test_a_redrive_that_fails_again_is_told_again(stage: Stage) -> None:
    stage.cloud.faults.on("rds:CopyDBClusterSnapshot", do=DENIED, times=2)
    failed = stage.restore()

    execution = stage.cloud.redrive(failed.execution.arn)

    outcome = stage.end_of(execution.arn)
    assert outcome.status == "FAILED"
    assert outcome.event_types.count("OPERATION_FAILED") == 2
    assert outcome.event_types.count("NOTIFICATION_SENT") == 2
    assert len(outcome.messages) == 1


def test_a_redrive_onto_a_target_that_another_operation_holds_says_who_has_it(
    stage: Stage,
) -> None:
    stage.cloud.faults.on("rds:CopyDBClusterSnapshot", do=DENIED)
    failed = stage.restore()
    with stage.under_way("RESTORE_IN_PROGRESS", operation_id="the-other") as other:
        stage.cloud.client("stepfunctions").redrive_execution(executionArn=failed.execution.arn)

    refused = stage.end_of(failed.execution.arn)
    finished = stage.end_of(other)

    assert (refused.status, refused.error) == ("FAILED", "TargetLocked")
    assert "the-other" in refused.message
    assert refused.event_types.count("OPERATION_FAILED") == 2
    assert finished.status == "SUCCEEDED"


def test_a_refused_request_is_read_again(stage: Stage) -> None:
    with stage.secret("aurora-restore/admin", {"username": "somebody-else", "password": "x" * 12}):
        failed = stage.restore()
    assert (failed.status, failed.error) == ("FAILED", "ConfigurationError")

    outcome = stage.redrive(failed)

    assert_proven(stage, outcome)


def test_a_copy_that_failed_is_made_again_when_it_is_gone(stage: Stage) -> None:
    stage.cloud.aurora.fail_next("copy", "failed")
    failed = stage.restore()
    assert failed.error == "CopyFailed"
    copy = failed.state["snapshot_details"]["target_snapshot_id"]
    with at_once(stage.cloud):
        stage.cloud.client("rds", region_name=TARGET_REGION).delete_db_cluster_snapshot(
            DBClusterSnapshotIdentifier=copy
        )

    outcome = stage.redrive(failed)

    assert_proven(stage, outcome)


def test_a_cluster_that_failed_is_restored_again_when_it_is_gone(stage: Stage) -> None:
    stage.cloud.aurora.fail_next("restore", "incompatible-parameters")
    failed = stage.restore()
    assert failed.error == "RestoreFailed"
    stage.remove_cluster("aurora-staging")

    outcome = stage.redrive(failed)

    assert_proven(stage, outcome)


def test_an_interrupted_wait_is_taken_up_again(stage: Stage) -> None:
    with stage.under_way("RESTORE_IN_PROGRESS", operation_id="interrupted") as arn:
        stage.cloud.client("stepfunctions").stop_execution(executionArn=arn, cause="Lunch.")
    failed = stage.end_of(arn)
    assert (failed.status, failed.state["error"]["name"]) == ("ABORTED", "ExecutionAborted")

    outcome = stage.redrive(failed)

    assert_proven(stage, outcome)


def test_a_phase_gets_all_its_time_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.cloud.aurora.durations, "copy", 24.6 * 3600)
    with stage.under_way("COPY_IN_PROGRESS", operation_id="slow") as execution:
        stage.leap(hours=24.5)
    failed = stage.end_of(execution)
    assert failed.error == "CopyTimedOut"

    outcome = stage.redrive(failed)

    assert_proven(stage, outcome)


def test_an_old_failure_that_is_told_late_closes_nothing(stage: Stage) -> None:
    stage.cloud.faults.on("rds:CopyDBClusterSnapshot", do=DENIED)
    failed = stage.restore()
    finished = stage.redrive(failed)
    told = {"detail": {"executionArn": failed.execution.arn, "redriveCount": 0}}

    stage.cloud.client("lambda").invoke(
        FunctionName="aurora-restore-sns-notification", Payload=json.dumps(told)
    )

    assert stage.item(finished.state["operation_id"]) == finished.state
    assert stage.scene.messages() == []


def test_a_cluster_that_is_deleted_before_its_users_are_set_up_is_restored_again(
    stage: Stage,
) -> None:
    set_up = "aurora-restore-setup-db-users"
    stage.cloud.faults.on(
        "secretsmanager:GetSecretValue",
        do=Precede(lambda _: stage.remove_cluster("aurora-staging")),
        function=set_up,
    )
    failed = stage.restore()

    outcome = stage.redrive(failed)

    lasted = failed.execution.stopped_at - failed.execution.started_at
    assert (failed.status, failed.error) == ("FAILED", "RestoreFailed")
    assert "no longer exists" in failed.message
    assert lasted < timedelta(minutes=15)
    assert_proven(stage, outcome)


@pytest.mark.parametrize("number", [1, 2])
def test_an_instance_that_is_deleted_before_the_cluster_is_complete_is_made_again(
    stage: Stage, number: int
) -> None:
    operation_id = f"one-of-two-{number}"
    instance = names.instance_id("aurora-staging", number, operation_id)

    def delete() -> None:
        rds = stage.cloud.client("rds", region_name=TARGET_REGION)
        with at_once(stage.cloud):
            rds.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True)
            stage.cloud.aurora.settle()

    stage.cloud.faults.on(
        "rds:ModifyDBCluster",
        do=Precede(lambda _: delete()),
        function="aurora-restore-restore-snapshot",
    )

    outcome = stage.restore(instance_count=2, operation_id=operation_id)

    assert_proven(stage, outcome)
    assert len(outcome.state["restore_details"]["instances"]) == 2
