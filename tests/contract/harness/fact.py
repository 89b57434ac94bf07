"""A fact about AWS: what is declared of it, and the registry of all facts."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from types import CodeType
from typing import Protocol

from tests.contract import facts as folder
from tests.contract.harness.aws import Aws
from tests.contract.harness.needs import Effort, Need


class Check(Protocol):
    """The function of a fact."""

    __name__: str
    __code__: CodeType

    def __call__(self, aws: Aws) -> None: ...


NO_SOURCE = "no source found"
"""The source of a fact that only the simulator's authors have stated."""


@dataclass(frozen=True)
class Fact:
    """Something about AWS that the pipeline, or the simulator that it is tested with, relies on."""

    name: str
    subject: str
    sentence: str
    source: str
    since: date | None
    """The day on which the simulator began to enforce it; `None` while it does not."""
    effort: Effort
    needs: frozenset[Need]
    risk: int
    """How soon it is to be looked at: 1 is the riskiest; 9 is everything else."""
    relied_on_by: str
    """What in the pipeline depends on it, in words for people; said of what is risky."""
    check: Check


_FACTS: dict[str, Fact] = {}


def fact(
    sentence: str,
    *,
    source: str,
    since: date | None,
    effort: Effort = Effort.ANSWER,
    needs: Iterable[Need] = (),
    risk: int = 9,
    relied_on_by: str = "",
) -> Callable[[Check], Check]:
    """Declare that the decorated function looks at a fact; it raises unless the fact is true.

    The function's name is the fact's, for good: what was seen is kept under it.
    """

    def declare(check: Check) -> Check:
        name = check.__name__
        if name in _FACTS:
            raise ValueError(f"There are two facts named {name}.")
        subject = check.__module__.rpartition(".")[2]
        _FACTS[name] = Fact(
            name=name,
            subject=subject,
            sentence=sentence,
            source=source,
            since=since,
            effort=effort,
            needs=frozenset(needs),
            risk=risk,
            relied_on_by=relied_on_by,
            check=check,
        )
        return check

    return declare


def all_facts() -> tuple[Fact, ...]:
    """Every fact of every module below `tests/contract/facts`, in the order of the modules."""
    for module in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}."):
        importlib.import_module(module.name)
    return tuple(_FACTS.values())
