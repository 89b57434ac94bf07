"""The message in its forms: what each kind of subscriber gets, and that SNS takes it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.closing.transitions import operation_completed, operation_failed
from shared.gateways import topic
from shared.messages import email
from shared.messages.report import LONGEST_TEXT, Outcome, Report
from shared.messages.report_builder import report_on
from shared.operation.operation import Operation
from shared.operation.parts import TemporarySnapshot
from shared.operation.published import Access, Plan
from shared.planning.transitions import restore_planned
from tests.builders import (
    a_chosen_operation,
    a_replaced_cluster,
    a_restored_operation,
    a_snapshot,
    an_operation,
)

DOCUMENT = Path("docs/api_reference/01_lambda_functions.md")
LONGEST_MESSAGE_BYTES = 256 * 1024


def forms(operation: Operation) -> dict[str, str]:
    read: dict[str, str] = json.loads(topic.forms(report_on(operation)))
    return read


def for_machines(operation: Operation) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(forms(operation)["default"])
    return read


def planned() -> Operation:
    plan = Plan(
        creates=("cluster aurora-staging",),
        deletes=(),
        estimated_seconds=None,
        estimated_from=0,
        monthly_price=None,
    )
    return restore_planned(a_chosen_operation(plan_only=True), plan)


def test_people_get_text_phones_a_line_and_everything_else_json() -> None:
    failed = operation_failed(a_chosen_operation(), "KeyNotAccessible", "The key is disabled.")

    told = forms(failed)

    assert set(told) == {"default", "email", "sms"}
    assert told["email"] == email.text(report_on(failed))
    assert "\n" not in told["sms"]
    assert Report.model_validate_json(told["default"]) == report_on(failed)


def test_a_failure_is_told_with_its_name_its_place_and_its_heading() -> None:
    told = for_machines(
        operation_failed(a_chosen_operation(), "KeyNotAccessible", "The key is disabled.")
    )

    assert (told["status"], told["outcome"]) == ("FAILED", "failed")
    assert told["error"] == {
        "name": "KeyNotAccessible",
        "step": "COPY_SNAPSHOT",
        "message": "The key is disabled.",
        "heading": "KeyNotAccessible",
    }
    assert len(told["left_behind"]) == 1
    assert told["endpoints"] is None


def test_a_success_is_told_with_what_was_restored_from_what_and_where_it_answers() -> None:
    app = Access(username="app", auth="password", template="read_only", databases=("shop",))

    told = for_machines(operation_completed(a_restored_operation(access=(app,))))

    assert (told["status"], told["outcome"]) == ("COMPLETED", "restored")
    assert told["snapshot"] == {
        "id": "rds:aurora-prod-2026-11-23-03-00",
        "arn": a_snapshot().arn,
        "account_id": "123456789012",
        "region": "us-east-1",
        "created_at": "2026-11-23T03:00:00.000000Z",
        "source_cluster": "arn:aws:rds:us-east-1:123456789012:cluster:aurora-prod",
    }
    assert told["endpoints"] == {
        "writer": "writer.example",
        "reader": "reader.example",
        "port": 5433,
    }
    assert told["users"] == [app.model_dump(mode="json")]
    assert told["users_secret"] == "aurora-restore/users"
    assert told["durations"]["total"] >= 0


def test_a_plan_is_told_as_one_and_replaces_nothing() -> None:
    told = for_machines(
        operation_completed(planned().model_copy(update={"replaced_cluster": a_replaced_cluster()}))
    )

    assert (told["status"], told["outcome"]) == ("COMPLETED", "planned")
    assert told["plan"]["creates"] == ["cluster aurora-staging"]
    assert told["replaced_cluster"] is None


@pytest.mark.parametrize(
    ("operation", "outcome"),
    [
        (operation_failed(an_operation(), "InvalidRequest", "No."), Outcome.FAILED),
        (operation_failed(planned(), "Odd", "Why?"), Outcome.PLAN_FAILED),
        (
            operation_failed(an_operation(parameters={"target_cluster_id": "?"}), "X", "Y"),
            Outcome.FAILED,
        ),
    ],
)
def test_an_operation_that_was_refused_is_told_too(operation: Operation, outcome: str) -> None:
    told = for_machines(operation)

    assert told["outcome"] == outcome
    assert told["target_region"] == "us-west-2"


@pytest.mark.parametrize("sign", ["x", '"', "\x01", "😀"])
def test_a_message_never_grows_longer_than_sns_takes(sign: str) -> None:
    line, many = sign * 300, range(2_000)
    access = Access(username=line, auth="password", template="owner", databases=(line, line))
    copy = TemporarySnapshot(region="us-west-2", snapshot_id=line)
    report = report_on(
        operation_completed(
            a_restored_operation(
                access=(access,) * 2_000, locked_logins=(line,) * 2_000, warnings=(line,) * 2_000
            ).model_copy(update={"temporary_snapshots": tuple(copy for _ in many)})
        )
    )
    failed = report_on(operation_failed(a_chosen_operation(), "Odd", sign * 30_000))
    plan = Plan(
        creates=(line,) * 2_000,
        deletes=(line,) * 2_000,
        estimated_seconds=None,
        estimated_from=0,
        monthly_price=None,
    )
    plans = report_on(
        operation_completed(restore_planned(a_chosen_operation(plan_only=True), plan))
    )
    everything = report.model_copy(
        update={"error": failed.error, "plan": plans.plan, "left_behind": (line,) * 2_000}
    ).short_enough()

    sizes = [len(topic.forms(one).encode()) for one in (report, failed, plans, everything)]

    assert max(sizes) < LONGEST_MESSAGE_BYTES
    assert report.shortened == ("users", "locked_logins", "warnings", "kept_snapshots")
    assert failed.shortened == ("error.message",)
    assert failed.error
    assert len(failed.error.message) == LONGEST_TEXT
    assert plans.shortened == ("plan.creates", "plan.deletes")
    assert "There are more; the log" in email.text(plans)


def test_subscribers_can_filter_by_status_outcome_and_target() -> None:
    report = report_on(
        operation_failed(a_chosen_operation(), "KeyNotAccessible", "The key is disabled.")
    )

    told = {name: one["StringValue"] for name, one in topic.attributes(report).items()}

    assert told == {
        "status": "FAILED",
        "outcome": "failed",
        "target_cluster": "aurora-staging",
    }


def documented() -> dict[str, Any]:
    """The example of the JSON in the documentation of the step."""
    section = DOCUMENT.read_text().split("## `sns_notification`")[1]
    (example,) = re.findall(r'```json\n(\{\s+"operation_id".+?)```', section, re.DOTALL)
    read: dict[str, Any] = json.loads(example)
    return read


def test_the_documented_json_is_a_report_with_every_field() -> None:
    example = documented()

    report = Report.model_validate(example)

    assert list(example) == list(Report.model_fields)
    assert report.model_dump(mode="json") == example


def test_every_field_inside_the_json_is_documented() -> None:
    section = DOCUMENT.read_text().split("## `sns_notification`")[1]
    parts = Report.model_json_schema(mode="serialization")["$defs"].values()

    fields = {field for part in parts for field in part.get("properties", ())}

    assert {field for field in fields if f'"{field}"' not in section} == set()
