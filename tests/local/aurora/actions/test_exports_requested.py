"""What the simulator requires of a request to export a snapshot."""

from collections.abc import Iterator

import pytest

from tests.local.aurora.exporting import (
    Exporting,
    ready_to_export,
)
from tests.local.aurora.scene import EAST, WEST, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def exporting(stage: Stage) -> Exporting:
    return ready_to_export(stage.next_scene())


@pytest.mark.parametrize(
    "identifier", ["1st", "-task", "my_task", "task-", "my--task", "t" * 61, "täsk", "task\n"]
)
def test_an_illegal_identifier_is_refused(exporting: Exporting, identifier: str) -> None:
    with refused("InvalidParameterValue", "ExportTaskIdentifier"):
        exporting.request(identifier)


def test_an_identifier_has_up_to_sixty_characters(exporting: Exporting) -> None:
    task = exporting.request("T" + "-9" * 29 + "z")

    assert len(task["ExportTaskIdentifier"]) == 60


def test_an_identifier_is_taken_for_good(exporting: Exporting) -> None:
    exporting.request("task")
    exporting.scene.settle()

    with refused("ExportTaskAlreadyExists", "task"):
        exporting.request("task")


def test_the_source_must_be_a_snapshot_of_this_region_and_account(
    exporting: Exporting, stage: Stage
) -> None:
    scene = exporting.scene
    scene.request_copy(exporting.snapshot_arn, "before", WEST)
    other = stage.new_account()
    other.has_cluster()
    foreign = other.has_snapshot("before")["DBClusterSnapshotArn"]

    elsewhere = exporting.snapshot_arn.replace(EAST, WEST)
    for arn in (f"{exporting.snapshot_arn}-not", elsewhere, foreign):
        with refused("DBClusterSnapshotNotFoundFault", arn.rsplit(":", 1)[-1]):
            exporting.request(SourceArn=arn)
    with refused("InvalidParameterCombination", "cluster is not simulated"):
        exporting.request(SourceArn=scene.cluster()["DBClusterArn"])
    with refused("InvalidParameterValue", "SourceArn"):
        exporting.request(SourceArn="before")


def test_a_snapshot_must_be_available_to_be_exported(exporting: Exporting) -> None:
    unfinished = exporting.scene.request_snapshot("unfinished")["DBClusterSnapshotArn"]

    with refused("InvalidExportSourceState", "creating"):
        exporting.request(SourceArn=unfinished)


def test_a_snapshot_is_exported_by_one_task_at_a_time(exporting: Exporting) -> None:
    exporting.request("first")

    with refused("InvalidExportSourceState", "another task"):
        exporting.request("second")
    exporting.scene.settle()

    assert exporting.request("third")["Status"] == "STARTING"


def test_the_key_must_be_usable_in_the_region(exporting: Exporting) -> None:
    disabled = exporting.scene.key()
    exporting.scene.disable(disabled)

    for key in (exporting.scene.key(WEST), disabled, "alias/unheard-of"):
        with refused("KMSKeyNotAccessibleFault"):
            exporting.request(KmsKeyId=key)


@pytest.mark.parametrize("part", ["", "shop.", "shop.public.orders.id", "my shop", "shop-2"])
def test_parts_that_cannot_be_named_are_refused(exporting: Exporting, part: str) -> None:
    with refused("InvalidExportOnly"):
        exporting.request(ExportOnly=["shop", part])


def test_a_database_of_mysql_has_tables_and_no_schemas(exporting: Exporting) -> None:
    exporting.scene.has_cluster("other", Engine="aurora-mysql")
    arn = exporting.scene.has_snapshot("of-other", "other")["DBClusterSnapshotArn"]

    with refused("InvalidExportOnly"):
        exporting.request(SourceArn=arn, ExportOnly=["shop.public.orders"])

    assert exporting.request(SourceArn=arn, ExportOnly=["shop.orders"])["Status"] == "STARTING"
    parts = ["shop.public.orders"]
    assert exporting.request("of-postgresql", ExportOnly=parts)["ExportOnly"] == parts


def test_a_prefix_has_no_colon(exporting: Exporting) -> None:
    with refused("InvalidParameterValue", "S3Prefix"):
        exporting.request(S3Prefix="aurora:prod")


def test_a_refused_export_leaves_nothing_behind(exporting: Exporting) -> None:
    with refused("IamRoleNotFound"):
        exporting.request(IamRoleArn="arn:aws:iam::123456789012:role/other")

    assert exporting.listed() == set()


def test_five_exports_at_most_are_under_way(exporting: Exporting) -> None:
    arns = [exporting.another_snapshot(f"number-{number}") for number in range(6)]
    for number in range(5):
        exporting.request(f"task-{number}", SourceArn=arns[number])
    exporting.cancel("task-0")

    with refused("ExportTaskLimitReachedFault", "limit of 5 concurrent export tasks"):
        exporting.request("task-5", SourceArn=arns[5])
    exporting.scene.pass_time(exporting.scene.simulator.durations.cancel_export)

    assert exporting.request("task-5", SourceArn=arns[5])["Status"] == "STARTING"
