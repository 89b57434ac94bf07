"""Whoever could get in with the snapshot: logins, open sessions, prepared transactions.

    ┌─▶ end sessions ─▶ roll back what is prepared ─▶ lock logins, take powers ─┐
    └───────────────────── until there is nothing of any ◀──────────────────────┘
    … users, grants …
    be refused as every locked login ─▶ compare who can log in with who may

A session that is still open may make another login, and a prepared transaction may hold one: so all
are looked for again until nothing is left to do. Both may also hold locks that would keep a login
from being locked, so they go first.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from psycopg2.errors import InsufficientPrivilege, LockNotAvailable
from psycopg2.sql import SQL, Identifier, Literal
from pydantic import SecretStr

from shared.errors import DatabaseUnreachable, ValidationFailed
from shared.users.known_roles import AWS_GROUPS, AWS_LOGINS, looks_reserved
from shared.users.lockout.event_triggers import fires_at_login, login_triggers
from shared.users.lockout.eviction import (
    OURS,
    end_sessions,
    logins_under_way,
    prepared_transactions,
    roll_back,
    wait_for_logins,
)
from shared.users.master.notes import Notes
from shared.users.master.powers import customers_roles, open_doors, powers, take_powers
from shared.users.master.sessions import Login, LoginRefused, Server, Session
from shared.users.templates import UserTemplate

# A login may take a minute (authentication_timeout) unless told otherwise, half a second each.
_ROUNDS = 180

# A role that somebody who is no superuser may grant was not made by AWS, and what AWS made has no
# business in a customer's database. A user who has left the templates is no user any more.
_LOGINS = f"""
    SELECT r.rolname,
           EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                   JOIN pg_catalog.pg_roles a ON a.oid = m.member
                   WHERE m.roleid = r.oid AND m.admin_option AND NOT a.rolsuper),
           EXISTS (SELECT FROM pg_catalog.pg_shdepend s
                   JOIN pg_catalog.pg_database d ON d.oid = s.dbid AND d.datname <> 'rdsadmin'
                   WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                     AND s.refobjid = r.oid),
           COALESCE(pg_catalog.starts_with(
               pg_catalog.shobj_description(r.oid, 'pg_authid'), %(made_here)s), false)
    FROM pg_catalog.pg_roles r
    WHERE r.rolcanlogin AND NOT r.rolsuper AND NOT COALESCE({OURS}, false) ORDER BY 1
"""
_WITH_NOTES = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE pg_catalog.shobj_description(oid, 'pg_authid') = ANY (%s::pg_catalog.text[])
    ORDER BY 1
"""
_NOT_LOCKED = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE rolcanlogin AND rolname = ANY (%s::pg_catalog.text[]) ORDER BY 1
"""


class Found(NamedTuple):
    """A login that is none of our users', and what tells who made it."""

    name: str
    is_a_customers: bool
    has_rights: bool
    was_made_here: bool


class Lockout(NamedTuple):
    """Whom to lock out: everybody but the users of the templates, or just their namesakes."""

    server: Server
    users: tuple[UserTemplate, ...]
    notes: Notes
    everybody: bool

    @contextmanager
    def enforced(self, told: list[str]) -> Iterator[Session]:
        """A session from when on nobody else is in or can get in; adds what there is to tell.

        Raises `ValidationFailed` naming a login that cannot be locked, and what keeps coming back;
        `DatabaseUnreachable` while somebody takes longer to log in than we can wait.
        """
        ended: set[str] = set()
        awaited: set[int] | None = None
        waited = 0.0
        with self.server.as_admin() as session:
            if self.server.maintenance_database in login_triggers(session):
                raise fires_at_login(self.server.maintenance_database)
            for _ in range(_ROUNDS):
                to_lock = self._others(session, told)
                # First, or one that gets through in between would be seen by neither.
                begun = logins_under_way(session)
                gone = end_sessions(session, self._who(*(AWS_LOGINS - {*to_lock})))
                ended |= gone
                prepared = prepared_transactions(session)
                is_locked = not prepared and self._lock(session, to_lock, told)
                if is_locked and not (gone and self.everybody):
                    awaited = begun if awaited is None else awaited & begun
                    waited = wait_for_logins(session, waited) if awaited else 0
                    if not waited:
                        # The master user's may have been our own, of a call that died.
                        if others := ended - {self.server.admin.username}:
                            told.append(f"Open sessions were ended: of {_listed(others)}.")
                        yield session
                        return
                session.commit()
                told += roll_back(self.server, prepared)
        if waited:
            raise DatabaseUnreachable(
                f"{self.server.host}: somebody began to log in before the logins were locked, and "
                "has not finished. The server ends that after its authentication_timeout."
            )
        raise ValidationFailed(
            f"Sessions ({_listed(ended) or 'none'}) or prepared transactions ({len(prepared)}) "
            "come back as fast as they are ended. Find out what makes them, such as a job of the "
            "snapshot, and redrive."
        )

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

    def try_in_vain(self, logins: Sequence[Login]) -> None:
        """Be refused as every one of them, though the password is right: so the lock is proven.

        Raises `ValidationFailed` naming a login that still works.
        """
        for login in logins:
            with suppress(LoginRefused), self.server.as_user(login):
                raise _not_locked(login.username)

    def check(self, session: Session, logins: Sequence[Login]) -> tuple[str, ...]:
        """Ask the catalog who can log in; returns the locked ones, but for retired roles.

        A member of `rds_iam` is refused any password, locked or not, so trying is not enough.
        Nobody but the users, the master user and AWS may be left. Raises `ValidationFailed` naming
        who is.
        """
        names = [login.username for login in logins]
        for (name,) in session.rows("Listing the locked logins", _NOT_LOCKED, (names,)):
            raise _not_locked(name)
        for name in self._others(session, []):
            if not _may_be_awss(name):
                raise _not_locked(name)
        noted = [self.notes.locked]
        rows = session.rows("Listing the locked logins", _WITH_NOTES, (noted,))
        return tuple(name for (name,) in rows)

    def _who(self, *ours: str) -> dict[str, object]:
        return {
            "ours": [self.server.admin.username, *ours],
            "users": [user.username for user in self.users],
            "made": [self.notes.made(user) for user in self.users],
            "made_here": self.notes.made_here,
            "admin": self.server.admin.username,
        }

    def _others(self, session: Session, told: list[str]) -> list[str]:
        """Who can log in and may not; superusers, and AWS's logins, are only AWS's to make.

        A login by the name of one of AWS's is a customer's if customers may grant it, as it shows
        since PostgreSQL 16. Before that, people have to look at one that has powers.
        """
        namesakes = {user.username for user in self.users}
        rows = [Found(*row) for row in session.rows("Listing the logins", _LOGINS, self._who())]
        of_aws = [one for one in rows if one.name in AWS_LOGINS and not one.is_a_customers]
        admin = self.server.admin.username
        powerful = powers(session, [one.name for one in of_aws], admin)
        told += (
            f"Login {one.name} has the name of one of AWS's and was left alone, but has powers or "
            "rights in a database. Check who made it."
            for one in of_aws
            if one.has_rights or {"rds_superuser", admin, one.name} & {*powerful.get(one.name, ())}
        )
        return [
            one.name
            for one in rows
            if one not in of_aws and (self.everybody or one.name in namesakes or one.was_made_here)
        ]

    def _lock(self, session: Session, to_lock: Sequence[str], told: list[str]) -> bool:
        """Lock who may not log in and take powers; whether there was nothing to lock."""
        admin, noted = self.server.admin.username, Literal(self.notes.locked)
        # Whoever holds a lock on a role is ended in the next round.
        session.run("Locking logins", "SET LOCAL lock_timeout = '500ms'")
        for name in to_lock:
            role, doing = Identifier(name), f"Locking login {name}"
            open_doors(session, name)
            statement = SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(role)
            is_dubious = _may_be_awss(name)
            refusal = InsufficientPrivilege if is_dubious else LockNotAvailable
            if session.attempt(doing, statement, (), refusal):
                session.run(doing, SQL("COMMENT ON ROLE {} IS {}").format(role, noted))
                if is_dubious:
                    told.append(f"Login {name} is not known as one of AWS's, and was locked.")
            elif is_dubious:
                told.append(_left_open(name))
        if self.everybody:
            self._take_powers(session, admin, told)
        return all(_left_open(name) in told for name in to_lock)

    def _take_powers(self, session: Session, admin: str, told: list[str]) -> None:
        """Take powers from everybody: a function may run with its owner's, whoever calls it."""
        before = powers(session, customers_roles(session, admin), admin)
        left = take_powers(session, [*before], admin) if before else {}
        if taken := [role for role in before if left.get(role) != before[role]]:
            told.append(
                "Powers over roles, databases or replication were taken from "
                + _listed(taken)
                + "."
            )


def _may_be_awss(name: str) -> bool:
    """Whether a login that cannot be locked is left alone: by its name AWS may have made it."""
    return looks_reserved(name) or name in AWS_GROUPS


def _left_open(name: str) -> str:
    return f"Login {name} is not locked: it may be AWS's, and cannot be changed."


def _not_locked(name: str) -> ValidationFailed:
    return ValidationFailed(f"Login {name} came along and is not locked: it can still log in.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
