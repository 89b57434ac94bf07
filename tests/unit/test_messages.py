"""The message about the end of an operation."""

import pytest

from shared import messages
from shared.details import Move, RestoreDetails, TemporarySnapshot
from shared.facts import Snapshot
from shared.operation import Operation
from shared.progress import Status
from shared.route import Hop
from tests.builders import (
    a_cluster,
    a_replaced_cluster,
    a_snapshot,
    an_export,
    an_operation,
)

COPY = "aurora-prod-2026-11-23-copy-abcdef"
HOP = Hop(
    source_arn=a_snapshot().arn,
    source_region="us-east-1",
    region="us-west-2",
    snapshot_id=COPY,
    kms_key_id=None,
)


def found(snapshot: Snapshot | None = None, **request: object) -> Operation:
    return an_operation(request=request).found(snapshot or a_snapshot(), (HOP,), None)


def test_a_failure_says_what_failed_where_and_what_to_do() -> None:
    failed = found().failed("KeyNotAccessible", "The key is disabled. Enable it.")

    text = messages.text(failed)

    assert "failed in step COPY_SNAPSHOT: KeyNotAccessible." in text
    assert "The key is disabled. Enable it." in text
    assert "docs/troubleshooting/01_common_issues.md" in text


def test_a_failure_before_anything_was_made_left_nothing_behind() -> None:
    failed = an_operation().failed("SnapshotNotFound", "There is none.")

    assert failed.leftovers == ()
    assert "Nothing was left behind." in messages.text(failed)


def test_a_step_that_died_while_making_something_may_have_left_it() -> None:
    failed = found().failed("States.Timeout", "It took too long.")

    (leftover,) = failed.leftovers
    assert leftover.startswith(f"perhaps temporary snapshot {COPY} in us-west-2 (billed")


def test_a_restore_that_was_cut_short_lists_every_instance_it_may_have_made() -> None:
    operation = found(instance_count=2).model_copy(
        update={"status": Status.RESTORE_IN_PROGRESS, "hops_done": 1}
    )
    begun = operation.moving(Move.CLUSTER, a_cluster(), {}).model_copy(
        update={"move_under_way": None}
    )

    failed = begun.failed("QuotaExceeded", "No more instances.")

    cluster, *instances = failed.leftovers
    assert cluster.startswith("cluster aurora-staging in us-west-2 (its storage is billed")
    assert len(instances) == 2
    assert all(one.startswith("perhaps instance aurora-staging-") for one in instances)


def test_a_replaced_cluster_that_may_be_gone_is_mentioned_with_its_last_snapshot() -> None:
    replacing = an_operation(request={"replace": "delete_first"}).found(
        a_snapshot(region="us-west-2"), (), a_replaced_cluster()
    )

    failed = replacing.failed("AccessDenied", "Not for you.")

    assert "may be gone" in messages.text(failed)
    assert "aurora-staging-final-abcdef" in messages.text(failed)


def test_a_kept_snapshot_is_mentioned_with_how_long_it_stays() -> None:
    kept = found(archive="retain", retain_days=7).model_copy(
        update={
            "temporary_snapshots": (TemporarySnapshot(region="us-west-2", snapshot_id=COPY),),
            "restore_details": RestoreDetails(cluster_id="aurora-staging", cluster_status="x"),
        }
    )

    assert f"Snapshot {COPY} in us-west-2 is kept for 7 days." in messages.text(kept.completed())


def test_an_export_is_mentioned_with_where_it_lies() -> None:
    restored = RestoreDetails(cluster_id="aurora-staging", cluster_status="available")
    operation = found(archive="export").model_copy(update={"restore_details": restored})

    text = messages.text(operation.exporting(an_export(id="one")).completed())

    assert "exported to s3://exports/aurora-restore/one/" in text


def test_an_export_that_may_still_run_is_left_behind() -> None:
    restored = RestoreDetails(cluster_id="aurora-staging", cluster_status="available")
    operation = found(archive="export").model_copy(update={"restore_details": restored})

    failed = operation.exporting(an_export(id="one", status="STARTING")).failed("Odd", "Why?")

    assert "export one, perhaps still under way" in failed.leftovers


@pytest.mark.parametrize("target", ["a" * 300, "two\nlines", "späti"])
def test_a_subject_is_one_short_line_that_sns_takes(target: str) -> None:
    operation = an_operation().failed("InvalidRequest", "It is wrong.")

    subject = messages.subject(operation.model_copy(update={"target_cluster": target}))

    assert len(subject) <= 100
    assert subject.isascii()
    assert subject.isprintable()
