"""Comments that the pipeline leaves on roles: for people, and for a second call of an operation."""

import hashlib
from datetime import datetime
from typing import NamedTuple, Self

from shared.users.templates import UserTemplate


class Notes(NamedTuple):
    """What the comments of one operation say."""

    operation: str

    @classmethod
    def of(cls, operation_id: str, execution_arn: str, started: datetime) -> Self:
        """The notes of an operation, which nobody could write into production beforehand."""
        begun = f"{execution_arn} {started.isoformat(timespec='microseconds')}"
        return cls(f"{operation_id} ({hashlib.sha256(begun.encode()).hexdigest()[:12]})")

    def made(self, user: UserTemplate) -> str:
        """Of a user of the templates; another one when its template has changed since."""
        template = user.model_dump_json(exclude={"password"})
        digest = hashlib.sha256(template.encode()).hexdigest()[:12]
        return f"{self.made_here}{digest}"

    @property
    def made_here(self) -> str:
        """How the notes of all users begin that this operation has made."""
        return f"Made by Aurora restore {self.operation} from template "

    @property
    def locked(self) -> str:
        """Of a login that was in the snapshot."""
        return f"Login locked by Aurora restore {self.operation}"

    def retired(self, username: str) -> str:
        """Of a role that had the name of a user."""
        return f"Was {username} until Aurora restore {self.operation}"
