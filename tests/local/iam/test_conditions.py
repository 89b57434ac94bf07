"""Conditions and patterns as IAM evaluates them."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.iam.conditions import hold, matches


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"k": "a"}}, {"k": "a"}, True),
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a*"}}, {"k": "ab"}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
        ({"StringLike": {"k": "a?c*"}}, {"k": "abcd"}, True),
        ({"ArnLike": {"k": "arn:*:role/x"}}, {"k": "arn:aws:iam::1:role/x"}, True),
        ({"Bool": {"k": "true"}}, {"k": "true"}, True),
        ({"Null": {"k": "false"}}, {"k": "anything"}, True),
        ({"Null": {"k": "false"}}, {}, False),
        ({"Null": {"k": "true"}}, {}, True),
        ({"ForAllValues:StringLike": {"k": "LOCK#*"}}, {"k": ("LOCK#1", "LOCK#2")}, True),
        ({"ForAllValues:StringLike": {"k": "LOCK#*"}}, {"k": ("LOCK#1", "other")}, False),
        ({"ForAllValues:StringLike": {"k": "LOCK#*"}}, {}, True),
        ({"ForAnyValue:StringEquals": {"k": "x"}}, {"k": ("x", "y")}, True),
        ({"ForAnyValue:StringEquals": {"k": "x"}}, {}, False),
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a"}, False),
    ],
)
def test_a_condition_holds_as_iam_says(
    condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, Any], holds: bool
) -> None:
    assert hold(condition, context) is holds


def test_an_unknown_condition_is_not_passed_over() -> None:
    with pytest.raises(NotImplementedError, match="DateLessThan"):
        hold({"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}, {"aws:CurrentTime": "2026-01-01"})


def test_only_star_and_question_mark_are_wild() -> None:
    assert matches("secret:rds!cluster-*", "secret:rds!cluster-1")
    assert matches("a[bc]", "a[bc]")
    assert not matches("a[bc]", "ab")
