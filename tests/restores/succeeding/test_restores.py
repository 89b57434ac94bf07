"""Restores that go well."""

import json

import pytest

from local.rehearsal.evidence import evidence
from local.rehearsal.production import at_once
from tests.restores.conftest import SHORT
from tests.restores.stage import EXAMPLES, TARGET_REGION, Outcome, Stage


@pytest.fixture(scope="module")
def plain(standing_stage: Stage) -> Outcome:
    """The restore of the example, for tests that only read what it left."""
    outcome = standing_stage.restore()
    standing_stage.clear()
    return outcome


def assert_proven(stage: Stage, cluster_id: str) -> None:
    found = list(evidence(stage.scene, cluster_id, TARGET_REGION))

    assert [one for one in found if not one.holds] == []


def assert_data_is_productions(stage: Stage, cluster_id: str) -> None:
    found = list(evidence(stage.scene, cluster_id, TARGET_REGION))

    tables = [one for one in found if "the same as in production" in one.claim]
    assert tables
    assert all(one.holds for one in tables)


def test_a_restore_into_another_region_serves_productions_data_to_the_new_users(
    stage: Stage,
) -> None:
    outcome = stage.restore()

    assert outcome.status == "SUCCEEDED"
    assert outcome.state["status"] == "COMPLETED"
    assert_proven(stage, "aurora-staging")


def test_a_restore_within_the_region_copies_nothing(stage: Stage) -> None:
    rehearsal = json.loads((EXAMPLES / "rehearse_on_a_copy_of_staging.json").read_text())
    stage.restore()
    with at_once(stage.cloud):
        stage.cloud.client("rds").create_db_cluster_snapshot(
            DBClusterIdentifier=rehearsal["source_cluster_id"],
            DBClusterSnapshotIdentifier=rehearsal["source_snapshot_id"],
        )

    outcome = stage.run(rehearsal)

    assert outcome.status == "SUCCEEDED"
    assert "CopySnapshot" not in outcome.execution.states
    assert outcome.state["snapshot_details"]["target_snapshot_id"] is None
    assert_data_is_productions(stage, "aurora-rehearsal")


def test_delete_first_replaces_the_cluster_and_keeps_its_last_state(stage: Stage) -> None:
    stage.make_cluster("aurora-staging", instances=2)

    outcome = stage.run(json.loads((EXAMPLES / "replace_staging.json").read_text()))

    assert outcome.status == "SUCCEEDED"
    assert_proven(stage, "aurora-staging")
    final = outcome.state["replaced_cluster"]["final_snapshot_id"]
    assert any(final in name for name in stage.inventory())
    deleted = [
        call.parameters["DBInstanceIdentifier"]
        for call in stage.cloud.calls.of("rds:DeleteDBInstance")
    ]
    assert deleted == ["aurora-staging-old-2", "aurora-staging-old-1"]


def test_delete_first_without_a_final_snapshot_leaves_none(stage: Stage) -> None:
    stage.make_cluster("aurora-staging")

    outcome = stage.restore(replace="delete_first", final_snapshot=False)

    assert outcome.status == "SUCCEEDED"
    assert not any("final" in name for name in stage.inventory())


def test_delete_first_onto_a_free_target_simply_restores(stage: Stage) -> None:
    outcome = stage.restore(replace="delete_first")

    assert outcome.status == "SUCCEEDED"
    assert "DeleteRds" not in outcome.execution.states


def test_everything_that_is_made_carries_the_operations_tags(stage: Stage) -> None:
    outcome = stage.restore(tags={"team": "shop"})

    operation_id = outcome.state["operation_id"]
    made = {
        name: {tag["Key"]: tag["Value"] for tag in tags}
        for name, (_, _, tags) in stage.inventory().items()
        if "aurora-staging" in name
    }
    assert len(made) == 2
    for tags in made.values():
        assert tags["aurora-restore:operation-id"] == operation_id
        assert tags["aurora-restore:target-cluster"] == "aurora-staging"
        assert tags["aurora-restore:source-snapshot"].startswith("aurora-prod-")
        assert tags["team"] == "shop"


def test_a_request_may_name_its_snapshot_by_its_arn_alone(stage: Stage) -> None:
    outcome = stage.restore(
        source_cluster_id=None,
        source_region=None,
        source_snapshot_date=None,
        source_snapshot_id=stage.scene.production.snapshot_arn,
    )

    assert outcome.status == "SUCCEEDED"
    assert outcome.state["snapshot_details"]["snapshot_arn"] == stage.scene.production.snapshot_arn


def test_a_request_may_name_its_operation(stage: Stage) -> None:
    outcome = stage.restore(operation_id="rehearsal-42")

    assert outcome.state["operation_id"] == "rehearsal-42"
    assert outcome.state["status"] == "COMPLETED"


def test_a_retained_copy_stays_with_its_expiry_and_is_swept_when_that_has_passed(
    stage: Stage,
) -> None:
    kept = stage.restore(archive="retain", retain_days=4)
    copy = kept.state["snapshot_details"]["target_snapshot_id"]
    assert any(copy in name for name in stage.inventory())

    stage.cloud.clock.sleep(5 * 86400)
    later = stage.restore(target_cluster_id="aurora-rehearsal")

    assert later.events[-3]["details"]["swept"] == [copy]
    stage.cloud.aurora.settle()
    assert not any(copy in name for name in stage.inventory())


@pytest.mark.parametrize("secret", [{"username": "postgres", "managed": True}])
def test_rds_may_manage_the_master_password(stage: Stage, secret: dict[str, object]) -> None:
    with stage.secret("aurora-restore/admin", secret):
        outcome = stage.restore()

    assert outcome.status == "SUCCEEDED"
    assert_proven(stage, "aurora-staging")


def test_the_message_tells_what_was_restored_and_how_to_connect(plain: Outcome) -> None:
    (message,) = plain.messages

    assert message["Subject"] == "Aurora restore: restored aurora-staging"
    assert plain.state["restore_details"]["writer_endpoint"] in message["Message"]
    assert "staging_reader" in message["Message"]
    assert message["MessageAttributes"]["status"]["Value"] == "COMPLETED"
    assert message["MessageAttributes"]["target_cluster"]["Value"] == "aurora-staging"


def test_programs_and_phones_are_told_of_a_restore_in_their_own_form(
    stage: Stage, plain: Outcome
) -> None:
    (report,), (message,) = plain.reports, plain.messages

    restored = plain.state["restore_details"]
    assert (report["status"], report["outcome"]) == ("COMPLETED", "restored")
    assert report["operation_id"] == plain.state["operation_id"]
    assert report["snapshot"]["arn"] == stage.scene.production.snapshot_arn
    assert report["endpoints"] == {
        "writer": restored["writer_endpoint"],
        "reader": restored["reader_endpoint"],
        "port": restored["port"],
    }
    reader = {"username": "staging_reader", "auth": "password", "template": "read_only"}
    assert {**reader, "databases": ["shop"]} in report["users"]
    assert SHORT.copy <= report["durations"]["snapshot_copy"] < report["durations"]["total"]
    assert message["SMS"].startswith("Aurora restore: restored aurora-staging in us-west-2 after ")


def test_the_phases_were_measured(plain: Outcome) -> None:
    metrics = plain.state["metrics"]["metrics"]

    assert SHORT.copy <= metrics["snapshot_copy_duration_seconds"] <= SHORT.copy + 10
    restoring = SHORT.restore + SHORT.instance + SHORT.pending + SHORT.password
    assert restoring <= metrics["restore_duration_seconds"] <= restoring + 30
    assert metrics["total_duration_seconds"] > SHORT.copy + restoring
    assert metrics["error_count"] == 0


def test_the_numbers_reach_cloudwatch_under_the_target_cluster(stage: Stage) -> None:
    stage.restore()

    metrics = stage.cloud.client("cloudwatch").list_metrics(Namespace="AuroraRestore")["Metrics"]
    by_target = {
        metric["MetricName"]
        for metric in metrics
        if {"Name": "target_cluster", "Value": "aurora-staging"} in metric["Dimensions"]
    }
    assert {"RestoreSucceeded", "total_duration_seconds", "TemporarySnapshotsLeft"} <= by_target
    dimensions = {pair["Name"] for metric in metrics for pair in metric["Dimensions"]}
    assert dimensions == {"target_cluster", "step", "deployment"}


def test_tickets_stay_small(plain: Outcome) -> None:
    tickets = [
        event["stateExitedEventDetails"]["output"]
        for event in plain.execution.history
        if "stateExitedEventDetails" in event
    ]
    assert max(map(len, tickets)) < 1024
    assert {frozenset(json.loads(ticket)) for ticket in tickets} == {
        frozenset({"operation_id", "status", "next_step", "wait_seconds"})
    }
