"""What the permissions of a process's clouds were used for, as long as the process lives."""

import threading
from collections.abc import Iterable

from local.iam.policies import Demand, Grant


class Record:
    """Every grant that has allowed something, and everything that was refused."""

    def __init__(self) -> None:
        self._used: set[Grant] = set()
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    @property
    def used(self) -> frozenset[Grant]:
        with self._lock:
            return frozenset(self._used)

    @property
    def refused(self) -> frozenset[str]:
        """In words: the role's name, and what it was not allowed."""
        with self._lock:
            return frozenset(self._refused)

    def note_use(self, grants: Iterable[Grant]) -> None:
        """Remember what has allowed a demand."""
        with self._lock:
            self._used.update(grants)

    def note_refusal(self, role_name: str, demand: Demand) -> None:
        """Remember that a role was not allowed something."""
        with self._lock:
            self._refused.add(f"{role_name}: {demand}")


RECORD = Record()
"""One for all clouds: a test run asks at its end what its many clouds have used together."""
