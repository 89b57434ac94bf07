"""What RDS says about versions: which are offered, what they can do, and how long they live."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.local.aurora.scene import AURORA, Scene, Stage, aurora_stage


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def versions(scene: Scene, **question: Any) -> dict[str, Any]:
    pages = scene.rds().get_paginator("describe_db_engine_versions")
    return {
        version["EngineVersion"]: version
        for page in pages.paginate(Engine=AURORA, **question)
        for version in page["DBEngineVersions"]
    }


def test_retired_versions_are_listed_only_when_asked_for(scene: Scene) -> None:
    offered, known = versions(scene), versions(scene, IncludeAll=True)

    assert "15.4" not in offered
    assert known["15.4"]["Status"] == "deprecated"
    assert offered["15.10"]["Status"] == known["15.10"]["Status"] == "available"
    assert versions(scene, EngineVersion="15.4") == {}


def test_the_regions_default_version_is_always_offered(scene: Scene) -> None:
    assert scene.databases.engine_version in versions(scene)


@pytest.mark.parametrize(
    ("version", "capacities"),
    [("14.6", (0.5, 128)), ("15.5", (0.5, 256)), ("15.10", (0, 256)), ("16.13", (0, 256))],
)
def test_a_version_says_how_far_serverless_scales(
    scene: Scene, version: str, capacities: tuple[float, float]
) -> None:
    features = versions(scene, IncludeAll=True)[version]["ServerlessV2FeaturesSupport"]

    assert (features["MinCapacity"], features["MaxCapacity"]) == capacities


def test_a_version_without_serverless_says_nothing_about_it(scene: Scene) -> None:
    assert "ServerlessV2FeaturesSupport" not in versions(scene)["12.22"]


def test_no_instance_class_is_offered_for_a_retired_version(scene: Scene) -> None:
    options = scene.rds().describe_orderable_db_instance_options(
        Engine=AURORA, EngineVersion="15.4", DBInstanceClass="db.r6g.large"
    )

    assert options["OrderableDBInstanceOptions"] == []


def test_a_major_says_when_its_standard_support_ends(scene: Scene) -> None:
    (major,) = scene.rds().describe_db_major_engine_versions(
        Engine=AURORA, MajorEngineVersion="13"
    )["DBMajorEngineVersions"]

    standard, extended = major["SupportedEngineLifecycles"]
    assert standard["LifecycleSupportName"] == "open-source-rds-standard-support"
    assert standard["LifecycleSupportEndDate"].date() == datetime(2026, 2, 28, tzinfo=UTC).date()
    assert extended["LifecycleSupportEndDate"].year == 2029
