"""The long-term archive: what a restore has written to the tables is found in the bucket again."""

import gzip
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.api.faults import AnswerError
from tests.restores.stage import Stage

GUIDE = Path("docs/implementation_guide/06_long_term_archive.md")
SCHEDULES = {"state": "aurora-restore-archive-state", "audit": "aurora-restore-archive-audit"}

_read = TypeDeserializer().deserialize


def archive(stage: Stage) -> None:
    """Let both schedules come due, and DynamoDB finish what they have it do."""
    for schedule in SCHEDULES.values():
        stage.cloud.fire_schedule(schedule).wait(30)
    deadline = time.monotonic() + 60
    while exports_under_way(stage):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def exports_under_way(stage: Stage) -> list[str]:
    dynamodb = stage.cloud.client("dynamodb")
    found = []
    for table in (stage.scene.deployment.state_table, stage.scene.deployment.audit_table):
        arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
        for export in dynamodb.list_exports(TableArn=arn)["ExportSummaries"]:
            assert export["ExportStatus"] != "FAILED"
            if export["ExportStatus"] == "IN_PROGRESS":
                found.append(export["ExportArn"])
    return found


def bucket(stage: Stage) -> str:
    return stage.scene.deployment.outputs["ArchiveBucket"]


def keys(stage: Stage, prefix: str = "") -> list[str]:
    """The objects of the archive under a prefix."""
    listed = stage.cloud.client("s3").list_objects_v2(Bucket=bucket(stage), Prefix=prefix)
    return [one["Key"] for one in listed.get("Contents", [])]


def lines(stage: Stage, prefix: str) -> Iterator[dict[str, Any]]:
    """The lines of the exports under a prefix, in DynamoDB's JSON."""
    for key in keys(stage, f"{prefix}/AWSDynamoDB/"):
        content = stage.cloud.client("s3").get_object(Bucket=bucket(stage), Key=key)
        yield from map(json.loads, gzip.decompress(content["Body"].read()).splitlines())


def items(stage: Stage, prefix: str) -> list[dict[str, Any]]:
    """The items of the exports under a prefix."""
    return [
        {name: _read(value) for name, value in line["Item"].items()}
        for line in lines(stage, prefix)
    ]


def is_in(line: dict[str, Any], path: str) -> bool:
    """Whether a line has something at a path of SQL's JSON functions."""
    found: Any = line
    for name in path.removeprefix("$.").split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found is not None


def paths_of(view: str) -> set[str]:
    """The paths that the guide's view looks at."""
    (definition,) = re.findall(rf"CREATE VIEW {view} AS(.*?);", GUIDE.read_text(), re.DOTALL)
    return set(re.findall(r"'(\$\.[\w.]+)'", definition))


def test_the_state_and_every_event_of_a_restore_are_found_in_the_archive(stage: Stage) -> None:
    outcome = stage.restore()
    operation_id = outcome.state["operation_id"]

    archive(stage)

    states = [one for one in items(stage, "state") if one["operation_id"] == operation_id]
    events = [one for one in items(stage, "audit") if one["operation_id"] == operation_id]
    assert states == [outcome.state]
    assert sorted(events, key=lambda one: str(one["timestamp"])) == list(outcome.events)


def test_the_queries_of_the_guide_look_where_something_is(stage: Stage) -> None:
    stage.restore()
    stage.run({"target_cluster_id": "aurora-staging"})

    archive(stage)

    for view, prefix in (("events", "audit"), ("operations", "state")):
        exported = list(lines(stage, prefix))
        assert paths_of(view)
        for path in paths_of(view):
            assert any(is_in(line, path) for line in exported), (view, path)


def test_every_export_has_a_folder_of_its_own(stage: Stage) -> None:
    archive(stage)
    before = keys(stage)

    archive(stage)

    folders = {key.rsplit("/data/")[0] for key in keys(stage)}
    assert set(before) < set(keys(stage))
    assert len(folders) == len(before) + len(SCHEDULES)


def test_an_export_that_cannot_be_asked_for_is_a_dead_letter(stage: Stage) -> None:
    unavailable = AnswerError("InternalServerError", "Not now.", 500)
    stage.cloud.faults.on("dynamodb:ExportTableToPointInTime", do=unavailable, times=999)

    stage.cloud.fire_schedule(SCHEDULES["audit"]).wait(30)

    (letter,) = stage.cloud.client("sqs").receive_message(
        QueueUrl=stage.scene.deployment.dead_letter_queue_url, MessageAttributeNames=["All"]
    )["Messages"]
    schedule = letter["MessageAttributes"]["SCHEDULE_ARN"]["StringValue"]
    assert schedule.endswith(f":schedule/aurora-restore/{SCHEDULES['audit']}")
    assert json.loads(letter["Body"])["S3Prefix"] == "audit"
