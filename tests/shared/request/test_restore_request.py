"""What a request may ask for, and what is said about a wrong one."""

from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.request.defaults import RequestDefaults
from shared.request.fields import Archive, Replace
from shared.request.restore_request import RestoreRequest
from tests.builders import a_raw_request, a_request, defaults


def the_problem_with(**changes: object) -> str:
    with pytest.raises(InvalidRequest) as refused:
        RestoreRequest.parse(a_raw_request(**changes), defaults())
    return str(refused.value)


def test_what_a_request_leaves_out_comes_from_the_deployment() -> None:
    request = RestoreRequest.parse(a_raw_request(), defaults(db_subnet_group_name="aurora"))

    assert request.source_region == "us-east-1"
    assert request.target_region == "us-west-2"
    assert request.db_subnet_group_name == "aurora"
    assert request.source_snapshot_date == "latest"


@pytest.mark.parametrize("field", RequestDefaults.model_fields)
def test_a_default_of_the_deployment_is_of_the_kind_that_the_request_takes(field: str) -> None:
    taken = get_type_hints(RestoreRequest, include_extras=True)[field]

    given = get_type_hints(RequestDefaults, include_extras=True)[field]

    assert given in (taken, taken | None)


def test_a_request_is_careful_by_default() -> None:
    request = a_request()

    assert request.replace is Replace.NEVER
    assert request.archive is Archive.DELETE
    assert request.final_snapshot
    assert not request.deletion_protection


def test_what_a_request_says_beats_the_deployment() -> None:
    request = RestoreRequest.parse(a_raw_request(port=6000), defaults(port=5432))

    assert request.port == 6000


def test_a_deployment_restores_into_its_own_region_only() -> None:
    problem = the_problem_with(target_region="eu-west-1")

    assert "target_region: must be us-west-2, the region of this deployment" in problem


def test_cluster_ids_are_stored_in_lower_case_as_rds_stores_them() -> None:
    assert a_request(target_cluster_id="Aurora-Staging").target_cluster_id == "aurora-staging"


def test_an_unknown_field_is_refused_and_the_known_ones_are_named() -> None:
    problem = the_problem_with(snapshot="latest")

    assert "snapshot: unknown field" in problem
    assert "source_snapshot_date" in problem


def test_an_unknown_field_is_refused_without_repeating_its_value() -> None:
    assert "hunter2" not in the_problem_with(master_password="hunter2")


def test_all_wrong_fields_are_named_at_once() -> None:
    problem = the_problem_with(
        target_cluster_id="staging--1",
        source_snapshot_id="snap",
        source_snapshot_date="2026-11-31",
        instance_count=0,
        colour="red",
        db_instance_class="db.serverless",
    )

    for field in (
        "target_cluster_id",
        "source_snapshot_date",
        "instance_count",
        "colour",
        "serverless_v2",
    ):
        assert f"{field}:" in problem


def test_a_date_and_an_id_together_are_refused() -> None:
    problem = the_problem_with(source_snapshot_id="nightly", source_snapshot_date="2026-11-22")

    assert "source_snapshot_date: must not be given together with source_snapshot_id" in problem


@pytest.mark.parametrize("date", ["yesterday", "2026-02-30", "22-11-2026", "2026-11-22T00:00", ""])
def test_a_date_that_is_none_is_refused(date: str) -> None:
    assert "source_snapshot_date:" in the_problem_with(source_snapshot_date=date)


@pytest.mark.parametrize(
    "cluster_id", ["1-staging", "staging-", "sta--ging", "rds:staging", "a" * 64, "", "späti"]
)
def test_an_illegal_cluster_id_is_refused(cluster_id: str) -> None:
    assert "target_cluster_id:" in the_problem_with(target_cluster_id=cluster_id)


def test_the_target_may_not_be_the_source() -> None:
    problem = the_problem_with(target_cluster_id="AURORA-prod", source_region="us-west-2")

    assert "target_cluster_id: must not be the source cluster itself" in problem


def test_the_source_id_may_be_used_again_in_another_region() -> None:
    assert a_request(target_cluster_id="aurora-prod").target_cluster_id == "aurora-prod"


def test_the_source_cluster_may_be_left_out_only_with_a_snapshot_arn() -> None:
    arn = "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:nightly"

    request = a_request(source_cluster_id=None, source_snapshot_id=arn)

    assert request.source_region == "eu-west-1"
    assert "source_cluster_id: required" in the_problem_with(source_cluster_id=None)


def test_an_arn_and_another_source_region_contradict_each_other() -> None:
    arn = "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:nightly"

    problem = the_problem_with(source_snapshot_id=arn, source_region="us-east-1")

    assert "source_region: the snapshot's ARN says eu-west-1" in problem


def test_serverless_needs_limits_that_fit_each_other() -> None:
    serverless = {"db_instance_class": "db.serverless"}

    request = a_request(**serverless, serverless_v2={"min_capacity": 0.5, "max_capacity": 4})

    assert request.serverless_v2 is not None
    assert "serverless_v2: required" in the_problem_with(**serverless)
    assert "min_capacity is above" in the_problem_with(
        **serverless, serverless_v2={"min_capacity": 8, "max_capacity": 4}
    )


def test_retain_days_only_make_sense_when_snapshots_are_kept() -> None:
    assert a_request(archive="retain", retain_days=7).retain_days == 7
    assert "retain_days: only allowed" in the_problem_with(retain_days=7)


@pytest.mark.parametrize(
    "key", ["aws:cloudformation:stack", "aurora-restore:operation-id", "rds:owner", "RDS:x"]
)
def test_reserved_tag_keys_are_refused(key: str) -> None:
    assert "reserved" in the_problem_with(tags={key: "x"})


@pytest.mark.parametrize("value", ["aws:x", "rds:aurora-prod-2026-11-23", "RDS:x", "Aws:x"])
def test_tag_values_that_rds_would_refuse_are_refused(value: str) -> None:
    assert "refused by RDS" in the_problem_with(tags={"owner": value})


def test_a_snapshot_may_be_looked_for_by_a_tag_of_awss_own() -> None:
    tags = {"aws:rds:primaryDBClusterArn": "rds:x"}

    assert a_request(source_snapshot_tags=tags).source_snapshot_tags == tags


@pytest.mark.parametrize("raw", [None, [], "aurora-prod", 7])
def test_a_request_that_is_no_object_is_refused(raw: object) -> None:
    with pytest.raises(InvalidRequest, match="not a JSON object"):
        RestoreRequest.parse(raw, defaults())


@pytest.mark.parametrize(
    "field", ["source_account_id", "source_region", "operation_id", "vpc_security_group_ids"]
)
def test_a_wrong_value_is_not_repeated_and_a_right_one_is_described(field: str) -> None:
    value = ["hunter 2"] if field.endswith("s") else "hunter 2"

    problem = the_problem_with(**{field: value})

    assert f"{field}" in problem
    assert "must be " in problem
    assert "hunter" not in problem


WORDS = st.text(alphabet="ab-:1.\u00e4", max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*RestoreRequest.model_fields, "other"]), JSON))
def test_any_json_object_is_a_request_or_an_invalid_request(raw: dict[str, object]) -> None:
    try:
        request = RestoreRequest.parse(raw, defaults())
    except InvalidRequest:
        return
    stored = request.model_dump(mode="json", exclude_none=True)

    assert RestoreRequest.model_validate(stored) == request
