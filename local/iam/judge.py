"""The judge: whether a role may do what it is about to do."""

import threading
from typing import Any
from weakref import WeakKeyDictionary

from local.calls import Call
from local.iam.demands import demands_of
from local.iam.policies import Demand, Statement, statements
from local.iam.record import RECORD
from local.iam.sessions import role_of, session_of

_read: WeakKeyDictionary[Any, tuple[tuple[object, ...], tuple[Statement, ...]]] = (
    WeakKeyDictionary()
)
"""The statements of every role, with the documents that they were read from."""


class Judge:
    """Judges calls by the policies of the caller's role; owners of accounts may do everything."""

    def __init__(self) -> None:
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
        for demand in demands_of(call, _account_of(role)):
            if not permits(role, demand):
                return (
                    f"User: arn:aws:sts::{_account_of(role)}:assumed-role/{role.name}/local is not "
                    f"authorized to perform: {demand.action} on resource: {demand.resource} "
                    f"because no identity-based policy allows the {demand.action} action"
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


def permits(role: Any, demand: Demand) -> bool:
    """Whether a policy of the role allows it and none denies it; either goes into the record."""
    about = [
        (statement, grants)
        for statement in _statements_of(role)
        if (grants := tuple(statement.used_by(demand)))
    ]
    allowing = [grant for one, grants in about if not one.is_denial for grant in grants]
    if not allowing or any(statement.is_denial for statement, _ in about):
        RECORD.note_refusal(role.name, demand)
        return False
    RECORD.note_use(allowing)
    return True


def serves(role_arn: str, *demands: Demand) -> bool:
    """Whether AWS itself may do all of this in a role."""
    role = role_of(role_arn)
    return role is not None and all(permits(role, demand) for demand in demands)


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
    read = tuple(one for name, text in named.items() for one in statements(name, text))
    _read[role] = (documents, read)
    return read


def _account_of(role: Any) -> str:
    return str(role.arn.split(":")[4])
