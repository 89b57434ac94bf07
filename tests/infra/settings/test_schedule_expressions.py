"""How long a schedule may be silent, and how far its runs are apart, read from its expression."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings.schedule_expressions import (
    A_WEEK_OF_HOURS,
    longest_days_between,
    longest_silence_hours,
)

DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("rate(1 minute)", 2),
        ("rate(59 minutes)", 2),
        ("rate(61 minutes)", 3),
        ("rate(1 hour)", 2),
        ("rate(12 hours)", 24),
        ("rate(1 day)", 48),
        ("rate(3 days)", 144),
    ],
)
def test_a_rate_may_miss_one_time(expression: str, hours: int) -> None:
    assert longest_silence_hours(expression) == hours


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 2 * * ? *)",
        "cron(0 2 ? * * *)",
        "cron(30 0,6,18 * * ? *)",
        "cron(0/15 8-17 * * ? *)",
        "cron(0 2 1/1 * ? *)",
        "cron(0 2 ? * SUN-SAT *)",
        "cron(0 2 ? * MON-SUN *)",
        "cron(0 2 ? * 1-7 *)",
    ],
)
def test_what_runs_every_day_must_have_run_within_a_day_and_two_hours(expression: str) -> None:
    assert longest_silence_hours(expression) == 26


@pytest.mark.parametrize(
    ("weekdays", "hours"),
    [
        ("MON-FRI", 74),
        ("2-6", 74),
        ("mon-fri", 74),
        ("MON,WED,FRI", 74),
        ("TUE-SAT", 74),
        ("SAT,SUN", 146),
        ("FRI-MON", 98),
        ("SUN-WED,FRI", 50),
    ],
)
def test_what_runs_on_some_weekdays_may_rest_between_them(weekdays: str, hours: int) -> None:
    assert longest_silence_hours(f"cron(0 2 ? * {weekdays} *)") == hours


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 2 ? * SUN *)",
        "cron(0 2 1 * ? *)",
        "cron(0 2 L * ? *)",
        "cron(0 2 ? * 2#1 *)",
        "cron(0 2 ? * FRIL *)",
        "cron(0 2 ? * MON/2 *)",
        "cron(0 2 ? * 0-6 *)",
        "cron(0 2 * 1-6 ? *)",
        "cron(0 2 * * ? 2027)",
        "cron(0 2 1/2 * ? *)",
        "cron(0 2 * * ?)",
        "cron(whenever)",
        "rate(4 days)",
        "rate(1 fortnight)",
        "rate(1.5 hours)",
        "at(2026-11-23T12:00:00)",
    ],
)
def test_what_is_rarer_or_not_that_simple_is_not_guessed(expression: str) -> None:
    assert longest_silence_hours(expression) is None


@given(st.sets(st.sampled_from(DAYS), min_size=1))
def test_no_weekday_that_is_named_is_ever_a_false_alarm(days: set[str]) -> None:
    runs = sorted(DAYS.index(day) for day in days)
    longest = max(min((later - day) % 7 or 7 for later in runs) for day in runs)

    hours = longest_silence_hours(f"cron(0 2 ? * {','.join(days)} *)")

    assert hours == (24 * longest + 2 if longest < 7 else None)


@given(st.text())
def test_any_text_gives_hours_that_an_alarm_can_look_back_or_none(expression: str) -> None:
    for wrapped in (expression, f"rate({expression})", f"cron({expression})"):
        hours = longest_silence_hours(wrapped)
        assert hours is None or 0 < hours <= A_WEEK_OF_HOURS


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("rate(7 days)", 7),
        ("rate(12 hours)", 0.5),
        ("cron(0 3 1 * ? *)", 31),
        ("cron(0 3 1 1/3 ? *)", 93),
        ("cron(0 3 1 JAN,jul ? *)", 186),
        ("cron(0 3 1 10-12 ? *)", 310),
        ("cron(0 3 1 6 ? *)", 372),
    ],
)
def test_two_runs_are_so_many_days_apart_at_most(expression: str, days: float) -> None:
    assert longest_days_between(expression) == days
