"""Conditions of policies, as IAM evaluates them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

Context = Mapping[str, str | tuple[str, ...]]
"""What is known about a request; a key with several values has a tuple of them."""

Conditions = Mapping[str, Mapping[str, Any]]

_EXACT = {"StringEquals", "Bool"}
_WITH_WILDCARDS = {"StringLike", "ArnLike", "ArnEquals"}


def hold(conditions: Conditions, context: Context) -> bool:
    """Whether all conditions hold in this context.

    Raises `NotImplementedError` for an operator that is not known here.
    """
    return all(
        _holds(operator, _values(context, key), listed(wanted))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def listed(value: Any) -> list[Any]:
    """A policy's element, which stands alone when it is the only one."""
    return value if isinstance(value, list) else [value]


def matches(pattern: str, value: str) -> bool:
    """Whether a pattern of IAM, in which only `*` and `?` are wild, fits the whole value."""
    return _compiled(pattern).fullmatch(value) is not None


def _holds(operator: str, values: Sequence[str], wanted: Sequence[Any]) -> bool:
    quantifier, _, operator = operator.rpartition(":")
    if operator == "Null":
        return (not values) is (str(wanted[0]).lower() == "true")
    if operator.endswith("IfExists"):
        if not values:
            return True
        operator = operator.removesuffix("IfExists")
    if operator not in _EXACT | _WITH_WILDCARDS:
        raise NotImplementedError(f"The condition {operator} is not judged here")
    fits = matches if operator in _WITH_WILDCARDS else _equals
    verdicts = [any(fits(str(accepted), value) for accepted in wanted) for value in values]
    return all(verdicts) if quantifier == "ForAllValues" else any(verdicts)


def _values(context: Context, key: str) -> Sequence[str]:
    value = context.get(key, ())
    return (value,) if isinstance(value, str) else value


def _equals(wanted: str, value: str) -> bool:
    return wanted == value


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)
