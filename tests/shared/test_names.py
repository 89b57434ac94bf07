"""The names of what an operation makes."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared import names
from tests.builders import EXECUTION, NOON

CLUSTER_IDS = st.from_regex(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,62}", fullmatch=True)
OPERATION_IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{2,63}", fullmatch=True)


def is_rds_identifier(name: str) -> bool:
    return bool(re.fullmatch(r"(?!.*--)[a-z][a-z0-9-]{0,62}(?<!-)", name))


def test_an_execution_always_gets_the_same_operation_id() -> None:
    first = names.operation_id(EXECUTION, NOON)

    assert first == names.operation_id(EXECUTION, NOON)
    assert re.fullmatch(r"restore-20261123-120000-[0-9a-f]{6}", first)


def test_two_executions_started_in_one_second_get_different_ids() -> None:
    later = NOON + timedelta(milliseconds=1)

    assert names.operation_id(EXECUTION, NOON) != names.operation_id(EXECUTION + "-2", later)


@given(CLUSTER_IDS, st.datetimes(datetime(2014, 1, 1), datetime(2100, 1, 1)), OPERATION_IDS)
def test_every_derived_name_is_one_that_rds_takes(
    cluster_id: str, taken_at: datetime, operation_id: str
) -> None:
    derived = {
        names.copy_id(cluster_id, taken_at.replace(tzinfo=UTC), operation_id),
        names.final_snapshot_id(cluster_id, NOON, operation_id),
        names.instance_id(cluster_id, 1, operation_id),
        names.instance_id(cluster_id, 16, operation_id),
        names.export_id(cluster_id, NOON, operation_id, 1),
        names.export_id(cluster_id, NOON, operation_id, 2),
    }

    assert len(derived) == 6
    assert all(is_rds_identifier(name) for name in derived)


@given(CLUSTER_IDS, OPERATION_IDS)
def test_an_export_has_a_name_of_60_characters_at_most(cluster_id: str, operation_id: str) -> None:
    assert len(names.export_id(cluster_id, NOON, operation_id, 12)) <= 60


@given(CLUSTER_IDS, OPERATION_IDS)
def test_derived_names_are_the_same_every_time(cluster_id: str, operation_id: str) -> None:
    again = names.copy_id(cluster_id, NOON, operation_id)

    assert names.copy_id(cluster_id, NOON, operation_id) == again
