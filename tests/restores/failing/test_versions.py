"""Snapshots whose engine version or kind cannot be restored, or would not stay what it is."""

from typing import Any

import pytest

from local.aurora.model.region import Region
from local.functions.functions import ACCOUNT
from local.rehearsal.production import CLUSTER, REGION, at_once
from tests.restores.failing.test_refusals import assert_refused
from tests.restores.stage import TARGET_REGION, Stage


def of_long_ago(stage: Stage, version: str, **how: str) -> dict[str, Any]:
    """Make a snapshot that is of another version; returns the fields of a request for it."""
    rds = stage.cloud.client("rds", region_name=REGION)
    with at_once(stage.cloud):
        made = rds.create_db_cluster_snapshot(
            DBClusterIdentifier=CLUSTER, DBClusterSnapshotIdentifier="kept-for-years"
        )["DBClusterSnapshot"]
        stage.cloud.aurora.settle()
    stage.cloud.aurora.let_be_from_long_ago(made["DBClusterSnapshotArn"], version, **how)
    return {"source_snapshot_id": "kept-for-years", "source_snapshot_date": None}


def test_a_retired_version_is_told_with_the_nearest_and_no_class_is_blamed(stage: Stage) -> None:
    kept = of_long_ago(stage, "15.4")
    before = stage.inventory()

    outcome = stage.restore(**kept)

    assert_refused(
        stage,
        outcome,
        "SnapshotUnusable",
        "kept-for-years is of aurora-postgresql 15.4, which RDS does not offer in us-west-2",
        "nearest version that it can be restored to is 15.10",
    )
    assert "db.r6g" not in outcome.message
    assert stage.inventory() == before


@pytest.mark.parametrize(
    ("version", "mode", "words"),
    [
        ("10.serverless_7", "serverless", "Aurora Serverless v1"),
        ("13.12", "serverless", "Aurora Serverless v1"),
        ("16.4-limitless", "provisioned", "Limitless Database"),
    ],
)
def test_clusters_without_instances_get_words_of_their_own(
    stage: Stage, version: str, mode: str, words: str
) -> None:
    kept = of_long_ago(stage, version, engine_mode=mode)

    outcome = stage.restore(**kept)

    assert_refused(stage, outcome, "SnapshotUnusable", words, version, "clusters of instances")
    assert "nearest" not in outcome.message


def test_past_standard_support_a_request_has_to_pay_for_staying(stage: Stage) -> None:
    kept = of_long_ago(stage, "13.23")
    before = stage.inventory()

    outcome = stage.restore(**kept)
    planned = stage.restore(**kept, extended_support=True, plan_only=True)

    assert_refused(
        stage,
        outcome,
        "ConfigurationError",
        "Standard support of aurora-postgresql 13 ended on 2026-02-28",
        "extended_support to true",
    )
    assert planned.status == "SUCCEEDED"
    assert stage.inventory() == before


def test_a_cluster_that_rds_has_upgraded_all_the_same_is_not_handed_over(stage: Stage) -> None:
    with stage.under_way("RESTORE_IN_PROGRESS", operation_id="upgraded") as arn:
        (name,) = (id for id in Region(ACCOUNT, TARGET_REGION).clusters if id != CLUSTER)
        Region(ACCOUNT, TARGET_REGION).cluster(name).engine_version = "99.1"

    outcome = stage.end_of(arn)

    assert (outcome.status, outcome.error) == ("FAILED", "RestoreFailed")
    assert "aurora-postgresql 99.1" in outcome.message
    assert "upgraded its major version" in outcome.message
    assert "RESTORE_COMPLETED" not in outcome.event_types


@pytest.mark.parametrize(
    ("version", "capacities", "words"),
    [
        ("15.10", {"min_capacity": 0, "max_capacity": 256}, None),
        ("14.6", {"min_capacity": 0, "max_capacity": 8}, "the smallest is 0.5"),
        ("14.6", {"min_capacity": 1, "max_capacity": 192}, "the largest is 128"),
    ],
)
def test_capacities_are_held_against_the_version(
    stage: Stage, version: str, capacities: dict[str, float], words: str | None
) -> None:
    kept = of_long_ago(stage, version)

    outcome = stage.restore(
        **kept, db_instance_class="db.serverless", serverless_v2=capacities, plan_only=True
    )

    if words is None:
        assert outcome.status == "SUCCEEDED"
    else:
        assert_refused(stage, outcome, "ConfigurationError", f"{version} does not have", words)


def test_log_types_are_held_against_the_version(stage: Stage) -> None:
    kept = of_long_ago(stage, "13.23")

    outcome = stage.restore(
        **kept, extended_support=True, log_exports=["postgresql", "instance"], plan_only=True
    )

    assert_refused(stage, outcome, "ConfigurationError", "log_exports has instance")
