"""The simulator's work: how long it takes, how it fails, and the record of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from tests.local.aurora.scene import EAST, WEST, Scene, Stage, aurora_stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def test_every_piece_of_work_is_recorded_with_the_time_it_took(scene: Scene) -> None:
    scene.has_cluster()
    began = scene.now
    source = scene.automated_snapshot()
    scene.request_copy(source, "copy", WEST)
    scene.settle()

    (record,) = [record for record in scene.records if record.kind == "copy"]

    assert (record.identifier, record.region, record.outcome) == ("copy", WEST, "done")
    assert record.started == began
    assert record.ended == began + timedelta(seconds=scene.simulator.durations.copy)


def test_work_that_nobody_watched_ended_when_it_was_due(scene: Scene) -> None:
    began = scene.now
    scene.request_cluster()

    scene.pass_time(24 * 3600)
    scene.simulator.advance()

    (record,) = scene.records
    assert record.ended == began + timedelta(seconds=scene.simulator.durations.cluster)


def test_a_longer_duration_holds_for_work_that_starts_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.has_cluster()
    source = scene.automated_snapshot()

    monkeypatch.setattr(scene.simulator.durations, "copy", 6 * 3600)
    scene.request_copy(source, "copy")
    scene.pass_time(3 * 3600)

    assert scene.snapshot("copy")["PercentProgress"] == 50


def test_a_failure_that_was_asked_for_happens_once(scene: Scene) -> None:
    scene.has_cluster()
    scene.simulator.fail_next("snapshot", "failed")

    first = scene.has_snapshot("first")
    second = scene.has_snapshot("second")

    assert (first["Status"], second["Status"]) == ("failed", "available")
    assert scene.cluster()["Status"] == "available"


def test_many_callers_at_once_get_one_order_of_things(scene: Scene) -> None:
    scene.has_cluster()
    client = scene.rds()
    source = scene.automated_snapshot()

    def copy(number: int) -> str:
        try:
            client.copy_db_cluster_snapshot(
                SourceDBClusterSnapshotIdentifier=source,
                TargetDBClusterSnapshotIdentifier=f"copy-{number % 4}",
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "started"

    with ThreadPoolExecutor(max_workers=8) as callers:
        outcomes = list(callers.map(copy, range(16)))

    assert sorted(set(outcomes)) == ["DBClusterSnapshotAlreadyExistsFault", "started"]
    assert outcomes.count("started") == 4


def test_the_volume_of_a_cluster_can_be_asked_for(scene: Scene) -> None:
    scene.request_cluster(DatabaseName="shop")

    def volume() -> str | None:
        return scene.simulator.volume_of(EAST, "prod", account_id=scene.account_id)

    while_creating = volume()
    scene.settle()
    once_available = volume()

    assert while_creating is None
    assert once_available is not None
    assert scene.databases.volumes[once_available]["database"] == "shop"
