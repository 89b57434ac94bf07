"""Calls that go wrong in ways of their own; the usual ways are the breakage suite's."""

import pytest

from local.api.faults import AnswerError
from local.rehearsal.production import at_once
from tests.restores.failing.disturbed import assert_undisturbed, restored
from tests.restores.stage import Stage


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


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("rds:CopyDBClusterSnapshot", "DBClusterSnapshotAlreadyExistsFault"),
        ("rds:RestoreDBClusterFromSnapshot", "DBClusterAlreadyExistsFault"),
        ("rds:CreateDBInstance", "DBInstanceAlreadyExists"),
    ],
)
def test_what_exists_although_it_was_not_seen_is_looked_at_again(
    stage: Stage, call: str, code: str
) -> None:
    stale = stage.cloud.faults.on(call, do=AnswerError(code, "It exists already."))

    outcome = stage.restore()

    assert stale.fired
    assert_undisturbed(stage, outcome)


def test_a_target_that_somebody_else_deletes_first_is_simply_free(stage: Stage) -> None:
    stage.make_cluster("aurora-staging")
    with stage.under_way(
        "COPY_IN_PROGRESS", operation_id="beaten-to-it", replace="delete_first"
    ) as execution:
        rds = stage.cloud.client("rds")
        with at_once(stage.cloud):
            rds.delete_db_instance(
                DBInstanceIdentifier="aurora-staging-old-1", SkipFinalSnapshot=True
            )
            rds.delete_db_cluster(DBClusterIdentifier="aurora-staging", SkipFinalSnapshot=True)

    outcome = stage.end_of(execution)

    assert_undisturbed(stage, outcome)
    assert "TARGET_FREED" in outcome.event_types
