"""A fact about AWS: what is declared of it, and the registry of all facts."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tests.contract import facts as folder

if TYPE_CHECKING:
    from datetime import date

    from tests.contract.harness.aws import Aws

NO_SOURCE = "no source found"
"""The source of a fact that only the simulator's authors have stated."""


@dataclass(frozen=True)
class Price:
    """What something takes on AWS, estimated from above: us-east-1, on demand, smallest classes."""

    minutes: float
    dollars: float


class Effort(Enum):
    """What it takes to look at a fact once everything that it needs is there."""

    ANSWER = Price(0.2, 0.0)
    """A few calls, each answered at once; nothing is made that lasts."""
    CHANGE = Price(8, 0.01)
    """A cluster or a snapshot of its own, or a change that takes minutes."""
    INSTANCE = Price(30, 0.06)
    """An instance of its own, or several changes one after the other."""
    DAYLIGHT = Price(75, 0.20)
    """A cluster with an instance, restored or taken through stop and start."""


class Need(Enum):
    """What facts share: made once in a run, when the first fact asks for it."""

    KEY = ("a key of KMS", Price(0.1, 0.30))  # a dollar a month; it goes after seven days
    AWAY_KEY = ("a key of KMS in the other region", Price(0.1, 0.30))
    CLUSTER = ("a cluster without instances and without a key", Price(6, 0.01))
    SNAPSHOT = ("a snapshot of that cluster", Price(5, 0.01))
    SERVED = ("a cluster with one instance, under the key", Price(18, 0.55))  # the whole run long
    ENCRYPTED = ("a snapshot of that cluster", Price(6, 0.01))
    DEFAULT_KEY = ("a snapshot under RDS's own key", Price(12, 0.01))
    AUTOMATED = ("an automated snapshot that RDS takes by itself", Price(15, 0.0))
    OTHER_ACCOUNT = ("a second account", Price(0, 0.0))
    CONNECTION = ("a connection to the database from this machine", Price(0, 0.0))
    BUCKET = ("a bucket", Price(0.1, 0.0))
    EXPORTER = ("a role for exports to that bucket", Price(0.5, 0.0))
    TABLE = ("a table of DynamoDB", Price(0.5, 0.0))
    MACHINE = ("a state machine, and its role", Price(0.5, 0.0))
    FUNCTION = ("a function, and its role", Price(0.5, 0.0))

    def __init__(self, title: str, price: Price) -> None:
        self.title = title
        self.price = price


@dataclass(frozen=True)
class Fact:
    """Something about AWS that the pipeline, or the simulator that it is tested with, relies on."""

    name: str
    subject: str
    sentence: str
    source: str
    since: "date | None"
    """The day on which the simulator began to enforce it; `None` while it does not."""
    effort: Effort
    needs: frozenset[Need]
    risk: int
    """How soon it is to be looked at: 1 is the riskiest; 9 is everything else."""
    check: "Callable[[Aws], None]"


_FACTS: dict[str, Fact] = {}


def fact(
    sentence: str,
    *,
    source: str,
    since: "date | None",
    effort: Effort = Effort.ANSWER,
    needs: Iterable[Need] = (),
    risk: int = 9,
) -> "Callable[[Callable[[Aws], None]], Callable[[Aws], None]]":
    """Declare that the decorated function looks at a fact; it raises unless the fact is true.

    The function's name is the fact's, for good: what was seen is kept under it.
    """

    def declare(check: "Callable[[Aws], None]") -> "Callable[[Aws], None]":
        name = check.__name__
        if name in _FACTS:
            raise ValueError(f"There are two facts named {name}.")
        subject = check.__module__.rpartition(".")[2]
        wanted = frozenset(needs)
        _FACTS[name] = Fact(name, subject, sentence, source, since, effort, wanted, risk, check)
        return check

    return declare


def all_facts() -> tuple[Fact, ...]:
    """Every fact of every module below `tests/contract/facts`, in the order of the modules."""
    for module in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}."):
        importlib.import_module(module.name)
    return tuple(_FACTS.values())
