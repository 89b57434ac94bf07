"""Workers that die in the middle of a step, one step at a time."""

import pytest

from local.faults import KillWorker
from shared.names import Step
from tests.workflow.disturbed import assert_undisturbed, restored
from tests.workflow.stage import Stage

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
