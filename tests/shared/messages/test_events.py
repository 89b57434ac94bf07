"""The audit trail as people read it."""

from typing import Any

from shared.messages.events import STEP_OF, cutover, words
from shared.operation.audit import AuditEvent, EventType
from tests.builders import NOON


def an_event(event_type: EventType, **details: Any) -> AuditEvent:
    return AuditEvent(
        operation_id="restore-1", timestamp=NOON, event_type=event_type, details=details
    )


def trail(*types: EventType) -> list[AuditEvent]:
    return [an_event(event_type) for event_type in types]


def test_every_event_comes_from_a_step_but_the_redrive_that_repeats_any() -> None:
    assert set(EventType) - set(STEP_OF) == {EventType.OPERATION_REDRIVEN}


def test_the_cut_over_is_cut_out_of_the_trail() -> None:
    inside = trail(EventType.CUTOVER_STARTED, EventType.LOGIN_PROVEN, EventType.CUTOVER_COMPLETED)
    before, after = trail(EventType.USERS_CONFIGURED), trail(EventType.OPERATION_COMPLETED)

    assert cutover([*before, *inside, *after]) == inside


def test_a_cut_over_that_failed_is_shown_to_its_end() -> None:
    failed = trail(EventType.CUTOVER_STARTED, EventType.CUTOVER_UNDONE, EventType.OPERATION_FAILED)

    assert cutover([*trail(EventType.USERS_CONFIGURED), *failed]) == failed


def test_what_is_under_way_is_named_without_what_is_at_rest() -> None:
    clusters = {"staging": "renaming", "candidate": "available"}
    event = an_event(EventType.CUTOVER_STATUS_CHECKED, clusters=clusters)

    assert words(event) == "staging renaming"
