"""Facts are tried one by one, the riskiest first."""

import linecache
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.contract.harness.aws import Aws, Places
from tests.contract.harness.fact import Fact
from tests.contract.harness.stock import Stock


class Verdict(StrEnum):
    """What a look at a fact has shown."""

    HOLDS = "holds"
    DIFFERS = "differs"
    UNDECIDED = "undecided"
    """The cloud did not let us look: a quota, a permission, no second account, no time."""


@dataclass(frozen=True)
class Outcome:
    """How it went with one fact."""

    fact: Fact
    verdict: Verdict
    why: str
    """Which expectation did not hold, or what came in between; empty when it holds."""
    answers: Mapping[str, Any]


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The riskiest first; of the same risk, what costs least first."""
    return sorted(facts, key=lambda fact: (fact.risk, fact.effort.value.minutes))


def try_fact(fact: Fact, places: Places, stock: Stock) -> Outcome:
    """Look at one fact; whatever happens, the others can still be tried."""
    aws = Aws(places, fact.needs, stock)
    try:
        fact.check(aws)
    except AssertionError as error:
        return Outcome(fact, Verdict.DIFFERS, _expectation(error), dict(aws.answers))
    except Exception as error:
        if isinstance(error, LookupError | ValueError | TypeError) and _is_of(fact, error):
            # An answer has not the fields, or as many things in it, as the fact expects.
            return Outcome(fact, Verdict.DIFFERS, _expectation(error), dict(aws.answers))
        why = f"{type(error).__name__}: {error}"
        return Outcome(fact, Verdict.UNDECIDED, why, dict(aws.answers))
    return Outcome(fact, Verdict.HOLDS, "", dict(aws.answers))


def _is_of(fact: Fact, error: Exception) -> bool:
    """Whether it was raised by the fact itself, and not by what the fact has called."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return frame.filename == fact.check.__code__.co_filename


def _expectation(error: Exception) -> str:
    """The line that raised it, and what the error says."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(frame.filename, frame.lineno or 0).strip()
    said = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
    return f"{line} ({said})" if said else line
