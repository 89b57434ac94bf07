"""Copies that the pipeline itself made, where a later request looks for a snapshot."""

from local.api.faults import AnswerError
from tests.restores.stage import TARGET_REGION, Outcome, Stage

SECOND = "aurora-staging-2"
REFUSED = AnswerError("InvalidParameterValue", "No.")


def copy_of(outcome: Outcome) -> str:
    return str(outcome.state["snapshot_details"]["target_snapshot_id"])


def test_a_kept_copy_is_as_old_as_what_it_was_copied_from(stage: Stage) -> None:
    stage.leap(hours=200 * 24)
    stage.restore(archive="retain")

    outcome = stage.restore(target_cluster_id=SECOND, source_region=TARGET_REGION, max_age_hours=24)

    assert (outcome.status, outcome.error) == ("FAILED", "SnapshotUnusable")
    assert "more than the 24 hours ago" in outcome.message


def test_a_kept_copy_is_restored_where_it_is(stage: Stage) -> None:
    kept = copy_of(stage.restore(archive="retain"))

    outcome = stage.restore(target_cluster_id=SECOND, source_region=TARGET_REGION)

    assert outcome.status == "SUCCEEDED"
    assert outcome.state["snapshot_details"]["source_snapshot_id"] == kept


def test_a_copy_that_its_maker_will_delete_is_restored_only_by_its_name(stage: Stage) -> None:
    stage.cloud.faults.on("rds:RestoreDBClusterFromSnapshot", do=REFUSED)
    borrowed = copy_of(stage.restore())
    stage.cloud.faults.clear()

    latest = stage.restore(target_cluster_id=SECOND, source_region=TARGET_REGION)
    named = stage.restore(
        target_cluster_id=SECOND,
        source_region=TARGET_REGION,
        source_snapshot_id=borrowed,
        source_snapshot_date=None,
    )

    assert (latest.status, latest.error) == ("FAILED", "SnapshotNotFound")
    assert named.status == "SUCCEEDED"
