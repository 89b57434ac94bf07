"""One line about how an operation ended: subjects that SNS takes, and SMS that cost one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.closing.transitions import operation_failed
from shared.messages import durations, one_line
from shared.messages.report import Outcome, Report
from shared.messages.report_builder import report_on
from tests.builders import an_operation

GSM = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;-_+/()'?")


def a_report(**changes: object) -> Report:
    failed = operation_failed(an_operation(), "KeyNotAccessible", "The key is disabled.")
    return report_on(failed).model_copy(update=changes)


@pytest.mark.parametrize("target", ["a" * 300, "two\nlines", "späti"])
def test_a_subject_is_one_short_line_that_sns_takes(target: str) -> None:
    subject = one_line.subject(a_report(target_cluster=target))

    assert len(subject) <= 100
    assert subject.isascii()
    assert subject.isprintable()


def test_an_sms_about_a_failure_says_what_failed_where_and_which_operation() -> None:
    assert one_line.sms(a_report()) == (
        "Aurora restore: FAILED to restore aurora-staging: KeyNotAccessible in SNAPSHOT_CHECK, "
        "restore-20261123-120000-abcdef"
    )


def test_an_sms_about_a_success_says_where_to_and_how_long_it_took() -> None:
    report = a_report(outcome=Outcome.RESTORED, error=None, durations={"total": 4812.0})

    assert one_line.sms(report) == (
        "Aurora restore: restored aurora-staging in us-west-2 after 1 h 20 min 12 s, "
        "restore-20261123-120000-abcdef"
    )


def test_the_longest_target_leaves_room_for_the_error() -> None:
    sms = one_line.sms(a_report(target_cluster="a" * 63))

    assert sms.endswith("a: KeyNotAccessible in SNAPSHOT_CHECK")


@given(
    outcome=st.sampled_from(Outcome),
    target=st.text(max_size=300),
    name=st.text(max_size=300),
    step=st.none() | st.text(max_size=30),
    seconds=st.floats(min_value=0, max_value=1e7),
    operation_id=st.text(max_size=64),
)
def test_an_sms_is_one_plain_line_of_less_than_140_signs(
    outcome: Outcome,
    target: str,
    name: str,
    step: str | None,
    seconds: float,
    operation_id: str,
) -> None:
    problem = a_report().error
    assert problem
    report = a_report(
        outcome=outcome,
        target_cluster=target,
        error=problem.model_copy(update={"name": name, "step": step}),
        durations={"total": seconds},
        operation_id=operation_id,
    )

    for told in (report, report.model_copy(update={"error": None})):
        sms = one_line.sms(told)
        assert len(sms) < 140
        assert set(sms) <= GSM


def test_a_duration_is_spoken() -> None:
    assert durations.spoken(3725.4) == "1 h 2 min 5 s"
    assert durations.spoken(0.2) == "under 1 s"
