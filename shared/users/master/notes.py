"""Comments that the pipeline writes on roles: for people, and for repeated calls."""

import hashlib
from datetime import datetime
from typing import NamedTuple, Self

from shared.users.templates import UserTemplate


class Notes(NamedTuple):
    """The comments of one operation."""

    operation: str

    @classmethod
    def of(cls, operation_id: str, execution_arn: str, started: datetime) -> Self:
        """The notes of an operation; nobody could have put their digest in production before."""
        begun = f"{execution_arn} {started.isoformat(timespec='microseconds')}"
        return cls(f"{operation_id} ({hashlib.sha256(begun.encode()).hexdigest()[:12]})")

    def made(self, user: UserTemplate) -> str:
        """On a user of the templates; a changed template has a different note."""
        template = user.model_dump_json(exclude={"password"})
        digest = hashlib.sha256(template.encode()).hexdigest()[:12]
        return f"{self.made_here}{digest}"

    @property
    def made_here(self) -> str:
        """The beginning of the notes on all users that this operation makes."""
        return f"Made by Aurora restore {self.operation} from template "

    @property
    def locked(self) -> str:
        """On a login inherited from the snapshot."""
        return f"Login locked by Aurora restore {self.operation}"

    def retired(self, username: str) -> str:
        """On a role that had the name of a user."""
        return f"Was {username} until Aurora restore {self.operation}"
