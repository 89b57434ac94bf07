"""What a rename is like on RDS, and what else happens to the clusters meanwhile."""

from datetime import timedelta
from typing import Any

import psycopg2
import pytest

from local.api.faults import AnswerError, KillWorker, Throttle
from local.clock import participant
from local.rehearsal.availability import Server, Watch, time_unserved
from local.rehearsal.production import at_once
from shared import names
from shared.errors import TargetProtected
from tests.restores.failing.disturbed import assert_proven
from tests.restores.replacing.test_swaps import CLUSTER, clusters, resource_id
from tests.restores.stage import TARGET_REGION, Stage, request

PASSWORD = "old-password"


def rds(stage: Stage) -> Any:
    return stage.cloud.client("rds", region_name=TARGET_REGION)


def stop(stage: Stage, execution: str) -> None:
    stage.cloud.client("stepfunctions").stop_execution(executionArn=execution, cause="Lunch.")


@pytest.mark.parametrize(
    "seconds",
    [
        2,
        30,
        60,
        *(pytest.param(more, marks=pytest.mark.thorough) for more in (0, 10, 24, 45, 52, 75)),
    ],
)
def test_whenever_a_cut_over_is_aborted_the_old_cluster_serves_again(
    stage: Stage, seconds: int
) -> None:
    """The moments are those of two renames: pending, renaming, found nowhere, listed twice."""
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)
    operation_id = f"aborted-{seconds}"

    with participant(stage.cloud.clock) as me:
        machine = stage.scene.deployment.state_machine_arn
        execution = stage.cloud.start(machine, request(operation_id=operation_id, replace="swap"))
        while stage.item(operation_id).get("cutover") is None:
            me.sleep(1)
        me.sleep(seconds)
        stop(stage, execution)
    outcome = stage.end_of(execution)

    assert (outcome.status, outcome.state["status"]) == ("ABORTED", "FAILED")
    stage.cloud.aurora.settle()
    assert resource_id(stage, CLUSTER) == old
    assert names.candidate_id(CLUSTER, operation_id) in clusters(stage)
    assert outcome.state["cutover"] is None


def test_a_cut_over_is_undone_as_fast_as_rds_renames(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    gone = AnswerError("ResourceNotFoundException", "Gone.")
    users = "aurora-restore-setup-db-users"
    stage.cloud.faults.on("secretsmanager:GetSecretValue", do=gone, nth=3, function=users)
    durations = stage.cloud.aurora.durations
    watch = Watch(stage.scene, CLUSTER, TARGET_REGION)

    with participant(stage.cloud.clock) as me:
        machine = stage.scene.deployment.state_machine_arn
        execution = stage.cloud.start(machine, request(operation_id="undone", replace="swap"))
        while stage.item("undone").get("status") != "FAILED":
            me.sleep(3)
            watch.look()
    failed_at = stage.end_of(execution).execution.stopped_at

    since = [look for look in watch.looks if look.at >= failed_at - timedelta(seconds=3)]
    assert watch.looks[-1].server is Server.OLD
    rename = durations.pending + durations.rename + durations.absent
    assert time_unserved(since) < timedelta(seconds=2 * (rename + durations.echo) + 4 * 20)


def test_a_session_that_was_open_does_not_go_on_in_the_cluster_that_was_replaced(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    volume = stage.cloud.aurora.volume_of(TARGET_REGION, CLUSTER)
    assert volume
    session = psycopg2.connect(stage.cloud.databases.dsn(volume, "postgres", "postgres", PASSWORD))

    stage.restore(replace="swap", keep_replaced_hours=20, operation_id="sessions")

    assert names.replaced_id(CLUSTER, "sessions") in clusters(stage)
    with pytest.raises(psycopg2.OperationalError), session.cursor() as cursor:
        cursor.execute("SELECT 1")
    session.close()


def test_a_restored_cluster_that_somebody_stops_is_started_again(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    delete_rds = "aurora-restore-delete-rds"
    stage.cloud.faults.on("rds:DescribeDBClusters", do=Throttle(), times=5, function=delete_rds)

    with (
        stage.under_way("USERS_CONFIGURED", operation_id="stopped", replace="swap") as execution,
        at_once(stage.cloud),
    ):
        restored = stage.item("stopped")["restore_details"]["cluster_id"]
        rds(stage).stop_db_cluster(DBClusterIdentifier=restored)
    outcome = stage.end_of(execution)

    assert_proven(stage, outcome)
    assert "RESTORED_CLUSTER_STARTED" in outcome.event_types


def test_a_cut_over_that_is_aborted_while_the_certificate_is_renewed_is_undone(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    old = resource_id(stage, CLUSTER)

    with stage.under_way(
        "CUTOVER_IN_PROGRESS", "stopping", operation_id="stopping", replace="swap"
    ) as execution:
        stop(stage, execution)
    outcome = stage.end_of(execution)

    assert outcome.state["status"] == "FAILED"
    stage.cloud.aurora.settle()
    assert resource_id(stage, CLUSTER) == old


@pytest.mark.parametrize("call", ["rds:StopDBCluster", "rds:StartDBCluster"])
def test_a_worker_that_dies_while_it_renews_the_certificate_does_not_renew_it_twice(
    stage: Stage, call: str
) -> None:
    stage.make_cluster(CLUSTER)
    killed = stage.cloud.faults.on(
        call, do=KillWorker("after"), function="aurora-restore-delete-rds"
    )

    outcome = stage.restore(replace="swap")

    assert killed.fired
    assert_proven(stage, outcome)
    assert len(stage.cloud.calls.of("rds:StopDBCluster")) == 1
    assert outcome.event_types.count("CERTIFICATE_RENEWAL_STARTED") == 1


@pytest.mark.parametrize(
    "pending", [{"BackupRetentionPeriod": 3}, {"IAMDatabaseAuthenticationEnabled": True}]
)
def test_what_waits_for_the_maintenance_window_of_the_old_cluster_is_not_waited_for(
    stage: Stage, pending: dict[str, Any]
) -> None:
    stage.make_cluster(CLUSTER)
    stage.cloud.aurora.leave_pending(TARGET_REGION, CLUSTER, **pending)

    outcome = stage.restore(replace="swap")

    assert_proven(stage, outcome)


def test_a_swap_would_start_an_upgrade_that_waits_for_the_window_so_it_is_refused(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    stage.cloud.aurora.leave_pending(TARGET_REGION, CLUSTER, EngineVersion="16.99")

    outcome = stage.restore(replace="swap", plan_only=True)

    assert outcome.error == TargetProtected.__name__
    assert "waits for its maintenance window" in outcome.message
