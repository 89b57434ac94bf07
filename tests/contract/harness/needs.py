"""What facts need, what it takes to look at them, and what both cost."""

from dataclasses import dataclass
from enum import Enum


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
    INSTANCE = Price(22, 0.05)
    """An instance of its own, or several changes one after the other."""
    DAYLIGHT = Price(50, 0.15)
    """A cluster with an instance, restored or taken through stop and start."""


class Need(Enum):
    """What facts share: made once in a run, when the first fact asks for it."""

    KEY = ("a key of KMS", Price(0.1, 0.30))  # a dollar a month; it goes after seven days
    AWAY_KEY = ("a key of KMS in the other region", Price(0.1, 0.30))
    CLUSTER = ("a cluster without instances and without a key", Price(6, 0.01))
    SNAPSHOT = ("a snapshot of it", Price(5, 0.01))
    SERVED = ("a cluster with one instance, under the key", Price(18, 0.55))  # the whole run long
    ENCRYPTED = ("a snapshot of the cluster with the instance", Price(6, 0.01))
    DEFAULT_KEY = ("a snapshot under RDS's own key", Price(12, 0.01))
    AUTOMATED = ("an automated snapshot that RDS takes by itself", Price(15, 0.0))
    OTHER_ACCOUNT = ("a second account", Price(0, 0.0))
    CONNECTION = ("a connection to the database from this machine", Price(0, 0.0))
    BUCKET = ("a bucket", Price(0.1, 0.0))
    EXPORTER = ("a role for exports to that bucket", Price(0.5, 0.0))
    TABLE = ("a table of DynamoDB", Price(0.5, 0.0))
    QUEUE = ("a queue of SQS", Price(0.1, 0.0))
    MACHINE = ("a state machine, and its role", Price(0.5, 0.0))
    FUNCTION = ("a function, and its role", Price(0.5, 0.0))

    def __init__(self, title: str, price: Price) -> None:
        self.title = title
        self.price = price
