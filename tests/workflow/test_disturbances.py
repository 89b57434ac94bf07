"""Restores that are disturbed, and end as if nothing had happened.

One disturbance at a time, each at a call that the restore really makes.
"""

import pytest

from local.evidence import evidence
from local.faults import AnswerError, Effect, KillWorker, LoseConnection, ServerError, Throttle
from shared.names import Step
from tests.workflow.stage import TARGET_REGION, Outcome, Stage


def assert_undisturbed(stage: Stage, outcome: Outcome) -> None:
    """Finished, proven, and with each change of state told once."""
    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert outcome.state["status"] == "COMPLETED"
    found = list(evidence(stage.scene, "aurora-staging", TARGET_REGION))
    assert [one for one in found if not one.holds] == []
    moves = [
        (event["event_type"], str(event["details"]))
        for event in outcome.events
        if not event["event_type"].endswith("_STATUS_CHECKED")
    ]
    assert len(moves) == len(set(moves)), moves
    assert len(outcome.messages) >= 1


# The call of each step that matters most: where it changes something, or reads what decides.
HEART = {
    Step.SNAPSHOT_CHECK: "rds:DescribeDBClusterSnapshots",
    Step.COPY_SNAPSHOT: "rds:CopyDBClusterSnapshot",
    Step.CHECK_COPY_STATUS: "rds:DescribeDBClusterSnapshots",
    Step.DELETE_RDS: "rds:DeleteDBCluster",
    Step.RESTORE_SNAPSHOT: "rds:RestoreDBClusterFromSnapshot",
    Step.CHECK_RESTORE_STATUS: "rds:DescribeDBClusters",
    Step.SETUP_DB_USERS: "secretsmanager:GetSecretValue",
    Step.ARCHIVE_SNAPSHOT: "rds:DeleteDBClusterSnapshot",
    Step.SNS_NOTIFICATION: "sns:Publish",
}


def restored(stage: Stage) -> Outcome:
    """A restore that runs through all nine steps."""
    stage.make_cluster("aurora-staging")
    return stage.restore(replace="delete_first")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", Step)
def test_a_worker_killed_in_the_middle_of_a_step_changes_nothing(
    stage: Stage, step: Step, when: str
) -> None:
    function = f"aurora-restore-{step.function}"
    killed = stage.cloud.faults.on(HEART[step], do=KillWorker(when), function=function)  # type: ignore[arg-type]

    outcome = restored(stage)

    assert killed.fired
    assert_undisturbed(stage, outcome)


@pytest.mark.parametrize("step", Step)
def test_a_worker_killed_right_after_saving_changes_nothing(stage: Stage, step: Step) -> None:
    function = f"aurora-restore-{step.function}"
    killed = stage.cloud.faults.on(
        "dynamodb:TransactWriteItems", do=KillWorker("after"), function=function
    )

    outcome = restored(stage)

    assert killed.fired
    assert_undisturbed(stage, outcome)


@pytest.mark.parametrize(
    ("call", "effect"),
    [
        ("dynamodb:GetItem", Throttle()),
        ("dynamodb:TransactWriteItems", LoseConnection()),
        ("rds:DescribeDBClusters", ServerError()),
        ("rds:DescribeDBInstances", Throttle()),
        ("rds:CopyDBClusterSnapshot", LoseConnection()),
        ("rds:DeleteDBInstance", ServerError()),
        ("rds:DeleteDBCluster", LoseConnection()),
        ("rds:RestoreDBClusterFromSnapshot", LoseConnection()),
        ("rds:CreateDBInstance", LoseConnection()),
        ("rds:ModifyDBCluster", LoseConnection()),
        ("rds:DeleteDBClusterSnapshot", Throttle()),
        ("kms:DescribeKey", ServerError()),
        ("secretsmanager:GetSecretValue", Throttle()),
        ("sns:Publish", Throttle()),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_call_that_goes_wrong_once_changes_nothing(
    stage: Stage, call: str, effect: Effect
) -> None:
    wrong = stage.cloud.faults.on(call, do=effect, function="aurora-restore-*")

    outcome = restored(stage)

    assert wrong.fired
    assert_undisturbed(stage, outcome)


def test_a_database_connection_that_drops_changes_nothing(stage: Stage) -> None:
    stage.cloud.databases.front.drop_next("aurora-staging.*", after_statements=5)

    outcome = restored(stage)

    assert_undisturbed(stage, outcome)


def test_a_full_copy_quota_is_waited_for(stage: Stage) -> None:
    full = AnswerError("SnapshotQuotaExceeded", "Cannot copy more than 5 snapshots across regions.")
    quota = stage.cloud.faults.on("rds:CopyDBClusterSnapshot", do=full, times=20)

    outcome = stage.restore()

    assert len(quota.struck) == 20
    assert_undisturbed(stage, outcome)


def test_a_full_account_is_not_waited_for(stage: Stage) -> None:
    full = AnswerError("SnapshotQuotaExceeded", "Cannot create more than 100 manual snapshots.")
    stage.cloud.faults.on("rds:CopyDBClusterSnapshot", do=full)

    outcome = stage.restore()

    assert (outcome.status, outcome.error) == ("FAILED", "QuotaExceeded")


def test_an_error_that_nobody_knows_is_terminal_and_loud(stage: Stage) -> None:
    odd = AnswerError("SomethingNobodyHasSeen", "Aurora is out of colours.")
    stage.cloud.faults.on("rds:RestoreDBClusterFromSnapshot", do=odd)

    outcome = stage.restore()

    assert (outcome.status, outcome.error) == ("FAILED", "UnexpectedAwsError")
    assert "Aurora is out of colours." in outcome.messages[0]["Message"]
