"""Calls that go wrong, one at a time."""

import pytest

from local.faults import AnswerError, Effect, LoseConnection, ServerError, Throttle
from tests.workflow.disturbed import assert_undisturbed, restored
from tests.workflow.stage import Stage


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
