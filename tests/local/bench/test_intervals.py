"""Time that is covered by several intervals."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bench.intervals import covered

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

Minutes = tuple[int, int]


def minutes_covered(*intervals: Minutes) -> float:
    return covered((at(start), at(end)) for start, end in intervals) / timedelta(minutes=1)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


@pytest.mark.parametrize(
    ("intervals", "minutes"),
    [
        ([], 0),
        ([(0, 5)], 5),
        ([(0, 5), (5, 8)], 8),
        ([(0, 5), (7, 9)], 7),
        ([(7, 9), (0, 5)], 7),
        ([(0, 5), (3, 8)], 8),
        ([(0, 9), (2, 4), (3, 5)], 9),
        ([(4, 4)], 0),
    ],
)
def test_time_in_several_intervals_counts_once(intervals: list[Minutes], minutes: float) -> None:
    assert minutes_covered(*intervals) == minutes


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted), max_size=8))
def test_covered_time_is_what_counting_minute_by_minute_gives(intervals: list[list[int]]) -> None:
    counted = {minute for start, end in intervals for minute in range(start, end)}

    assert minutes_covered(*((start, end) for start, end in intervals)) == len(counted)
