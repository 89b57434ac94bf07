"""State, audit trail and lock: what is written together, and what stands in the way."""

from datetime import timedelta
from typing import Any

import pytest

from shared.closing.transitions import operation_completed, operation_failed
from shared.errors import StateConflict, TargetLocked
from shared.gateways.store import Store
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.planning.transitions import operation_started, snapshot_validated
from tests.builders import NOON, a_snapshot, an_operation


def events_of(dynamodb: Any, operation: Operation) -> list[str]:
    answer = dynamodb.query(
        TableName="audit",
        KeyConditionExpression="operation_id = :id",
        ExpressionAttributeValues={":id": {"S": operation.operation_id}},
    )
    return [item["event_type"]["S"] for item in answer["Items"]]


def items(dynamodb: Any, table: str) -> int:
    return len(dynamodb.scan(TableName=table)["Items"])


def test_what_is_saved_is_what_is_loaded(store: Store) -> None:
    begun = store.begin(an_operation())

    saved = store.save(snapshot_validated(begun, a_snapshot(), (), None))

    assert store.load(saved.operation_id) == saved
    assert saved.version == 2


def test_an_unknown_operation_is_none(store: Store) -> None:
    assert store.load("restore-20200101-000000-000000") is None


def test_every_change_of_state_has_its_event(store: Store, dynamodb: Any) -> None:
    begun = store.begin(an_operation())

    found = store.save(snapshot_validated(begun, a_snapshot(), (), None))

    assert events_of(dynamodb, found) == ["OPERATION_STARTED", "SNAPSHOT_VALIDATED"]


def test_of_two_writers_of_one_version_the_second_is_refused(store: Store, dynamodb: Any) -> None:
    begun = store.begin(an_operation())
    first = store.save(snapshot_validated(begun, a_snapshot(), (), None))
    # Later, so that it is not the audit event that stands in the way.
    later = begun.model_copy(update={"last_updated_time": NOON + timedelta(hours=1)})

    with pytest.raises(StateConflict):
        store.save(snapshot_validated(later, a_snapshot(id="another"), (), None))

    assert store.load(begun.operation_id) == first
    assert items(dynamodb, "audit") == 2


def test_a_second_restore_onto_a_locked_target_fails_naming_the_holder(
    store: Store, dynamodb: Any
) -> None:
    first = store.begin(an_operation())

    with pytest.raises(TargetLocked, match=f"Operation {first.operation_id} is restoring onto"):
        store.begin(an_operation(operation_id="restore-20261123-120001-fedcba"))

    assert items(dynamodb, "state") == 2
    assert items(dynamodb, "audit") == 1


def test_two_targets_do_not_lock_each_other(store: Store) -> None:
    store.begin(an_operation())

    other = an_operation(operation_id="restore-2", request={"target_cluster_id": "elsewhere"})

    assert store.begin(other).version == 1


@pytest.mark.parametrize("how", ["completed", "failed"])
def test_closing_gives_the_lock_back(store: Store, dynamodb: Any, how: str) -> None:
    begun = store.begin(an_operation())

    store.save(
        operation_completed(begun)
        if how == "completed"
        else operation_failed(begun, "CopyFailed", "It broke.")
    )

    assert items(dynamodb, "state") == 1
    assert store.begin(an_operation(operation_id="restore-2")).version == 1


def test_closing_never_takes_the_lock_of_another(store: Store) -> None:
    store.begin(an_operation())
    refused = operation_failed(
        an_operation(operation_id="restore-2"), "TargetLocked", "It was locked."
    )

    store.save(refused)

    with pytest.raises(TargetLocked):
        store.begin(an_operation(operation_id="restore-3"))


def test_an_operation_without_a_usable_request_can_be_closed(store: Store) -> None:
    hopeless = operation_started("restore-4", "arn", an_operation().start_time, {}, "unknown")

    closed = store.save(operation_failed(hopeless, "InvalidRequest", "The request is wrong."))

    loaded = store.load("restore-4")
    assert loaded == closed
    assert closed.status is Status.FAILED
    assert closed.target_cluster == "unknown"


def test_items_expire_after_their_retention(store: Store, dynamodb: Any) -> None:
    operation = store.begin(an_operation())

    (state,) = (i for i in dynamodb.scan(TableName="state")["Items"] if "status" in i)
    (event,) = dynamodb.scan(TableName="audit")["Items"]
    updated = int(operation.last_updated_time.timestamp())
    assert int(state["expires_at"]["N"]) == updated + 90 * 86400
    assert int(event["expires_at"]["N"]) == updated + 365 * 86400


def test_a_lock_never_expires(store: Store, dynamodb: Any) -> None:
    store.begin(an_operation())

    (lock,) = (i for i in dynamodb.scan(TableName="state")["Items"] if "holder" in i)

    assert "expires_at" not in lock
    assert lock["operation_id"]["S"] == "LOCK#123456789012#us-west-2#aurora-staging"
