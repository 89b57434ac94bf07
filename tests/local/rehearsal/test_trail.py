"""The audit trail as the demo shows it."""

from local.rehearsal.trail import STEP_OF, cutover, words
from shared.operation.audit import EventType


def trail(*types: EventType) -> list[dict[str, object]]:
    return [{"event_type": each, "details": {}} for each in types]


def test_every_event_comes_from_a_step_but_the_redrive_that_repeats_any() -> None:
    assert set(EventType) - set(STEP_OF) == {EventType.OPERATION_REDRIVEN}


def test_the_cut_over_is_cut_out_of_the_trail() -> None:
    inside = trail(EventType.CUTOVER_STARTED, EventType.LOGIN_PROVEN, EventType.CUTOVER_COMPLETED)
    before, after = trail(EventType.USERS_CONFIGURED), trail(EventType.OPERATION_COMPLETED)

    assert cutover([*before, *inside, *after]) == inside


def test_a_cut_over_that_failed_is_told_to_its_end() -> None:
    failed = trail(EventType.CUTOVER_STARTED, EventType.CUTOVER_UNDONE, EventType.OPERATION_FAILED)

    assert cutover([*trail(EventType.USERS_CONFIGURED), *failed]) == failed


def test_what_is_under_way_is_told_without_what_is_at_rest() -> None:
    event = {
        "event_type": EventType.CUTOVER_STATUS_CHECKED,
        "details": {"clusters": {"staging": "renaming", "candidate": "available"}},
    }

    assert words(event) == "staging renaming"
