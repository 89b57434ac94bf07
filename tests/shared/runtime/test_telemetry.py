"""What the steps tell CloudWatch about operations."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared import clock
from shared.closing.transitions import operation_completed, operation_failed, operation_redriven
from shared.operation.parts import TemporarySnapshot
from shared.operation.status import Phase, PhaseTime, Status
from shared.runtime import telemetry
from shared.users.transitions import users_configured
from tests.builders import NOON, a_restored_operation, an_operation

COPY = TemporarySnapshot(region="us-west-2", snapshot_id="aurora-prod-2026-11-23-copy-abcdef")


class Clock:
    """A clock that stands until it is moved on."""

    def __init__(self) -> None:
        self.now = NOON

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of production code, from noon on."""
    stopped = Clock()
    monkeypatch.setattr(clock, "_source", lambda: stopped.now)
    return stopped


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines in the embedded metric format that were printed."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" in line]


def test_the_age_of_an_operation_is_told_under_the_step_at_work(
    time: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    time.advance(hours=3)

    telemetry.publish_age("copy_snapshot", an_operation())

    (line,) = told(capsys)
    assert line["OperationAge"] == [3 * 3600]
    assert line["step"] == "copy_snapshot"
    assert line["operation_id"] == "restore-20261123-120000-abcdef"
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["step", "deployment"]]


def test_after_a_redrive_the_age_counts_anew(
    time: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = operation_failed(an_operation(), "AccessDenied", "Not for you.")
    time.advance(days=5)
    reopened = operation_redriven(failed)
    time.advance(minutes=10)

    telemetry.publish_age("snapshot_check", reopened)

    (line,) = told(capsys)
    assert line["OperationAge"] == [600]


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_what_is_closed_grows_no_older(capsys: pytest.CaptureFixture[str], status: Status) -> None:
    telemetry.publish_age("sns_notification", an_operation(status=status))

    assert told(capsys) == []


def test_snapshots_that_a_failure_left_are_told_under_the_cluster_and_under_the_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = operation_failed(
        an_operation(temporary_snapshots=(COPY,)), "AccessDenied", "Not for you."
    )

    telemetry.measure(failed)

    by_cluster, by_step = told(capsys)
    assert by_cluster["TemporarySnapshotsLeft"] == by_step["TemporarySnapshotsLeft"] == [1]
    assert by_cluster["target_cluster"] == "aurora-staging"
    assert by_step["step"] == "sns_notification"


def test_what_a_sweep_could_not_remove_is_told_also_after_a_success(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.measure(operation_completed(an_operation(stuck_leftovers=("one", "two"))))

    _, by_step = told(capsys)
    assert by_step["LeftoversNotRemoved"] == [2]


def test_snapshots_that_are_kept_on_request_are_not_left_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = operation_completed(
        an_operation(request={"archive": "retain"}, temporary_snapshots=(COPY,))
    )

    telemetry.measure(kept)

    assert [line["TemporarySnapshotsLeft"] for line in told(capsys)] == [[0], [0]]


def test_every_entry_of_a_long_list_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    logins = tuple(f"login_{number:057}" for number in range(8_000))
    restored = a_restored_operation()
    phases = restored.phases | {Phase.USERS: PhaseTime(started_at=NOON)}
    operation = users_configured(
        restored.model_copy(update={"phases": phases}), (), logins, (), "v1"
    )

    with caplog.at_level("INFO"):
        telemetry.log_long_lists(operation)

    lines = [vars(record) for record in caplog.records]
    is_complete = [entry for line in lines for entry in line["entries"]] == [*logins]
    assert is_complete
    assert {(line["event_type"], line["list"]) for line in lines} == {
        ("USERS_CONFIGURED", "locked_logins")
    }
    # CloudWatch cuts what is longer than 256 KB.
    assert max(len(json.dumps(line["entries"])) for line in lines) < 128 * 1024
