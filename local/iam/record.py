"""What the permissions of a process's clouds were used for, as long as the process lives."""

import threading
from collections.abc import Sequence
from pathlib import Path

from local.iam.policies import Grant
from local.iam.required_permissions import RequiredPermission


class Record:
    """Every grant that has allowed something, and everything that was refused.

    Grants are distinguished by policy and number, so what is recorded is about one template: that
    of the assembly which was last deployed.
    """

    def __init__(self) -> None:
        self._assembly: Path | None = None
        self._used: dict[Path | None, set[Grant]] = {}
        self._needed: dict[Path | None, set[Grant]] = {}
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    def deployed(self, assembly: Path) -> None:
        """What is recorded from now on is about this assembly's template."""
        with self._lock:
            self._assembly = assembly

    def used(self, assembly: Path) -> frozenset[Grant]:
        """What has allowed something under this assembly."""
        with self._lock:
            return frozenset(self._used.get(assembly, ()))

    def needed(self, assembly: Path) -> frozenset[Grant]:
        """What was the only one to allow something."""
        with self._lock:
            return frozenset(self._needed.get(assembly, ()))

    @property
    def refused(self) -> frozenset[str]:
        """In words: the role's name, and what it was not allowed."""
        with self._lock:
            return frozenset(self._refused)

    def note_use(self, grants: Sequence[Grant]) -> None:
        """Remember what has allowed something."""
        with self._lock:
            self._used.setdefault(self._assembly, set()).update(grants)
            if len(grants) == 1:
                self._needed.setdefault(self._assembly, set()).update(grants)

    def note_refusal(self, role_name: str, required: RequiredPermission) -> None:
        """Remember that a role was not allowed something."""
        with self._lock:
            self._refused.add(f"{role_name}: {required}")


RECORD = Record()
"""One for all clouds: a test run asks at its end what its many clouds have used together."""
