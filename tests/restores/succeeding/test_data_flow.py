"""The schemas of the data flow document, held against the items of a finished restore."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.restores.stage import Outcome, Stage

DOCUMENT = Path("docs/architecture/04_data_flow.md")


def example(heading: str) -> dict[str, Any]:
    """The JSON example under a heading of the document."""
    section = DOCUMENT.read_text().split(f"\n## {heading}\n")[1]
    match = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert match
    found: dict[str, Any] = json.loads(match[1])
    return found


def differences(expected: Any, actual: Any, where: str = "") -> list[str]:
    """Where `actual` lacks a field of `expected`, or has it with another type."""
    if expected is None or actual is None:
        return []
    if isinstance(expected, dict):
        return _differences_of_fields(expected, actual, where)
    wanted = Decimal if isinstance(expected, int | float) else type(expected)
    return [] if isinstance(actual, wanted) else [f"{where} is a {type(actual).__name__}"]


def _differences_of_fields(expected: dict[str, Any], actual: Any, where: str) -> list[str]:
    found = []
    for name, value in expected.items():
        if name in actual:
            found += differences(value, actual[name], f"{where}.{name}")
        else:
            found.append(f"{where}.{name} is missing")
    return found


def restored(stage: Stage) -> Outcome:
    groups = stage.cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    return stage.restore(vpc_security_group_ids=[groups[0]["GroupId"]])


@pytest.fixture(scope="module")
def outcome(standing_stage: Stage) -> Outcome:
    """One restore, of which every test reads another part."""
    outcome = restored(standing_stage)
    standing_stage.clear()
    return outcome


def test_the_state_holds_every_field_of_the_example(outcome: Outcome) -> None:
    assert differences(example("State object"), outcome.state) == []


def test_an_audit_event_holds_every_field_of_the_example(outcome: Outcome) -> None:
    (started,) = [e for e in outcome.events if e["event_type"] == "RESTORE_STARTED"]

    assert differences(example("Audit event"), started) == []


def test_the_metrics_hold_every_field_of_the_example(outcome: Outcome) -> None:
    assert differences(example("Metrics"), outcome.state["metrics"]) == []


def test_a_missing_field_and_another_type_would_be_noticed() -> None:
    expected = {"a": 1.5, "b": {"c": "text"}, "d": ["x"]}

    found = differences(expected, {"a": "1.5", "b": {}, "d": []})

    assert sorted(found) == [".a is a str", ".b.c is missing"]


def test_every_event_is_of_a_kind_that_the_document_lists(outcome: Outcome) -> None:
    listed = set(re.findall(r"`([A-Z_]+)`", DOCUMENT.read_text()))

    assert set(outcome.event_types) <= listed


def test_the_events_tell_the_statuses_that_the_operation_went_through(outcome: Outcome) -> None:
    told = [event["details"]["operation_status"] for event in outcome.events]

    history = [status for n, status in enumerate(told) if n == 0 or told[n - 1] != status]
    assert history == [
        "INITIATED",
        "SNAPSHOT_FOUND",
        "COPY_IN_PROGRESS",
        "COPY_COMPLETED",
        "RESTORE_IN_PROGRESS",
        "RESTORE_COMPLETED",
        "USERS_CONFIGURED",
        "SNAPSHOT_ARCHIVED",
        "COMPLETED",
    ]


def test_the_operations_of_a_cluster_are_found_through_the_index(stage: Stage) -> None:
    outcome = restored(stage)

    answer = stage.cloud.client("dynamodb").query(
        TableName=stage.scene.deployment.state_table,
        IndexName="by_target_cluster",
        KeyConditionExpression="target_cluster = :cluster",
        ExpressionAttributeValues={":cluster": {"S": "aurora-staging"}},
        ScanIndexForward=False,
        Limit=1,
    )

    (latest,) = answer["Items"]
    assert latest["operation_id"]["S"] == outcome.state["operation_id"]
