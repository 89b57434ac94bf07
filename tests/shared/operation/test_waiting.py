"""How long to wait, and when it has lasted too long."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock, errors
from shared.operation import waiting
from shared.operation.status import Phase, PhaseTime
from shared.settings import PhaseDeadlines
from tests.builders import NOON, an_operation


@given(st.integers(0, 48 * 3600))
def test_a_wait_is_4_percent_of_the_time_spent_between_5_seconds_and_10_minutes(age: int) -> None:
    wait = waiting.wait_seconds(NOON + timedelta(seconds=age), NOON)

    assert 5 <= wait <= 600
    assert wait in (5, 600) or abs(wait - age * 0.04) <= 0.5


def test_a_phase_fails_with_its_own_error_after_its_deadline() -> None:
    started = clock.now() - timedelta(hours=3)
    operation = an_operation(phases={Phase.COPY: PhaseTime(started_at=started)})

    with pytest.raises(errors.CopyTimedOut, match="Copy of nightly is not finished after 2 hours"):
        waiting.check_deadline(
            operation, Phase.COPY, PhaseDeadlines(copy_hours=2), "Copy of nightly"
        )


def test_a_phase_within_its_deadline_goes_on() -> None:
    started = clock.now() - timedelta(hours=1)
    operation = an_operation(phases={Phase.COPY: PhaseTime(started_at=started)})

    waiting.check_deadline(operation, Phase.COPY, PhaseDeadlines(copy_hours=2), "Copy")
