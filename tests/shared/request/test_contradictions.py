"""Fields that contradict each other: every row of the table, and what a user reads."""

from typing import Any

import pytest

from shared.request.contradictions import CONTRADICTIONS, contradictions
from shared.request.restore_request import RestoreRequest

ARN = "arn:aws:rds:eu-west-1:210987654321:cluster-snapshot:nightly"
SOURCE = {"source_cluster_id": "aurora-prod", "source_region": "us-east-1"}
EXAMPLES: list[tuple[dict[str, Any], str, str]] = [
    (
        SOURCE | {"source_snapshot_id": "nightly", "source_snapshot_date": "2026-11-22"},
        "source_snapshot_date",
        "must not be given together with source_snapshot_id",
    ),
    (
        {
            "source_snapshot_id": ARN,
            "source_region": "us-east-1",
            "source_account_id": "210987654321",
        },
        "source_region",
        "the snapshot's ARN says eu-west-1; leave source_region out",
    ),
    (
        {
            "source_snapshot_id": ARN,
            "source_region": "eu-west-1",
            "source_account_id": "123456789012",
        },
        "source_account_id",
        "the snapshot's ARN says 210987654321; leave source_account_id out",
    ),
    (
        {"source_snapshot_id": "nightly"},
        "source_cluster_id",
        "required, unless source_snapshot_id is an ARN",
    ),
    (
        SOURCE | {"target_cluster_id": "Aurora-Prod", "target_region": "us-east-1"},
        "target_cluster_id",
        "must not be the source cluster itself",
    ),
    (
        SOURCE | {"db_instance_class": "db.serverless"},
        "serverless_v2",
        "required with db_instance_class db.serverless",
    ),
    (
        SOURCE | {"db_instance_class": "db.r6g.large", "serverless_v2": {"min_capacity": 1}},
        "serverless_v2",
        "only allowed with db_instance_class db.serverless",
    ),
    (
        SOURCE | {"keep_replaced_hours": 24, "replace": "delete_first"},
        "keep_replaced_hours",
        "only allowed with replace 'swap'",
    ),
    (
        SOURCE | {"retain_days": 7, "archive": "export"},
        "retain_days",
        "only allowed with archive 'retain'",
    ),
]


@pytest.mark.parametrize(("written", "field", "message"), EXAMPLES)
def test_a_contradiction_is_named_at_the_field_to_change(
    written: dict[str, Any], field: str, message: str
) -> None:
    assert list(contradictions(written)) == [(field, message)]


def test_every_contradiction_has_its_example() -> None:
    for row in CONTRADICTIONS:
        assert any(row.is_in(written) for written, _, _ in EXAMPLES), row.message


@pytest.mark.parametrize("row", CONTRADICTIONS, ids=lambda row: row.is_in.__name__)
def test_a_contradiction_is_between_fields_that_a_request_has(row: Any) -> None:
    assert {row.field, *row.others} <= set(RestoreRequest.model_fields)
    assert row.field not in row.others


@pytest.mark.parametrize("row", CONTRADICTIONS, ids=lambda row: row.is_in.__name__)
def test_a_contradiction_depends_on_the_fields_that_it_names_alone(row: Any) -> None:
    (written, *_) = [written for written, _, _ in EXAMPLES if row.is_in(written)]

    named = {name: value for name, value in written.items() if name in (row.field, *row.others)}

    assert row.is_in(named)


def test_the_source_cluster_of_another_account_may_have_the_targets_id() -> None:
    region = {"source_region": "us-east-1", "target_region": "us-east-1"}
    same_id = {"source_cluster_id": "aurora", "target_cluster_id": "aurora"}

    assert list(contradictions(region | same_id))
    assert not list(contradictions(region | same_id | {"source_account_id": "210987654321"}))
