"""Failed operations that are abandoned: what they left is removed at once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from local.api.faults import AnswerError, KillWorker
from shared import names
from tests.restores.failing.disturbed import assert_proven
from tests.restores.stage import Outcome, Stage

CLUSTER = "aurora-staging"
DENIED = AnswerError("AccessDenied", "Not for you.", http_status=403)


def failed_at(stage: Stage, call: str, function: str, **changes: Any) -> Outcome:
    """A restore that fails at a call."""
    stage.cloud.faults.on(call, do=DENIED, function=f"aurora-restore-{function}")
    outcome = stage.restore(**changes)
    assert (outcome.status, outcome.error) == ("FAILED", "AccessDenied")
    stage.cloud.faults.clear()
    return outcome


def abandon(stage: Stage, failed: Outcome) -> Outcome:
    return stage.run({"abandon": True, "operation_id": failed.state["operation_id"]})


# Calls at which an operation leaves more and more.
COPY = ("rds:CopyDBClusterSnapshot", "copy-snapshot")
RESTORE = ("rds:RestoreDBClusterFromSnapshot", "restore-snapshot")
CREATE = ("rds:CreateDBInstance", "restore-snapshot")
READ = ("secretsmanager:GetSecretValue", "setup-db-users")


@pytest.mark.parametrize(
    ("replace", "at"),
    [
        ("never", COPY),
        ("never", CREATE),
        ("delete_first", CREATE),
        ("swap", RESTORE),
        ("swap", READ),
        pytest.param("never", RESTORE, marks=pytest.mark.thorough),
        pytest.param("never", READ, marks=pytest.mark.thorough),
        pytest.param("swap", COPY, marks=pytest.mark.thorough),
        pytest.param("swap", CREATE, marks=pytest.mark.thorough),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_everything_that_a_failed_operation_left_goes_and_the_target_is_unlocked(
    stage: Stage, replace: str, at: tuple[str, str]
) -> None:
    if replace != "never":
        stage.make_cluster(CLUSTER)
    before = stage.inventory()
    failed = failed_at(stage, *at, replace=replace)

    outcome = abandon(stage, failed)

    stage.cloud.aurora.settle()
    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    if replace == "delete_first":
        # The replaced cluster is gone, as it was to go; its final snapshot stays.
        before = {name: one for name, one in before.items() if CLUSTER not in name}
        assert sum("-final-" in name for name in stage.inventory()) == 1
    assert {n: one for n, one in stage.inventory().items() if "-final-" not in n} == before
    assert stage.locks() == []
    assert "was abandoned" in outcome.messages[-1]["Message"]


@pytest.mark.parametrize("replace", ["never", "swap"])
def test_a_target_whose_restore_was_abandoned_can_be_restored(stage: Stage, replace: str) -> None:
    if replace == "swap":
        stage.make_cluster(CLUSTER)
    abandon(stage, failed_at(stage, *CREATE, replace=replace))

    outcome = stage.restore(replace=replace)

    assert_proven(stage, outcome)


def test_a_failed_cut_over_is_abandoned_and_the_old_cluster_serves_on(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    before = stage.inventory()
    failed = failed_at(stage, "rds:ModifyDBCluster", "delete-rds", replace="swap")

    outcome = abandon(stage, failed)

    stage.cloud.aurora.settle()
    assert outcome.status == "SUCCEEDED"
    assert stage.inventory() == before


def test_a_cluster_that_users_can_work_with_stays(stage: Stage) -> None:
    failed = failed_at(stage, "rds:DeleteDBClusterSnapshot", "archive-snapshot")

    outcome = abandon(stage, failed)

    stage.cloud.aurora.settle()
    assert outcome.status == "SUCCEEDED"
    assert any(f":cluster:{CLUSTER}" in name for name in stage.inventory())
    assert not any("-copy-" in name for name in stage.inventory())


def test_what_was_abandoned_is_never_redriven(stage: Stage) -> None:
    failed = failed_at(stage, "rds:CreateDBInstance", "restore-snapshot")
    abandon(stage, failed)

    outcome = stage.redrive(failed)

    assert (outcome.status, outcome.error) == ("FAILED", "NotOurs")
    assert "was abandoned" in outcome.message
    assert outcome.state["leftovers"] == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"abandon": True}, "and nothing else"),
        ({"abandon": True, "operation_id": "one", "target_cluster_id": "x"}, "and nothing else"),
        ({"abandon": True, "operation_id": "unheard-of"}, "there is no operation unheard-of"),
        ({"abandon": "yes", "operation_id": "one"}, "abandon: must be given with the operation_id"),
    ],
)
def test_a_wrong_request_to_abandon_says_what_is_wrong(
    stage: Stage, request_: dict[str, object], words: str
) -> None:
    outcome = stage.run(request_)

    assert (outcome.status, outcome.error) == ("FAILED", "InvalidRequest")
    assert words in outcome.message
    assert stage.item("unheard-of") == {}


def test_only_what_has_failed_can_be_given_up(stage: Stage) -> None:
    finished = stage.restore()

    outcome = abandon(stage, finished)

    assert (outcome.status, outcome.error) == ("FAILED", "InvalidRequest")
    assert "is COMPLETED" in outcome.message


def test_a_cluster_that_the_deployment_does_not_let_go_stays(stage: Stage) -> None:
    failed = failed_at(
        stage, "rds:CreateDBInstance", "restore-snapshot", target_cluster_id="aurora-rehearsal"
    )

    outcome = abandon(stage, failed)

    assert (outcome.status, outcome.error) == ("FAILED", "TargetNotAllowed")
    assert any(":cluster:aurora-rehearsal" in name for name in stage.inventory())


def test_a_candidate_of_somebody_else_is_never_removed(stage: Stage) -> None:
    failed = failed_at(stage, "rds:CopyDBClusterSnapshot", "copy-snapshot", operation_id="mine")
    stage.make_cluster(names.candidate_id(CLUSTER, "mine"))

    outcome = abandon(stage, failed)

    assert outcome.status == "SUCCEEDED"
    assert any(names.candidate_id(CLUSTER, "mine") in name for name in stage.inventory())


def test_a_cluster_that_a_dead_worker_began_after_a_deletion_goes_as_well(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    restoring = "aurora-restore-restore-snapshot"
    stage.cloud.faults.on(
        "rds:RestoreDBClusterFromSnapshot", do=KillWorker("after"), function=restoring
    )
    stage.cloud.faults.on("rds:DescribeDBClusters", do=DENIED, nth=2, function=restoring)
    failed = stage.restore(replace="delete_first")
    stage.cloud.faults.clear()

    outcome = abandon(stage, failed)

    stage.cloud.aurora.settle()
    assert outcome.status == "SUCCEEDED"
    assert not any(f":cluster:{CLUSTER}" in name for name in stage.inventory())


def test_an_abandonment_is_not_abandoned_but_redriven(stage: Stage) -> None:
    failed = failed_at(stage, *CREATE, operation_id="first")
    stage.cloud.faults.on("rds:DeleteDBCluster", do=DENIED, function="aurora-restore-delete-rds")
    failing = abandon(stage, failed)
    stage.cloud.faults.clear()
    begun = failing.execution.started_at
    own = names.operation_id(failing.execution.arn, begun)

    refused = stage.run({"abandon": True, "operation_id": own})
    again = abandon(stage, failed)

    stage.cloud.aurora.settle()
    assert (failing.status, refused.error) == ("FAILED", "InvalidRequest")
    assert "abandons first itself" in refused.message
    assert again.status == "SUCCEEDED"
    assert not any(f":cluster:{CLUSTER}" in name for name in stage.inventory())


def test_what_failed_in_its_check_and_was_abandoned_is_never_redriven(stage: Stage) -> None:
    failed = failed_at(stage, "rds:DescribeDBClusterSnapshots", "snapshot-check")
    abandon(stage, failed)

    outcome = stage.redrive(failed)

    assert (outcome.status, outcome.error) == ("FAILED", "NotOurs")
    assert "was abandoned" in outcome.message


def test_an_abandonment_waits_for_functions_that_may_still_be_running(stage: Stage) -> None:
    failed = failed_at(stage, *RESTORE)

    outcome = abandon(stage, failed)

    first_look = next(event for event in outcome.events if "ABANDON" in event["event_type"])
    waited = datetime.fromisoformat(first_look["timestamp"]) - failed.execution.stopped_at
    assert outcome.status == "SUCCEEDED"
    assert waited >= timedelta(minutes=2)


def test_a_cluster_that_somebody_has_made_in_its_place_does_not_bar_the_rest(
    stage: Stage,
) -> None:
    failed = failed_at(stage, *CREATE)
    stage.remove_cluster(CLUSTER)
    stage.make_cluster(CLUSTER)

    outcome = abandon(stage, failed)

    assert outcome.status == "SUCCEEDED"
    assert any(f":cluster:{CLUSTER}" in name for name in stage.inventory())
    assert not any("-copy-" in name for name in stage.inventory())
    assert "was left alone" in outcome.messages[-1]["Message"]
