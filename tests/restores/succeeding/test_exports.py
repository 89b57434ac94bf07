"""Temporary snapshots that go to S3 before they go."""

from typing import Any

import pytest

from local.api.faults import AnswerError, Effect, KillWorker, LoseConnection, Throttle
from local.rehearsal.production import EXPORT_BUCKET, at_once, make_export_bucket
from tests.restores.conftest import SHORT
from tests.restores.failing.disturbed import assert_proven, assert_undisturbed
from tests.restores.stage import TARGET_REGION, Outcome, Stage


def exported(stage: Stage, outcome: Outcome) -> list[str]:
    """The keys of the objects that the operation's export wrote."""
    prefix = outcome.state["export"]["location"].removeprefix(f"s3://{EXPORT_BUCKET}/")
    found = stage.cloud.client("s3").list_objects_v2(Bucket=EXPORT_BUCKET, Prefix=prefix)
    return [one["Key"] for one in found.get("Contents", [])]


def tasks(stage: Stage, outcome: Outcome) -> list[dict[str, Any]]:
    """The export tasks of the operation's copy."""
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    copy = outcome.state["snapshot_details"]["target_snapshot_id"]
    listed = rds.describe_export_tasks()["ExportTasks"]
    return [task for task in listed if task["SourceArn"].endswith(f":{copy}")]


def test_a_copy_is_exported_and_only_then_deleted(stage: Stage) -> None:
    outcome = stage.restore(archive="export")

    assert_undisturbed(stage, outcome)
    types = outcome.event_types
    assert types.index("EXPORT_COMPLETED") < types.index("SNAPSHOT_DELETE_STARTED")
    assert outcome.state["export"]["is_complete"]
    assert exported(stage, outcome)
    assert outcome.state["export"]["location"] in outcome.messages[0]["Message"]
    metrics = outcome.state["metrics"]["metrics"]
    assert SHORT.export <= metrics["export_duration_seconds"] <= SHORT.export + 10


def test_what_was_not_copied_is_not_exported(stage: Stage) -> None:
    snapshot = stage.restore(archive="retain").state["snapshot_details"]["target_snapshot_id"]

    outcome = stage.restore(
        source_region=TARGET_REGION,
        source_snapshot_date=None,
        source_snapshot_id=snapshot,
        target_cluster_id="aurora-rehearsal",
        archive="export",
    )

    assert outcome.status == "SUCCEEDED"
    assert "EXPORT_STARTED" not in outcome.event_types


@pytest.mark.parametrize(
    "effect",
    [
        Throttle(),
        KillWorker("after"),
        pytest.param(LoseConnection(), marks=pytest.mark.thorough),
        pytest.param(KillWorker("before"), marks=pytest.mark.thorough),
    ],
    ids=repr,
)
def test_an_export_that_is_disturbed_is_started_once(stage: Stage, effect: Effect) -> None:
    wrong = stage.cloud.faults.on("rds:StartExportTask", do=effect)

    outcome = stage.restore(archive="export")

    assert wrong.fired
    assert_undisturbed(stage, outcome)
    assert len(tasks(stage, outcome)) == 1


def test_an_export_that_fails_keeps_the_snapshot_and_says_why(stage: Stage) -> None:
    stage.cloud.aurora.fail_next("export", "FAILED")

    outcome = stage.restore(archive="export")

    copy = outcome.state["snapshot_details"]["target_snapshot_id"]
    assert (outcome.status, outcome.error) == ("FAILED", "ExportFailed")
    assert any(copy in name for name in stage.inventory())
    assert f"temporary snapshot {copy}" in outcome.messages[0]["Message"]


def test_a_failed_export_is_made_again_by_redrive(stage: Stage) -> None:
    stage.cloud.aurora.fail_next("export", "FAILED")
    failed = stage.restore(archive="export")

    outcome = stage.redrive(failed)

    assert_proven(stage, outcome)
    assert [task["Status"] for task in tasks(stage, outcome)] == ["FAILED", "COMPLETE"]
    assert exported(stage, outcome)


def test_a_bucket_in_another_region_is_refused(stage: Stage) -> None:
    s3 = stage.cloud.client("s3")
    for one in s3.list_objects_v2(Bucket=EXPORT_BUCKET).get("Contents", []):
        s3.delete_object(Bucket=EXPORT_BUCKET, Key=one["Key"])
    s3.delete_bucket(Bucket=EXPORT_BUCKET)
    make_export_bucket(stage.cloud, "eu-west-1")

    outcome = stage.restore(archive="export")

    s3.delete_bucket(Bucket=EXPORT_BUCKET)
    make_export_bucket(stage.cloud, TARGET_REGION)
    assert (outcome.status, outcome.error) == ("FAILED", "ConfigurationError")
    assert "is in eu-west-1" in outcome.message


def test_an_export_that_takes_too_long_keeps_the_snapshot(stage: Stage) -> None:
    stage.cloud.aurora.durations.export = 20 * 3600

    try:
        outcome = stage.restore(archive="export")
    finally:
        stage.cloud.aurora.durations.export = SHORT.export
        stage.cloud.aurora.settle()

    assert (outcome.status, outcome.error) == ("FAILED", "ExportTimedOut")
    assert "SNAPSHOT_DELETE_STARTED" not in outcome.event_types


def test_a_full_quota_of_exports_is_waited_for(stage: Stage) -> None:
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    kept = stage.restore(archive="export", operation_id="the-first")
    role, key = (tasks(stage, kept)[0][name] for name in ("IamRoleArn", "KmsKeyId"))
    with at_once(stage.cloud):
        snapshots = [
            rds.create_db_cluster_snapshot(
                DBClusterIdentifier="aurora-staging",
                DBClusterSnapshotIdentifier=f"somebody-elses-{number}",
            )["DBClusterSnapshot"]
            for number in range(5)
        ]
        stage.cloud.aurora.settle()
    stage.cloud.aurora.durations.export = 3 * 3600
    for snapshot in snapshots:
        rds.start_export_task(
            ExportTaskIdentifier=snapshot["DBClusterSnapshotIdentifier"],
            SourceArn=snapshot["DBClusterSnapshotArn"],
            S3BucketName=EXPORT_BUCKET,
            S3Prefix="aurora-restore",
            IamRoleArn=role,
            KmsKeyId=key,
        )
    stage.cloud.aurora.durations.export = SHORT.export

    outcome = stage.restore(archive="export", target_cluster_id="aurora-rehearsal")

    assert outcome.status == "SUCCEEDED"
    assert outcome.state["metrics"]["metrics"]["export_duration_seconds"] > 2 * 3600


def test_a_bucket_that_is_not_there_is_noticed_before_anything_is_made(stage: Stage) -> None:
    before = stage.inventory()
    missing = AnswerError("404", "Not Found", http_status=404)
    stage.cloud.faults.on("s3:HeadBucket", do=missing)

    outcome = stage.restore(archive="export")

    assert (outcome.status, outcome.error) == ("FAILED", "ConfigurationError")
    assert EXPORT_BUCKET in outcome.message
    assert stage.inventory() == before
