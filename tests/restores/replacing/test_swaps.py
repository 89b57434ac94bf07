"""Clusters that change places: `replace: swap`."""

import pytest

from local.api.faults import AnswerError
from local.rehearsal.production import at_once
from shared import names
from tests.restores.failing.disturbed import assert_proven, assert_undisturbed
from tests.restores.stage import TARGET_REGION, Outcome, Stage

CLUSTER = "aurora-staging"


def resource_id(stage: Stage, cluster_id: str) -> str:
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"]
    assert cluster["Status"] == "available"
    return str(cluster["DbClusterResourceId"])


def clusters(stage: Stage) -> set[str]:
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    return {one["DBClusterIdentifier"] for one in rds.describe_db_clusters()["DBClusters"]}


def moves(outcome: Outcome) -> list[str]:
    """The events of the cut-over, without those that only looked."""
    first = outcome.event_types.index("USERS_CONFIGURED")
    last = outcome.event_types.index("CUTOVER_COMPLETED")
    between = outcome.event_types[first + 1 : last + 1]
    return [event for event in between if not event.endswith("_CHECKED")]


def test_the_restored_cluster_takes_the_place_of_the_old_one(stage: Stage) -> None:
    stage.make_cluster(CLUSTER, instances=2)

    outcome = stage.restore(replace="swap")

    assert_undisturbed(stage, outcome)
    assert moves(outcome) == [
        "CUTOVER_STARTED",
        "CANDIDATE_MOVED_IN",
        "TARGET_SERVED",
        "CERTIFICATE_OUTDATED",
        "CERTIFICATE_RENEWAL_STARTED",
        "RESTORED_CLUSTER_STARTED",
        "TARGET_SERVED",
        "LOGIN_PROVEN",
        "DELETE_STARTED",
        "DELETE_STARTED",
        "DELETE_STARTED",
        "CUTOVER_COMPLETED",
    ]
    assert clusters(stage) == {CLUSTER}
    final = outcome.state["replaced_cluster"]["final_snapshot_id"]
    assert any(final in name for name in stage.inventory())


def test_a_swap_onto_a_free_target_simply_restores(stage: Stage) -> None:
    outcome = stage.restore(replace="swap")

    assert_undisturbed(stage, outcome)
    assert "DeleteRds" not in outcome.execution.states


def test_the_old_cluster_serves_until_its_successor_is_proven(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)

    with stage.under_way("RESTORE_IN_PROGRESS", operation_id="rehearsal", replace="swap") as arn:
        serving = resource_id(stage, CLUSTER)
        candidate = names.candidate_id(CLUSTER, "rehearsal")
        assert candidate in clusters(stage)
    outcome = stage.end_of(arn)

    assert serving == old
    assert_undisturbed(stage, outcome)


def test_a_replaced_cluster_may_be_kept_for_a_time(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)

    outcome = stage.restore(replace="swap", keep_replaced_hours=24, operation_id="keeping")

    aside = names.replaced_id(CLUSTER, "keeping")
    assert_undisturbed(stage, outcome)
    assert resource_id(stage, aside) == old
    assert "DELETE_STARTED" not in outcome.event_types


@pytest.mark.parametrize("nth", [1, 2], ids=["old aside", "candidate in"])
def test_when_a_rename_fails_for_good_the_old_cluster_serves_again(stage: Stage, nth: int) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    refused = stage.cloud.faults.on(
        "rds:ModifyDBCluster",
        do=AnswerError("InvalidParameterValue", "No."),
        nth=nth,
        function="aurora-restore-delete-rds",
    )

    outcome = stage.restore(replace="swap", operation_id=f"failing-{nth}")

    assert refused.fired
    assert (outcome.status, outcome.error) == ("FAILED", "RestoreFailed")
    assert resource_id(stage, CLUSTER) == old
    assert names.candidate_id(CLUSTER, f"failing-{nth}") in clusters(stage)
    assert outcome.state["status"] == "FAILED"
    assert stage.locks() == []
    assert ("CUTOVER_UNDONE" in outcome.event_types) is (nth == 2)


def test_when_the_new_cluster_does_not_work_under_the_target_id_the_old_one_serves_again(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    broken = stage.cloud.faults.on(
        "secretsmanager:GetSecretValue",
        do=AnswerError("ResourceNotFoundException", "Gone."),
        nth=3,
        function="aurora-restore-setup-db-users",
    )

    outcome = stage.restore(replace="swap")

    assert broken.fired
    assert (outcome.status, outcome.error) == ("FAILED", "ConfigurationError")
    assert resource_id(stage, CLUSTER) == old
    undone = [event for event in outcome.event_types if event.startswith("CUTOVER_UNDO")]
    assert undone == ["CUTOVER_UNDO_STARTED", "CUTOVER_UNDO_STARTED", "CUTOVER_UNDONE"]


@pytest.mark.parametrize(("times", "is_undone"), [(1, True), (1_000, False)])
def test_what_bars_the_way_back_may_pass_and_when_it_does_not_everyone_is_told(
    stage: Stage, times: int, is_undone: bool
) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    denied = AnswerError("AccessDenied", "Not allowed.", http_status=403)
    delete_rds, closing = "aurora-restore-delete-rds", "aurora-restore-sns-notification"
    stage.cloud.faults.on("rds:ModifyDBCluster", do=denied, nth=2, function=delete_rds)
    stage.cloud.faults.on("rds:ModifyDBCluster", do=denied, times=times, function=closing)

    outcome = stage.restore(replace="swap", operation_id=f"barred-{times}")

    aside = names.replaced_id(CLUSTER, f"barred-{times}")
    assert (outcome.status, outcome.state["status"]) == ("FAILED", "FAILED")
    assert resource_id(stage, CLUSTER if is_undone else aside) == old
    assert "CUTOVER_UNDO_BARRED" in outcome.event_types
    assert ("CUTOVER_UNDONE" in outcome.event_types) is is_undone
    assert any(aside in one for one in outcome.state["leftovers"]) is not is_undone
    told = outcome.messages[-1]["Message"]
    assert (f"rename it back to {CLUSTER}" in told) is not is_undone
    assert stage.locks() == []


def test_a_redrive_after_the_old_cluster_was_renamed_back_by_hand_swaps_again(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    gone = AnswerError("ResourceNotFoundException", "Gone.")
    denied = AnswerError("AccessDenied", "Not allowed.", http_status=403)
    users, closing = "aurora-restore-setup-db-users", "aurora-restore-sns-notification"
    stage.cloud.faults.on("secretsmanager:GetSecretValue", do=gone, nth=3, function=users)
    stage.cloud.faults.on("rds:ModifyDBCluster", do=denied, nth=2, times=99, function=closing)
    failed = stage.restore(replace="swap", operation_id="by-hand")
    aside, candidate = names.replaced_id(CLUSTER, "by-hand"), names.candidate_id(CLUSTER, "by-hand")
    assert resource_id(stage, aside) == old
    left = " ".join(failed.state["leftovers"])
    assert f"cluster {candidate} in" in left
    assert f"cluster {CLUSTER} in" not in left
    with at_once(stage.cloud):
        stage.cloud.client("rds", region_name=TARGET_REGION).modify_db_cluster(
            DBClusterIdentifier=aside, NewDBClusterIdentifier=CLUSTER, ApplyImmediately=True
        )
        stage.cloud.aurora.settle()

    outcome = stage.redrive(failed)

    assert_proven(stage, outcome)
    assert clusters(stage) == {CLUSTER}
    assert resource_id(stage, CLUSTER) != old


def test_a_failed_swap_is_finished_by_redrive(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    stage.cloud.faults.on(
        "rds:ModifyDBCluster",
        do=AnswerError("InvalidParameterValue", "No."),
        nth=2,
        function="aurora-restore-delete-rds",
    )
    failed = stage.restore(replace="swap")

    outcome = stage.redrive(failed)

    assert_proven(stage, outcome)
    assert clusters(stage) == {CLUSTER}
    tail = outcome.event_types[outcome.event_types.index("OPERATION_FAILED") :]
    assert tail[:3] == ["OPERATION_FAILED", "NOTIFICATION_SENT", "OPERATION_REDRIVEN"]
    assert tail[-2:] == ["OPERATION_COMPLETED", "NOTIFICATION_SENT"]


def test_the_old_cluster_stays_when_its_successor_is_gone(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    refused = AnswerError("InvalidDBInstanceState", "Not now.")
    stage.cloud.faults.on("rds:DeleteDBInstance", do=refused, function="aurora-restore-delete-rds")
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    with (
        stage.under_way(
            "CUTOVER_IN_PROGRESS", "proven", operation_id="meddled", replace="swap"
        ) as execution,
        at_once(stage.cloud),
    ):
        (new,) = stage.item("meddled")["restore_details"]["instances"]
        rds.delete_db_instance(DBInstanceIdentifier=new, SkipFinalSnapshot=True)
        rds.delete_db_cluster(DBClusterIdentifier=CLUSTER, SkipFinalSnapshot=True)

    outcome = stage.end_of(execution)

    assert (outcome.status, outcome.error) == ("FAILED", "RestoreFailed")
    assert "The replaced cluster is kept" in outcome.message
    assert resource_id(stage, names.replaced_id(CLUSTER, "meddled")) == old


@pytest.mark.parametrize("is_moved_in", [False, True], ids=["candidate out", "candidate in"])
def test_the_old_cluster_stays_aside_when_its_way_back_was_barred_and_the_swap_is_abandoned(
    stage: Stage, is_moved_in: bool
) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    gone = AnswerError("ResourceNotFoundException", "Gone.")
    denied = AnswerError("AccessDenied", "Not allowed.", http_status=403)
    users, closing = "aurora-restore-setup-db-users", "aurora-restore-sns-notification"
    stage.cloud.faults.on("secretsmanager:GetSecretValue", do=gone, nth=3, function=users)
    first = 1 if is_moved_in else 2
    stage.cloud.faults.on("rds:ModifyDBCluster", do=denied, nth=first, times=999, function=closing)
    failed = stage.restore(replace="swap", operation_id=f"given-up-{first}")
    aside = names.replaced_id(CLUSTER, f"given-up-{first}")
    candidate = names.candidate_id(CLUSTER, f"given-up-{first}")
    assert (failed.status, clusters(stage)) == (
        "FAILED",
        {aside, CLUSTER if is_moved_in else candidate},
    )
    stage.cloud.faults.clear()

    outcome = stage.run({"abandon": True, "operation_id": f"given-up-{first}"})

    assert outcome.status == "SUCCEEDED"
    stage.cloud.aurora.settle()
    new = {CLUSTER} if is_moved_in else set()
    assert clusters(stage) == {aside} | new
    assert resource_id(stage, aside) == old
    back = f"rename {aside} back to {CLUSTER}" if is_moved_in else f"rename it back to {CLUSTER}"
    assert back in outcome.messages[-1]["Message"]
    assert stage.locks() == []
