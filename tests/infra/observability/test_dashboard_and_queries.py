"""The dashboard and the saved queries."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.observability.alarms import GUIDE
from infra.observability.queries import ALL, Query
from shared.errors import Retryable
from shared.operation.status import Phase
from shared.steps import Step
from tests.infra.template import Template, text

LOG_GROUPS = [f"/aws/lambda/aurora-restore-{step.function}" for step in Step]


@pytest.fixture
def widgets(template: Template) -> dict[str, dict[str, Any]]:
    """What the dashboard shows, by title."""
    body = json.loads(text(template.only("AWS::CloudWatch::Dashboard")["DashboardBody"]))
    return {one["properties"]["title"]: one["properties"] for one in body["widgets"]}


def log_groups(template: Template) -> list[str]:
    """References to the log groups of the nine functions."""
    return [
        f"{{{template.id_of('AWS::Logs::LogGroup', LogGroupName=name)}}}" for name in LOG_GROUPS
    ]


def test_the_dashboard_has_the_deployments_name(template: Template) -> None:
    assert template.only("AWS::CloudWatch::Dashboard")["DashboardName"] == "aurora-restore"


def test_the_dashboard_shows_the_state_of_every_alarm(
    template: Template, widgets: dict[str, dict[str, Any]]
) -> None:
    prefix = "arn:aws:cloudwatch:us-west-2:123456789012:alarm:"

    every = {prefix + alarm["AlarmName"] for alarm in template.resources("AWS::CloudWatch::Alarm")}

    assert set(widgets["Alarms"]["alarms"]) == every


def test_the_dashboard_shows_every_phase_and_both_outcomes(
    widgets: dict[str, dict[str, Any]],
) -> None:
    searched = set(re.findall(r'MetricName="(\w+)"', str(widgets)))

    durations = {f"{phase}_duration_seconds" for phase in Phase} | {"total_duration_seconds"}
    assert searched >= durations | {"RestoreSucceeded", "RestoreFailed"}


def test_the_dashboard_shows_what_is_running_from_the_logs_of_all_functions(
    template: Template, widgets: dict[str, dict[str, Any]]
) -> None:
    query = widgets["What is running now"]["query"]

    assert [name for name in log_groups(template) if f"SOURCE '{name}'" not in query] == []
    assert "filter current_status not in" in query


@pytest.mark.parametrize("query", ALL, ids=[query.question for query in ALL])
def test_every_question_is_saved_over_the_logs_of_all_functions(
    template: Template, query: Query
) -> None:
    saved = template.only("AWS::Logs::QueryDefinition", Name=f"aurora-restore/{query.question}")

    assert saved["QueryString"] == query.text
    assert [text(name) for name in saved["LogGroupNames"]] == log_groups(template)


def test_the_guide_has_every_saved_query_and_no_other(template: Template) -> None:
    saved = {
        query["Name"].removeprefix("aurora-restore/")
        for query in template.resources("AWS::Logs::QueryDefinition")
    }
    (chapter,) = re.findall(r"^## Log queries$(.*?)^## ", Path(GUIDE).read_text(), re.M | re.S)

    assert set(re.findall(r"^\| \*(.+?)\* \|", chapter, re.M)) == saved


def test_the_error_tree_separates_what_is_retried_from_what_is_not() -> None:
    queries = {query.question: query.text for query in ALL}
    transient = ", ".join(f'"{error.__name__}"' for error in Retryable.__subclasses__())

    assert f"error in [{transient}]" in queries["What was throttled or tried again"]
    assert f"error not in [{transient}]" in queries["Which steps failed, and why"]
