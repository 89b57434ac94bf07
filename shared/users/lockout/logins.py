"""Nobody from production gets in: logins are locked, and the lock is proven.

    ┌─▶ end sessions ─▶ roll back what is prepared ─▶ lock logins, take powers ─┐
    └──────────────────── until a round finds nothing to do ◀───────────────────┘
    … users, grants …
    try every locked login: refused ─▶ compare who can log in with who may

An open session may create another login, and a prepared transaction may contain one: so each round
lists everything again. Both may also hold locks that prevent a login from being locked, so they go
first.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import psycopg2
from psycopg2.errors import InsufficientPrivilege, LockNotAvailable
from psycopg2.sql import SQL, Identifier, Literal
from pydantic import SecretStr

from shared.errors import DatabaseUnreachable, ValidationFailed
from shared.users.known_roles import AWS_GROUPS, AWS_LOGINS, looks_reserved
from shared.users.lockout.allowed import Allowed
from shared.users.lockout.event_triggers import fires_at_login, login_triggers
from shared.users.lockout.eviction import end_sessions, prepared_transactions, roll_back
from shared.users.lockout.inherited_logins import inherited_logins, namesakes, report_doubtful
from shared.users.lockout.pending_logins import PendingLogins, logins_under_way
from shared.users.master.alterations import alter, cannot_be_altered
from shared.users.master.connecting import Login
from shared.users.master.notes import Notes
from shared.users.master.powers import customers_roles, described, open_doors, powers, take_powers
from shared.users.master.server import Server
from shared.users.master.sessions import Session
from shared.users.templates import UserTemplate

# Each waits half a second for logins under way, which may take a minute (the default of
# authentication_timeout).
_ROUNDS = 180

_WITH_NOTES = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE pg_catalog.shobj_description(oid, 'pg_authid') = ANY (%s::pg_catalog.text[])
    ORDER BY 1
"""
_NOT_LOCKED = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE rolcanlogin AND rolname = ANY (%s::pg_catalog.text[]) ORDER BY 1
"""


class Lockout(NamedTuple):
    """Whom to lock out: everybody but the users of the templates, or just their namesakes."""

    server: Server
    users: tuple[UserTemplate, ...]
    notes: Notes
    everybody: bool

    @contextmanager
    def enforced(self, warnings: list[str]) -> Iterator[Session]:
        """A session of the master user, while nobody else is connected or can log in.

        Adds what people should know to `warnings`. Raises `ValidationFailed` naming a login that
        cannot be locked, or what keeps coming back; `DatabaseUnreachable` while somebody takes
        longer to log in than we can wait.
        """
        with self.server.as_admin() as session:
            if session.database in login_triggers(session):
                raise fires_at_login(session.database)
            self._lock_out(session, warnings)
            yield session

    def set_unknown_passwords(self, session: Session) -> list[Login]:
        """Give every login that is locked a password that nobody knows."""
        noted = [self.notes.locked, *(self.notes.retired(user.username) for user in self.users)]
        rows = session.rows("Listing the locked logins", _WITH_NOTES, (noted,))
        logins = [Login(name, SecretStr(secrets.token_urlsafe(32))) for (name,) in rows]
        for login in logins:
            session.run(
                f"Locking login {login.username}",
                SQL("ALTER ROLE {} PASSWORD {}").format(
                    Identifier(login.username), Literal(session.verifier(login))
                ),
            )
        return logins

    def prove_refused(self, logins: Sequence[Login]) -> None:
        """Try to log in as each of them with the right password, so only the lock can refuse it.

        Raises `ValidationFailed` naming a login that still works.
        """
        for login in logins:
            if not self.server.refuses(login):
                raise _not_locked(login.username)

    def check(self, session: Session, logins: Sequence[Login]) -> tuple[str, ...]:
        """Compare who can log in with who may; returns the locked logins, without retired roles.

        A member of `rds_iam` is refused any password, locked or not, so trying is not enough.
        Nobody but the users, the master user and AWS may be left. Raises `ValidationFailed` naming
        a login that is.
        """
        names = [login.username for login in logins]
        for (name,) in session.rows("Listing the locked logins", _NOT_LOCKED, (names,)):
            raise _not_locked(name)
        for name in self._logins_to_lock(session, []):
            if not _may_be_awss(name):
                raise _not_locked(name)
        noted = [self.notes.locked]
        rows = session.rows("Listing the locked logins", _WITH_NOTES, (noted,))
        return tuple(name for (name,) in rows)

    @property
    def _allowed(self) -> Allowed:
        return Allowed(self.server.admin.username, self.users, self.notes)

    def _lock_out(self, session: Session, warnings: list[str]) -> None:
        """Evict and lock in rounds, until one finds nothing left to do."""
        ended: set[str] = set()
        pending = PendingLogins()
        for _ in range(_ROUNDS):
            to_lock = self._logins_to_lock(session, warnings)
            # Before ending sessions: a login admitted in between would be seen by neither.
            under_way = logins_under_way(session)
            ended_now = end_sessions(session, self._allowed, AWS_LOGINS - {*to_lock})
            ended |= ended_now
            prepared = prepared_transactions(session)
            is_locked = not prepared and self._lock(session, to_lock, warnings)
            is_quiet = is_locked and not (ended_now and self.everybody)
            if is_quiet and pending.are_over(session, under_way):
                warnings += self._report_ended(ended)
                return
            session.commit()
            warnings += roll_back(self.server, prepared)
        if pending.waited:
            raise DatabaseUnreachable(
                f"{self.server.host}: a login attempt that began before the logins were locked has "
                "not finished. The server will terminate it after authentication_timeout."
            )
        raise ValidationFailed(
            f"Sessions ({_listed(ended) or 'none'}) or prepared transactions ({len(prepared)}) "
            "reappear as fast as they are ended. Find out what creates them, a scheduled job in "
            "the snapshot for example, then redrive the execution."
        )

    def _report_ended(self, ended: set[str]) -> Iterator[str]:
        # The master user's may have been our own, of a call that died.
        if others := ended - {self.server.admin.username}:
            yield f"Open sessions of {_listed(others)} were ended."

    def _logins_to_lock(self, session: Session, warnings: list[str]) -> list[str]:
        """The logins to lock, without AWS's; warns of each that only seems to be AWS's."""
        logins = inherited_logins(session, self._allowed)
        of_aws = [login for login in logins if login.is_awss]
        warnings += report_doubtful(session, of_aws, self.server.admin.username)
        namesakes = {user.username for user in self.users}
        return [
            login.name
            for login in logins
            if not login.is_awss
            and (self.everybody or login.name in namesakes or login.was_made_here)
        ]

    def _lock(self, session: Session, names: Sequence[str], warnings: list[str]) -> bool:
        """Lock logins and take powers; returns whether there were none but those to leave alone.

        Raises `ValidationFailed` naming every role that the master user may not alter, when those
        that it may are locked.
        """
        # Whoever holds a lock on a role is ended in the next round.
        session.run("Locking logins", "SET LOCAL lock_timeout = '500ms'")
        refusals = {name: self._lock_login(session, name, warnings) for name in names}
        to_retire = namesakes(session, self._allowed)
        tried = refusals | {name: _bar_from_login(session, name) for name in to_retire}
        denied = [name for name, why in tried.items() if isinstance(why, InsufficientPrivilege)]
        left_alone = [name for name in denied if _may_be_awss(name) and name not in to_retire]
        if denied != left_alone:
            session.commit()
            final = [name for name in denied if name not in left_alone]
            raise cannot_be_altered(session, final, self.server.admin.username)
        if self.everybody:
            self._take_powers(session, warnings)
        return set(names) <= set(left_alone)

    def _lock_login(
        self, session: Session, name: str, warnings: list[str]
    ) -> psycopg2.Error | None:
        """Lock a login; returns the refusal if it cannot be, or not now."""
        refused = _bar_from_login(session, name)
        if refused is None:
            note = Literal(self.notes.locked)
            statement = SQL("COMMENT ON ROLE {} IS {}").format(Identifier(name), note)
            session.run(f"Locking login {name}", statement)
        if _may_be_awss(name) and not isinstance(refused, LockNotAvailable):
            warnings.append(_locked_in_doubt(name) if refused is None else _left_open(name))
        return refused

    def _take_powers(self, session: Session, warnings: list[str]) -> None:
        """Take powers from everybody: a function may run with its owner's, whoever calls it."""
        admin = self.server.admin.username
        before = powers(session, customers_roles(session, admin), admin)
        remaining = take_powers(session, [*before], admin) if before else {}
        if taken := [role for role in before if remaining.get(role) != before[role]]:
            names = _listed(taken)
            warnings.append(f"Powers over roles, databases or replication were taken from {names}.")
        if remaining:
            warnings.append(
                "Not all powers could be taken from roles of the snapshot, which nobody can log in "
                f"as: {described(session, remaining)}."
            )


def _bar_from_login(session: Session, name: str) -> psycopg2.Error | None:
    """Bar a role from logging in; returns the refusal if it cannot be, or not now."""
    open_doors(session, name)
    statement = SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(Identifier(name))
    doing, insist = f"Locking login {name}", not _may_be_awss(name)
    return alter(session, doing, name, statement, insist=insist)


def _may_be_awss(name: str) -> bool:
    """Whether AWS may have created a login, by its name: if it cannot be locked, it stays."""
    return looks_reserved(name) or name in AWS_GROUPS


def _locked_in_doubt(name: str) -> str:
    return f"Login {name} is not a known AWS login, and was locked."


def _left_open(name: str) -> str:
    return f"Login {name} could not be locked: it may belong to AWS, and cannot be altered."


def _not_locked(name: str) -> ValidationFailed:
    return ValidationFailed(
        f"Login {name}, inherited from the snapshot, is not locked: it can still log in."
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
