"""AWS admits so many calls, and throttles the rest until time has passed."""

from datetime import UTC, datetime, timedelta

import pytest

from local.api.rates import Rate, Rates
from local.calls import Call

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_call(*, seconds: float = 0, region: str = "us-west-2", function: str | None = "copy") -> Call:
    return Call(
        at=NOON + timedelta(seconds=seconds),
        service="rds",
        action="DescribeDBClusters",
        region=region,
        access_key="key",
        function=function,
    )


@pytest.fixture
def rates() -> Rates:
    rates = Rates()
    rates.limit("rds", Rate(per_second=2, at_once=3))
    return rates


def test_every_call_is_admitted_where_nothing_is_limited() -> None:
    rates = Rates()

    assert all(rates.admits(a_call()) for _ in range(1_000))
    assert rates.throttled == 0


def test_as_many_calls_as_the_bucket_holds_are_admitted_at_once(rates: Rates) -> None:
    assert [rates.admits(a_call()) for _ in range(5)] == [True, True, True, False, False]
    assert rates.throttled == 2


def test_the_bucket_fills_with_time(rates: Rates) -> None:
    for _ in range(3):
        rates.admits(a_call())

    assert [rates.admits(a_call(seconds=1)) for _ in range(3)] == [True, True, False]
    assert [rates.admits(a_call(seconds=60)) for _ in range(4)] == [True, True, True, False]


def test_every_region_has_a_bucket_of_its_own(rates: Rates) -> None:
    for _ in range(3):
        rates.admits(a_call())

    assert rates.admits(a_call(region="us-east-1"))
    assert not rates.admits(a_call())


def test_who_looks_on_from_outside_takes_nothing_from_the_functions(rates: Rates) -> None:
    assert all(rates.admits(a_call(function=None)) for _ in range(10))
    assert rates.admits(a_call())
