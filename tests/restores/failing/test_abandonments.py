"""Failed operations that are abandoned: what they left is removed at once."""

from typing import Any

import pytest

from local.api.faults import AnswerError
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
    if replace == "swap":
        stage.make_cluster(CLUSTER)
    before = stage.inventory()
    failed = failed_at(stage, *at, replace=replace)

    outcome = abandon(stage, failed)

    stage.cloud.aurora.settle()
    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert stage.inventory() == before
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
