"""Snapshots exported to S3: how far they are, what they leave behind, how they are found."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.local.aurora.exporting import (
    Exporting,
    has_bucket,
    has_role,
    ready_to_export,
    writing_to,
)
from tests.local.aurora.scene import WEST, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def exporting(stage: Stage) -> Exporting:
    return ready_to_export(stage.next_scene())


def test_an_export_that_starts_says_what_was_asked_for(exporting: Exporting) -> None:
    snapshot = exporting.scene.snapshot("before")

    task = exporting.request("nightly-1", S3Prefix="aurora/prod", ExportOnly=["shop.public"])

    del task["ResponseMetadata"]
    assert task == {
        "ExportTaskIdentifier": "nightly-1",
        "SourceArn": exporting.snapshot_arn,
        "SourceType": "SNAPSHOT",
        "SnapshotTime": snapshot["SnapshotCreateTime"],
        "ExportOnly": ["shop.public"],
        "S3Bucket": exporting.bucket,
        "S3Prefix": "aurora/prod",
        "IamRoleArn": exporting.role_arn,
        "KmsKeyId": exporting.key_arn,
        "Status": "STARTING",
        "PercentProgress": 0,
        "TotalExtractedDataInGB": 0,
    }


def test_an_export_starts_goes_on_and_completes(exporting: Exporting) -> None:
    duration = exporting.scene.simulator.durations.export
    began = exporting.scene.now
    exporting.request()

    seen = []
    for part in (0.04, 0.02, 0.44, 0.49):
        exporting.scene.pass_time(part * duration)
        task = exporting.task()
        seen.append((task["Status"], task["PercentProgress"], task.get("TaskStartTime")))
    exporting.scene.settle()

    assert seen == [
        ("STARTING", 0, None),
        ("IN_PROGRESS", 6, began),
        ("IN_PROGRESS", 50, began),
        ("IN_PROGRESS", 99, began),
    ]
    task = exporting.task()
    assert (task["Status"], task["PercentProgress"]) == ("COMPLETE", 100)
    assert (task["TaskStartTime"], task["TaskEndTime"]) == (
        began,
        began + timedelta(seconds=duration),
    )
    assert task["TotalExtractedDataInGB"] == 1
    assert "FailureCause" not in task


def test_a_complete_export_leaves_its_facts_in_the_bucket(exporting: Exporting) -> None:
    exporting.request(S3Prefix="aurora", ExportOnly=["shop"])
    nothing_yet = exporting.written()

    exporting.scene.settle()

    assert nothing_yet == []
    assert exporting.written() == ["aurora/task/export_info_task.json"]
    written = exporting.scene.client("s3").get_object(
        Bucket=exporting.bucket, Key="aurora/task/export_info_task.json"
    )
    task = exporting.task()
    facts = json.loads(written["Body"].read())
    for time in ("SnapshotTime", "TaskStartTime", "TaskEndTime"):
        assert datetime.fromisoformat(facts.pop(time[0].lower() + time[1:])) == task[time]
    assert facts == {
        "exportTaskIdentifier": "task",
        "sourceArn": exporting.snapshot_arn,
        "exportOnly": ["shop"],
        "s3Bucket": exporting.bucket,
        "s3Prefix": "aurora",
        "exportedFilesPath": "aurora/task",
        "iamRoleArn": exporting.role_arn,
        "kmsKeyId": exporting.key_arn,
        "status": "COMPLETE",
        "percentProgress": 100,
        "totalExportedDataInGB": 1,
    }
    assert written["SSEKMSKeyId"] == exporting.key_arn


def test_without_a_prefix_an_export_has_a_folder_of_its_own(exporting: Exporting) -> None:
    exporting.request("task-1")

    exporting.scene.settle()

    assert exporting.written() == ["task-1/export_info_task-1.json"]


def test_an_automated_snapshot_is_exported_too(exporting: Exporting) -> None:
    automated = exporting.scene.automated_snapshot()

    exporting.request(SourceArn=automated)
    exporting.scene.settle()

    task = exporting.task()
    assert (task["SourceArn"], task["Status"]) == (automated, "COMPLETE")


def test_an_export_fails_on_request_and_writes_nothing(exporting: Exporting) -> None:
    exporting.scene.simulator.fail_next("export", "FAILED")
    exporting.request()

    exporting.scene.settle()

    task = exporting.task()
    assert task["Status"] == "FAILED"
    assert task["FailureCause"]
    assert task["TaskEndTime"] == exporting.scene.now
    assert exporting.written() == []


def test_an_export_fails_when_its_bucket_goes_before_the_end(exporting: Exporting) -> None:
    exporting.request()
    exporting.scene.client("s3").delete_bucket(Bucket=exporting.bucket)

    exporting.scene.settle()

    task = exporting.task()
    assert task["Status"] == "FAILED"
    assert exporting.bucket in task["FailureCause"]
    assert "TaskEndTime" in task


def test_a_cancelled_export_takes_a_while_to_stop_and_writes_nothing(exporting: Exporting) -> None:
    exporting.request()
    exporting.scene.pass_time(exporting.scene.simulator.durations.export / 2)

    answer = exporting.cancel()
    meanwhile = exporting.task()
    exporting.scene.settle()

    assert (answer["Status"], answer["PercentProgress"]) == ("CANCELING", 50)
    assert meanwhile["Status"] == "CANCELING"
    task = exporting.task()
    assert (task["Status"], task["PercentProgress"]) == ("CANCELED", 50)
    assert task["TaskEndTime"] == exporting.scene.now
    assert exporting.written() == []
    assert [record.outcome for record in exporting.scene.records if record.kind == "export"] == [
        "cancelled"
    ]


def test_only_an_export_that_is_going_on_can_be_cancelled(exporting: Exporting) -> None:
    exporting.request("complete")
    exporting.scene.settle()
    exporting.request("canceling")
    exporting.cancel("canceling")

    for identifier in ("complete", "canceling"):
        with refused("InvalidExportTaskStateFault", identifier.upper()):
            exporting.cancel(identifier)
    with refused("ExportTaskNotFound", "unheard-of"):
        exporting.cancel("unheard-of")


def test_a_snapshot_may_be_deleted_while_it_is_being_exported(exporting: Exporting) -> None:
    exporting.request()

    exporting.scene.rds().delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before")
    exporting.scene.settle()

    assert exporting.task()["Status"] == "COMPLETE"


def test_exports_are_found_by_identifier_source_and_filter(exporting: Exporting) -> None:
    other_bucket = has_bucket(exporting.scene, "other")
    role = has_role(exporting.scene, "other", policies={"write": writing_to(other_bucket)})
    other_arn = exporting.another_snapshot("after")
    exporting.request("early")
    exporting.scene.settle()
    exporting.request("late", SourceArn=other_arn, S3BucketName=other_bucket, IamRoleArn=role)

    def filtered(name: str, *values: str) -> set[str]:
        return exporting.listed(Filters=[{"Name": name, "Values": list(values)}])

    assert exporting.listed() == {"early", "late"}
    assert exporting.listed(ExportTaskIdentifier="late") == {"late"}
    assert exporting.listed(SourceArn=exporting.snapshot_arn) == {"early"}
    assert exporting.listed(ExportTaskIdentifier="late", SourceArn=exporting.snapshot_arn) == set()
    assert exporting.listed(SourceType="SNAPSHOT") == {"early", "late"}
    assert exporting.listed(SourceType="CLUSTER") == set()
    assert filtered("export-task-identifier", "early", "other") == {"early"}
    assert filtered("s3-bucket", other_bucket) == {"late"}
    assert filtered("source-arn", other_arn) == {"late"}
    assert filtered("status", "complete") == {"early"}
    assert filtered("status", "starting", "complete") == {"early", "late"}
    assert filtered("status", "COMPLETE") == set()
    with refused("InvalidParameterValue", "colour"):
        filtered("colour", "blue")
    with refused("ExportTaskNotFound", "unheard-of"):
        exporting.listed(ExportTaskIdentifier="unheard-of")


def test_a_status_that_nobody_asked_for_yet_is_found_by_filter(exporting: Exporting) -> None:
    exporting.request()

    exporting.scene.pass_time(exporting.scene.simulator.durations.export / 2)

    in_progress = [{"Name": "status", "Values": ["in_progress"]}]
    assert exporting.listed(Filters=in_progress) == {"task"}


def test_exports_are_listed_in_pages(exporting: Exporting) -> None:
    for number in range(25):
        exporting.request(f"task-{number}")
        exporting.scene.settle()

    paginator = exporting.scene.rds().get_paginator("describe_export_tasks")
    pages = [
        [each["ExportTaskIdentifier"] for each in page["ExportTasks"]]
        for page in paginator.paginate(PaginationConfig={"PageSize": 20})
    ]

    assert [len(page) for page in pages] == [20, 5]
    assert {name for page in pages for name in page} == {f"task-{n}" for n in range(25)}
    with refused("InvalidParameterValue", "MaxRecords"):
        exporting.listed(MaxRecords=101)


def test_exports_belong_to_one_region_and_account(exporting: Exporting, stage: Stage) -> None:
    exporting.request()

    assert exporting.scene.rds(WEST).describe_export_tasks()["ExportTasks"] == []
    assert stage.new_account().rds().describe_export_tasks()["ExportTasks"] == []


def test_removing_the_simulator_forgets_exports() -> None:
    with aurora_stage() as stage:
        exporting = ready_to_export(stage.next_scene())
        exporting.request()

        stage.remove_simulator()

        assert exporting.listed() == set()
