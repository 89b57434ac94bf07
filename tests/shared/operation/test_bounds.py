"""How much is stored of lists and texts that can be of any length."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import lengths
from shared.closing.transitions import operation_failed
from shared.gateways.store import Store
from shared.messages.report import LONGEST_LIST_BYTES
from shared.messages.report_builder import report_on
from shared.operation import bounds, parts, published
from shared.operation.operation import Operation
from shared.operation.status import Phase, PhaseTime, Status
from shared.planning.transitions import restore_planned
from shared.users.transitions import users_configured
from tests.builders import NOON, a_restored_operation, an_operation

LOGINS = tuple(f"login_{number:057}" for number in range(8_000))
"""So many of 63 letters made a state item longer than DynamoDB takes."""
LONG = ("x" * 500_000,)

SHORT_BY_NATURE = {
    "Operation.parameters": "a checked request, or what is kept of a refused one",
    "Operation.route": "at most three copies",
    "Operation.temporary_snapshots": "a copy for each hop of the route",
    "Operation.phases": "one entry for each phase",
    "RestoreDetails.instances": "at most 16",
    "RestoreDetails.users": "as many as a secret of 64 KB holds",
    "RestoreDetails.access": "as many as a secret of 64 KB holds",
    "Operation.events": "stored as items of their own",
}
BOUNDED = {
    "Operation.leftovers",
    "Operation.stuck_leftovers",
    "Plan.warnings",
    "Plan.differences",
    "RestoreDetails.locked_logins",
    "RestoreDetails.warnings",
    "Plan.creates",
    "Plan.deletes",
}


def configured(logins: tuple[str, ...], warnings: tuple[str, ...] = ()) -> Operation:
    restored = a_restored_operation()
    phases = restored.phases | {Phase.USERS: PhaseTime(started_at=NOON)}
    return users_configured(
        restored.model_copy(update={"phases": phases}), (), logins, warnings, "v1"
    )


def test_any_number_of_locked_logins_fits_into_the_table(store: Store, dynamodb: Any) -> None:
    begun = store.begin(an_operation())
    following = configured(LOGINS).model_copy(update={"version": begun.version})

    saved = store.save(following)

    assert store.load(saved.operation_id) == saved
    assert saved.restored.locked_logins == LOGINS[: len(saved.restored.locked_logins)]
    (event,) = [
        one
        for one in dynamodb.scan(TableName="audit")["Items"]
        if one["event_type"]["S"] == "USERS_CONFIGURED"
    ]
    details = event["details"]["M"]
    left_out = int(details["left_out"]["M"]["locked_logins"]["N"])
    assert len(details["locked_logins"]["L"]) + left_out == len(LOGINS)


def test_one_endless_warning_fits_as_well(store: Store) -> None:
    begun = store.begin(an_operation())
    warning = f"Powers were taken from {', '.join(LOGINS * 2)}."

    saved = store.save(configured((), (warning,)).model_copy(update={"version": begun.version}))

    (kept,) = saved.restored.warnings
    assert warning.startswith(kept.removesuffix(" [...]"))
    assert kept != warning


@pytest.mark.parametrize("lists", [LOGINS * 2, LONG * 3], ids=["many", "long"])
def test_everything_at_once_fits(store: Store, lists: tuple[str, ...]) -> None:
    begun = store.begin(an_operation())
    plan = published.Plan(
        creates=lists, deletes=lists, estimated_seconds=None, estimated_from=0, monthly_price=None
    )
    planned = restore_planned(configured(lists, lists), plan)
    failed = operation_failed(planned, "Odd", "".join(lists))

    saved = store.save(failed.model_copy(update={"leftovers": lists, "version": begun.version}))

    assert store.load(saved.operation_id) == saved


def test_a_report_names_what_the_state_lacks(store: Store) -> None:
    begun = store.begin(an_operation())
    warnings = tuple(f"{number}: {LONG[0]}" for number in range(9))
    saved = store.save(configured(LOGINS, warnings).model_copy(update={"version": begun.version}))

    report = report_on(saved.model_copy(update={"status": Status.COMPLETED}))

    assert report.shortened == ("locked_logins", "warnings")


def test_what_is_short_is_stored_as_it_is() -> None:
    operation = configured(LOGINS[:100], ("Nobody may create objects.",))

    assert bounds.stored(operation) == operation
    assert [bounds.stored_event(event) for event in operation.events] == [*operation.events]
    assert not [found for event in operation.events for found in bounds.long_lists(event)]


@given(st.text(), st.integers(min_value=20, max_value=60))
def test_a_text_is_cut_at_its_end_only_and_only_if_it_is_too_long(text: str, most: int) -> None:
    short = lengths.short(text, most)

    is_fitting = len(json.dumps(text, ensure_ascii=False).encode()) <= most
    assert (short == text) or not is_fitting
    assert len(json.dumps(short, ensure_ascii=False).encode()) <= most
    assert text.startswith(short.removesuffix(" [...]"))


def test_every_list_of_an_operation_is_bounded_or_short_by_nature() -> None:
    models = (Operation, parts.RestoreDetails, published.Plan, parts.SnapshotExport)
    lists = {
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if str(field.annotation).startswith(("tuple[", "dict["))
    }

    assert lists == BOUNDED | SHORT_BY_NATURE.keys()


def test_what_no_message_has_in_full_is_logged() -> None:
    assert bounds.LONGEST_LIST_UNLOGGED_BYTES <= LONGEST_LIST_BYTES < bounds.LONGEST_LIST_BYTES
