"""The reading side: trails in order, and the operations of a target."""

from datetime import timedelta
from typing import Any

import pytest

from shared.closing.transitions import operation_failed
from shared.gateways.history import History
from shared.gateways.store import Store
from shared.operation.audit import EventType
from shared.planning.transitions import snapshot_validated
from tests.builders import NOON, a_snapshot, an_operation


@pytest.fixture
def history(dynamodb: Any) -> History:
    return History(dynamodb, "state", "audit")


def test_a_trail_is_read_in_order_as_it_was_written(store: Store, history: History) -> None:
    begun = an_operation()
    found = snapshot_validated(store.begin(begun), a_snapshot(), (), None)
    store.save(found)

    events = history.events(begun.operation_id)

    assert events == (*begun.events, *found.events)


def test_what_is_already_known_of_a_trail_is_left_out(store: Store, history: History) -> None:
    begun = store.begin(an_operation())
    (first,) = history.events(begun.operation_id)
    store.save(snapshot_validated(begun, a_snapshot(), (), None))

    (later,) = history.events(begun.operation_id, after=first.timestamp)

    assert later.event_type is EventType.SNAPSHOT_VALIDATED


def test_the_operations_of_a_target_come_newest_first(store: Store, history: History) -> None:
    older = store.save(operation_failed(store.begin(an_operation()), "Odd", "Why?"))
    newer = store.begin(
        an_operation(operation_id="restore-20261124-120000-abcdef").model_copy(
            update={"start_time": NOON + timedelta(days=1)}
        )
    )
    store.begin(
        an_operation(
            operation_id="restore-20261124-120000-fedcba",
            request={"target_cluster_id": "another"},
        )
    )

    operations = history.operations_onto("aurora-staging")

    assert [one.operation_id for one in operations] == [newer.operation_id, older.operation_id]
