"""What restores tell to those who watch: every metric and log field that is asked for is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.observability.queries import ALL, Query
from local.api.faults import AnswerError, Throttle
from shared.steps import Step
from tests.restores.stage import TARGET_REGION, Stage

CLUSTER = "aurora-staging"
DENIED = AnswerError("AccessDenied", "Not for you.", http_status=403)

# What Logs Insights itself knows: its commands, functions, operators, and the fields it adds.
COMMANDS = {"fields", "filter", "stats", "sort", "limit", "by", "as", "asc", "desc"}
FUNCTIONS = {"and", "or", "not", "in", "like", "ispresent", "count", "latest", "earliest"}
ADDED = {"@timestamp", "@message", "@log"}


def fields_of(query: Query) -> set[str]:
    """The names of log fields in a query, without texts, patterns and its own names."""
    text = re.sub(r'"[^"]*"|/[^/\n]+/(?=\n)', "", query.text)
    own = set(re.findall(r" as (\w+)", text))
    return set(re.findall(r"@?[A-Za-z_][\w.]*", text)) - own - COMMANDS - FUNCTIONS - ADDED


def flat(value: Any, name: str = "") -> Iterator[str]:
    """The names that Logs Insights gives to the fields of a JSON line, lists by their indices."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in items:
            yield from flat(one, f"{name}.{key}" if name else str(key))
    else:
        yield name


def lines(stage: Stage) -> list[dict[str, Any]]:
    """What the nine functions have logged, in order."""
    logs = stage.cloud.client("logs")
    events = [
        event
        for step in Step
        for event in logs.filter_log_events(
            logGroupName=f"/aws/lambda/aurora-restore-{step.function}"
        )["events"]
        if event["message"].startswith("{")
    ]
    return [json.loads(event["message"]) for event in sorted(events, key=lambda e: e["timestamp"])]


def metrics(stage: Stage) -> list[dict[str, Any]]:
    """Every metric that was published."""
    listed = stage.cloud.client("cloudwatch").list_metrics(Namespace="AuroraRestore")
    return list(listed["Metrics"])


class Seen(NamedTuple):
    """What can be watched of some restores."""

    lines: list[dict[str, Any]]
    metrics: list[dict[str, Any]]

    @property
    def published(self) -> set[tuple[str, str]]:
        """The first dimension and the name of every metric that was published."""
        return {(one["Dimensions"][0]["Name"], one["MetricName"]) for one in self.metrics}


@pytest.fixture(scope="module")
def everything(standing_stage: Stage) -> Seen:
    """What is seen when a restore goes well, one is tried again and fails, and a call breaks."""
    standing_stage.restore()
    standing_stage.cloud.faults.on("rds:CopyDBClusterSnapshot", do=Throttle())
    standing_stage.cloud.faults.on("rds:DescribeDBInstances", do=DENIED)
    standing_stage.restore(target_cluster_id="aurora-rehearsal")
    standing_stage.cloud.client("lambda", region_name=TARGET_REGION).invoke(
        FunctionName="aurora-restore-copy-snapshot", Payload=b"{}"
    )
    seen = Seen(lines(standing_stage), metrics(standing_stage))
    standing_stage.clear()
    return seen


def test_every_field_of_every_saved_query_is_in_some_line(everything: Seen) -> None:
    there = {name for line in everything.lines for name in flat(line)}

    missing = {query.question: fields_of(query) - there for query in ALL}

    assert {question: names for question, names in missing.items() if names} == {}


def test_a_field_that_no_line_has_would_be_noticed() -> None:
    query = Query("", 'filter nowhere = "step" and message like /text/\n| sort total.0 as sum desc')

    assert fields_of(query) == {"nowhere", "message", "total.0"}


def test_the_logs_tell_which_operations_are_closed(everything: Seen) -> None:
    latest = {
        line["target_cluster"]: line["status"] for line in everything.lines if "status" in line
    }

    assert latest[CLUSTER] == "COMPLETED"
    assert latest["aurora-rehearsal"] == "FAILED"


def test_the_logs_tell_that_an_operation_is_running(stage: Stage) -> None:
    with stage.under_way("RESTORE_IN_PROGRESS", operation_id="running-1") as execution:
        told = [line for line in lines(stage) if line.get("operation_id") == "running-1"]

    assert stage.end_of(execution).status == "SUCCEEDED"
    statuses = [line["status"] for line in told if "status" in line]
    assert statuses[-1] in ("COPY_COMPLETED", "RESTORE_IN_PROGRESS")


def test_a_call_without_an_operation_is_not_logged_as_the_one_before(everything: Seen) -> None:
    (defect,) = [line for line in everything.lines if line.get("level") == "ERROR"]

    assert defect["step"] == "copy_snapshot"
    assert not {"operation_id", "target_cluster", "execution_arn"} & set(defect)


def test_every_metric_of_the_dashboard_is_published(stage: Stage, everything: Seen) -> None:
    body = stage.cloud.client("cloudwatch", region_name=TARGET_REGION).get_dashboard(
        DashboardName="aurora-restore"
    )["DashboardBody"]

    pattern = r'{AuroraRestore,(\w+),deployment} deployment="aurora-restore" MetricName="(\w+)"'
    shown = set(re.findall(pattern, str(json.loads(body))))

    assert len(shown) > 10
    assert shown - everything.published == set()


def test_every_metric_knows_its_deployment(everything: Seen) -> None:
    deployment = {"Name": "deployment", "Value": "aurora-restore"}

    assert [one for one in everything.metrics if deployment not in one["Dimensions"]] == []


def test_every_step_tells_the_age_of_its_operation(everything: Seen) -> None:
    ages = [one for one in everything.metrics if one["MetricName"] == "OperationAge"]

    told = {
        one["Value"] for metric in ages for one in metric["Dimensions"] if one["Name"] == "step"
    }

    assert told == {step.module for step in Step} - {"delete_rds"}


def test_the_document_has_every_metric(everything: Seen) -> None:
    document = Path("docs/architecture/04_data_flow.md").read_text()

    for _, name in everything.published:
        assert f"`{name}`" in document or name.endswith("_duration_seconds"), name
