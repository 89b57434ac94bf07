"""The e-mail about the end of an operation, and the leftovers it names."""

import re
from pathlib import Path

import pytest

from shared import errors
from shared.archiving.transitions import export_started
from shared.closing.transitions import operation_completed, operation_failed
from shared.errors import RestoreError
from shared.messages import email
from shared.messages.report_builder import report_on
from shared.operation.operation import Operation
from shared.operation.parts import Cutover, TemporarySnapshot
from shared.operation.published import Access
from shared.operation.status import Status
from shared.planning.transitions import snapshot_validated
from shared.restoring.transitions import restore_started
from tests.builders import (
    COPY,
    EXECUTION,
    a_chosen_operation,
    a_cluster,
    a_replaced_cluster,
    a_restored_operation,
    a_snapshot,
    an_export,
    an_operation,
)


def text(operation: Operation) -> str:
    return email.text(report_on(operation))


def test_a_failure_says_what_failed_where_and_what_to_do() -> None:
    failed = operation_failed(
        a_chosen_operation(), "KeyNotAccessible", "The key is disabled. Enable it."
    )

    told = text(failed)

    assert "failed in step COPY_SNAPSHOT: KeyNotAccessible." in told
    assert "The key is disabled. Enable it." in told
    assert '"KeyNotAccessible" in docs/troubleshooting/01_common_issues.md' in told
    assert f"redrive-execution --region us-west-2 --execution-arn {EXECUTION}" in told


def test_a_failure_before_anything_was_made_left_nothing_behind() -> None:
    failed = operation_failed(an_operation(), "SnapshotNotFound", "There is none.")

    assert failed.leftovers == ()
    assert "There are no leftovers." in text(failed)


def test_a_step_that_died_while_making_something_may_have_left_it() -> None:
    failed = operation_failed(a_chosen_operation(), "States.Timeout", "It took too long.")

    (leftover,) = failed.leftovers
    assert leftover.startswith(f"perhaps temporary snapshot {COPY} in us-west-2 (billed")


def test_a_restore_that_was_cut_short_lists_every_instance_it_may_have_made() -> None:
    operation = a_chosen_operation(instance_count=2).model_copy(
        update={"status": Status.RESTORE_IN_PROGRESS, "hops_done": 1}
    )
    begun = restore_started(operation, a_cluster()).model_copy(update={"move_under_way": None})

    failed = operation_failed(begun, "QuotaExceeded", "No more instances.")

    cluster, *instances = failed.leftovers
    assert cluster.startswith("cluster aurora-staging in us-west-2 (its storage is billed")
    assert len(instances) == 2
    assert all(one.startswith("perhaps instance aurora-staging-") for one in instances)


def test_a_replaced_cluster_that_may_be_gone_is_mentioned_with_its_last_snapshot() -> None:
    replacing = snapshot_validated(
        an_operation(request={"replace": "delete_first"}),
        a_snapshot(region="us-west-2"),
        (),
        a_replaced_cluster(),
    )

    failed = operation_failed(replacing, "AccessDenied", "Not for you.")

    assert "may be deleted, fully or in part" in text(failed)
    assert "aurora-staging-final-abcdef" in text(failed)


def test_a_kept_snapshot_is_mentioned_with_how_long_it_stays() -> None:
    copy = TemporarySnapshot(region="us-west-2", snapshot_id=COPY)
    kept = a_restored_operation(request={"archive": "retain", "retain_days": 7}).model_copy(
        update={"temporary_snapshots": (copy,)}
    )

    assert f"Snapshot {COPY} in us-west-2 is kept for 7 days." in text(operation_completed(kept))


def test_an_export_is_mentioned_with_where_it_lies() -> None:
    operation = a_restored_operation(request={"archive": "export"})

    told = text(operation_completed(export_started(operation, an_export(id="one"))))

    assert "exported to s3://exports/aurora-restore/one/" in told


def test_an_export_that_may_still_run_is_left_behind() -> None:
    operation = a_restored_operation(request={"archive": "export"})

    failed = operation_failed(
        export_started(operation, an_export(id="one", status="STARTING")), "Odd", "Why?"
    )

    assert "export one, perhaps still under way" in failed.leftovers


def test_a_success_says_how_to_connect_and_where_the_passwords_are() -> None:
    app = Access(username="app", auth="password", template="read_write", databases=("shop",))

    told = text(operation_completed(a_restored_operation(access=(app,))))

    assert "Cluster aurora-staging in us-west-2 was restored from snapshot rds:aurora-prod" in told
    assert "taken 2026-11-23 03:00 UTC" in told
    assert "- app (read_write) in shop\n" in told
    assert 'psql "host=writer.example port=5433 dbname=shop user=app sslmode=verify-full' in told
    assert "The passwords are in secret aurora-restore/users." in told
    assert "Readers: reader.example port 5433" in told
    assert "generate-db-auth-token" not in told


def test_users_without_a_password_are_told_how_to_get_a_token() -> None:
    report = Access(username="report", auth="iam", template="read_only", databases=("shop", "crm"))

    told = text(operation_completed(a_restored_operation(access=(report,))))

    assert "- report (read_only) in shop, crm, with an IAM token" in told
    assert "generate-db-auth-token --hostname writer.example --port 5433 --region us-west-2" in told


def test_how_long_it_took_is_told_by_phase() -> None:
    measured = operation_failed(an_operation(), "Odd", "Why?")
    assert measured.metrics
    durations = {"restore_duration_seconds": 3725.0, "total_duration_seconds": 7200.0}

    told = text(
        measured.model_copy(
            update={"metrics": measured.metrics.model_copy(update={"metrics": durations})}
        )
    )

    assert "restore: 1 h 2 min 5 s\ntotal: 2 h" in told


def test_a_wrong_request_is_not_to_be_redriven() -> None:
    told = text(operation_failed(an_operation(), "InvalidRequest", "It is wrong."))

    assert '"InvalidRequest" in docs/troubleshooting' in told
    assert "redrive" not in told


def test_what_is_left_can_be_given_up() -> None:
    failed = operation_failed(a_chosen_operation(), "KeyNotAccessible", "The key is disabled.")

    assert f'{{"abandon": true, "operation_id": "{failed.operation_id}"}}' in text(failed)


NAMES = [
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, RestoreError) and not one.__subclasses__()
]


@pytest.mark.parametrize("error", [*NAMES, "Lambda.ServiceException", "States.Timeout", "__doc__"])
def test_every_failure_names_a_heading_of_the_troubleshooting_guide(error: str) -> None:
    told = text(operation_failed(an_operation(), error, "Why?"))

    (heading,) = re.findall(rf'what to do: see "(.+)" in {email.GUIDE}', told)
    assert re.search(rf"^##+ {heading}$", Path(email.GUIDE).read_text(), re.MULTILINE)


def test_a_swap_that_failed_early_says_that_the_old_cluster_is_there() -> None:
    swapping = snapshot_validated(
        an_operation(request={"replace": "swap"}),
        a_snapshot(region="us-west-2"),
        (),
        a_replaced_cluster(),
    )

    told = text(operation_failed(swapping, "RestoreFailed", "It ended as failed."))

    assert "Cluster aurora-staging, which was to be replaced, is untouched." in told


def test_a_swap_that_failed_at_its_end_says_that_the_old_cluster_is_kept() -> None:
    kept = an_operation(request={"replace": "swap", "keep_replaced_hours": 24})
    swapped = snapshot_validated(
        kept, a_snapshot(region="us-west-2"), (), a_replaced_cluster()
    ).model_copy(
        update={"cutover": Cutover.PROVEN, "restore_details": a_restored_operation().restored}
    )

    told = text(operation_failed(swapped, "ArchiveTimedOut", "It is slow."))

    assert f"kept as {swapped.renamed_id} for 24 h" in told
