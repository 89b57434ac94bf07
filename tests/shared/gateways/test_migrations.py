"""State items of every version of the model, as they were written, are read and carried on."""

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.closing.transitions import operation_completed, operation_failed, operation_redriven
from shared.gateways.store import Store
from shared.gateways.topic import forms
from shared.messages.report_builder import report_on
from shared.model import Model
from shared.operation.next_step import next_step
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.request.restore_request import RestoreRequest

FIXTURES = Path("tests/fixtures/state_items")
ITEMS = sorted(FIXTURES.glob("*/*.json"))
VERSIONS = sorted({file.parent for file in ITEMS}, key=lambda folder: int(folder.name))
# They are told in the audit trail, and not stored with the state.
NOT_STORED = {"AuditEvent", "EventType", "Outcome"}


def name_of(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def item_in(file: Path) -> dict[str, Any]:
    item: dict[str, Any] = json.loads(file.read_text())
    return item


def status_in(file: Path) -> str:
    return str(item_in(file)["status"]["S"])


FAILED = [file for file in ITEMS if status_in(file) == Status.FAILED]
ENDED = [
    file
    for file in ITEMS
    if status_in(file) in (Status.SNAPSHOT_ARCHIVED, Status.COMPLETED, Status.FAILED)
]
OPEN = [file for file in ITEMS if status_in(file) not in (Status.FAILED, Status.COMPLETED)]


@pytest.fixture
def stored(dynamodb: Any, store: Store, request: pytest.FixtureRequest) -> Operation:
    """The operation of a fixture, read from the table by the present code."""
    item = item_in(request.param)
    dynamodb.put_item(TableName="state", Item=item)
    operation = store.load(item["operation_id"]["S"])
    assert operation is not None
    return operation


def every(files: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("stored", "file"),
        [(file, file) for file in files],
        ids=[name_of(file) for file in files],
        indirect=["stored"],
    )


@every(ITEMS)
def test_an_item_is_read_and_its_next_step_is_the_one_it_was_written_with(
    stored: Operation, file: Path
) -> None:
    written = item_in(file)["next_step"].get("S")

    assert next_step(stored) == written
    assert stored.status == item_in(file)["status"]["S"]
    assert str(stored.version) == item_in(file)["version"]["N"]


@every(ITEMS)
def test_an_item_is_written_back_as_its_next_version(
    stored: Operation, file: Path, store: Store
) -> None:
    saved = store.save(stored)

    assert saved.version == int(item_in(file)["version"]["N"]) + 1
    assert store.load(saved.operation_id) == saved


@pytest.mark.parametrize("stored", ENDED, ids=name_of, indirect=True)
def test_the_message_about_an_item_names_every_user_that_was_set_up(stored: Operation) -> None:
    closed = stored if stored.is_closed else operation_completed(stored)
    succeeded = closed.status is Status.COMPLETED
    users = closed.restored.users if succeeded and closed.restore_details else ()

    told = json.loads(forms(report_on(closed)))

    assert [user for user in users if user not in told["email"]] == []
    assert [one["username"] for one in json.loads(told["default"])["users"]] == list(users)


@every(FAILED)
def test_one_that_failed_is_reopened_where_it_failed(
    stored: Operation, file: Path, store: Store
) -> None:
    reopened = store.reopen(operation_redriven(stored))

    written = item_in(file).get("failed_as", {}).get("S")
    assert reopened.status == (written or reopened.status)
    assert next_step(reopened) is not None
    assert reopened.error is None
    assert stored.error is not None
    assert step_group(next_step(reopened)) == step_group(stored.error.step)


def step_group(step: str | None) -> str:
    """A step, or the look that follows it: what was only interrupted is waited for."""
    return (
        (step or "")
        .replace("CHECK_COPY_STATUS", "COPY_SNAPSHOT")
        .replace("CHECK_RESTORE_STATUS", "RESTORE_SNAPSHOT")
    )


@every(OPEN)
def test_one_under_way_can_go_on_fail_and_go_on_again(
    stored: Operation, file: Path, store: Store
) -> None:
    failed = store.save(operation_failed(store.save(stored), "CopyFailed", "It broke."))

    reopened = store.reopen(operation_redriven(failed))

    assert reopened.status == stored.status
    assert reopened.request.target_cluster_id == item_in(file)["target_cluster"]["S"]


def test_a_cluster_in_use_is_not_unfinished_though_version_1_does_not_say_where_it_failed(
    dynamodb: Any, store: Store
) -> None:
    item = item_in(FIXTURES / "1" / "users_configured.json") | {"status": {"S": "FAILED"}}
    dynamodb.put_item(TableName="state", Item=item)

    failed = store.load(item["operation_id"]["S"])

    assert failed is not None
    assert failed.unfinished_cluster is None
    assert operation_redriven(failed).status is Status.USERS_CONFIGURED


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_every_version_shows_one_completed_one_under_way_and_one_failed(version: Path) -> None:
    statuses = {item_in(file)["status"]["S"] for file in version.glob("*.json")}

    assert {Status.COMPLETED, Status.FAILED} < statuses


def test_all_that_the_present_model_can_store_is_shown_by_an_item(
    dynamodb: Any, store: Store
) -> None:
    shown: set[str] = set()
    for file in ITEMS:
        item = item_in(file)
        dynamodb.put_item(TableName="state", Item=item)
        operation = store.load(item["operation_id"]["S"])
        shown |= set(shown_by(operation))
        try:
            shown |= set(shown_by(operation and operation.request))
        except ValidationError:
            continue  # an operation may end because its request was wrong

    assert storable(Operation) | storable(RestoreRequest) <= shown, (
        "The model has changed: add items of it to the newest folder of tests/fixtures/state_items "
        "that hold what is new, or to the next folder when the newest was released."
    )


def storable(model: type[Model]) -> set[str]:
    """Every field and every value of an enumeration, of a model and all that it is made of."""
    schema = model.model_json_schema()
    parts = {model.__name__: schema, **schema.get("$defs", {})}
    return {
        f"{name}.{one}"
        for name, part in parts.items()
        if name not in NOT_STORED
        for one in (*part.get("properties", {}), *part.get("enum", []))
        if one != "events"
    }


def shown_by(value: object) -> Iterator[str]:
    """What of all that a value shows: fields that hold something, and values of enumerations."""
    if isinstance(value, Enum):
        yield f"{type(value).__name__}.{value.value}"
    elif isinstance(value, Model):
        for name in type(value).model_fields:
            if (held := getattr(value, name)) not in (None, (), {}):
                yield f"{type(value).__name__}.{name}"
                yield from shown_by(held)
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield from shown_by(key)
            yield from shown_by(held)
    elif isinstance(value, tuple | list):
        for held in value:
            yield from shown_by(held)
