"""The judge: whether a role may do what it is about to do."""

import threading
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from local.calls import Call
from local.iam.policies import Statement, statements
from local.iam.record import RECORD
from local.iam.required_permissions import RequiredBy, RequiredPermission, required_permissions
from local.iam.sessions import role_of, session_of

_read: WeakKeyDictionary[Any, tuple[tuple[object, ...], tuple[Statement, ...]]] = (
    WeakKeyDictionary()
)
"""The statements of every role, with the documents that they were read from."""


class Judge:
    """Judges calls by the policies of the caller's role; owners of accounts may do everything."""

    def __init__(self, services: Mapping[str, RequiredBy]) -> None:
        """Judge with what each service, by its prefix in actions, says that its calls require."""
        self._services = services
        self._sessions: dict[str, Any] = {}
        self._lock = threading.Lock()

    def refusal(self, call: Call) -> str | None:
        """Why a call is refused, as AWS words it; `None` if it is allowed."""
        session = self._session(call.access_key) if call.access_key else None
        if session is None:
            return None
        role = role_of(session.role_arn)
        if role is None:
            return f"There is no role {session.role_arn} any more."
        account_id = _account_of(role)
        for required in required_permissions(call, account_id, self._services):
            if not permits(role, required):
                return (
                    f"User: arn:aws:sts::{account_id}:assumed-role/{role.name}/local is not "
                    f"authorized to perform: {required.action} on resource: {required.resource} "
                    f"because no identity-based policy allows the {required.action} action"
                )
        return None

    def reset(self) -> None:
        """Forget who is who."""
        with self._lock:
            self._sessions.clear()

    def _session(self, access_key: str) -> Any:
        """The session in a role that a key belongs to; `None` for the key of an owner."""
        with self._lock:
            if access_key not in self._sessions:
                self._sessions[access_key] = session_of(access_key)
            return self._sessions[access_key]


def permits(role: Any, required: RequiredPermission) -> bool:
    """Whether a policy of the role allows it and none denies it; either goes into the record."""
    matching = [
        (statement, grants)
        for statement in _statements_of(role)
        if (grants := tuple(statement.used_by(required)))
    ]
    allowing = [
        grant for statement, grants in matching if not statement.is_denial for grant in grants
    ]
    if not allowing or any(statement.is_denial for statement, _ in matching):
        RECORD.note_refusal(role.name, required)
        return False
    RECORD.note_use(allowing)
    return True


def serves(role_arn: str, *required: RequiredPermission) -> bool:
    """Whether AWS itself may do all of this in a role."""
    role = role_of(role_arn)
    return role is not None and all(permits(role, each) for each in required)


def _statements_of(role: Any) -> tuple[Statement, ...]:
    """The statements of a role, read once as long as it has the same documents."""
    named = {
        **role.policies,
        **{
            arn: version.document
            for arn, policy in role.managed_policies.items()
            for version in policy.versions
            if version.is_default
        },
    }
    documents = tuple(named.values())
    before, read = _read.get(role, ((), ()))
    if len(before) == len(documents) and all(map(lambda a, b: a is b, before, documents)):
        return read
    read = tuple(each for name, text in named.items() for each in statements(name, text))
    _read[role] = (documents, read)
    return read


def _account_of(role: Any) -> str:
    return str(role.arn.split(":")[4])
