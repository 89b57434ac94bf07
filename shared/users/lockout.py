"""Whoever could get in with the snapshot: logins, open sessions, prepared transactions.

    ┌─▶ end sessions ─▶ roll back what is prepared ─▶ lock logins ─┐
    └──────────────── until there is nothing of any ◀──────────────┘
    … users, grants …
    prove that the locked are refused ─▶ who can log in now, against who may

A session that is still open may make another login, and a prepared transaction may hold one: so all
are looked for again until nothing is left to do. Both may also hold locks that would keep a login
from being locked, so they go first.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from psycopg2.sql import SQL, Identifier, Literal
from pydantic import SecretStr

from shared.errors import ValidationFailed
from shared.users.credentials import UserTemplate
from shared.users.known_roles import AWS_ROLES, looks_reserved
from shared.users.notes import Notes
from shared.users.powers import join, open_doors, powers, take_powers
from shared.users.sessions import Login, LoginRefused, Server, Session

_ROUNDS = 50
_MOMENT = "SELECT pg_catalog.pg_sleep(0.02)"

# A user of the templates is one of ours only if this operation has made it.
_OURS = """
    (r.rolname = ANY (%(ours)s::pg_catalog.text[])
     OR EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest(%(users)s::pg_catalog.text[]),
                                       pg_catalog.unnest(%(made)s::pg_catalog.text[]))
                            AS u(name, note)
                WHERE u.name = r.rolname
                  AND u.note = pg_catalog.shobj_description(r.oid, 'pg_authid')))
"""
_LOGINS = f"""
    SELECT r.rolname, r.rolsuper FROM pg_catalog.pg_roles r
    WHERE r.rolcanlogin AND NOT COALESCE({_OURS}, false) ORDER BY 1
"""
# A role whose sessions go on may have been dropped.
_END_SESSIONS = f"""
    SELECT COALESCE(r.rolname, 'a role that was dropped'),
           pg_catalog.pg_terminate_backend(a.pid)
    FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
    WHERE a.usesysid IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
      AND NOT COALESCE(r.rolsuper, false)
      AND (r.rolname = %(admin)s OR NOT COALESCE({_OURS}, false))
"""
_PREPARED = "SELECT gid, owner, database FROM pg_catalog.pg_prepared_xacts ORDER BY prepared"
_IS_SUPERUSER = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = %s"
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
    def enforced(self, told: list[str]) -> Iterator[Session]:
        """A session that begins when nobody else is in or can get in; adds what there is to tell.

        Raises `ValidationFailed` naming a login that cannot be locked, and what keeps coming back.
        """
        ended: set[str] = set()
        for _ in range(_ROUNDS):
            with self.server.as_admin() as session:
                gone = self._end_sessions(session)
                prepared = session.rows("Listing prepared transactions", _PREPARED)
                locked = [] if prepared else self._lock(session, told)
                if not locked and not prepared and not (gone and self.everybody):
                    # The master user's may have been our own, of a call that died.
                    if others := (ended | gone) - {self.server.admin.username}:
                        told.append(f"Open sessions were ended: of {_listed(others)}.")
                    yield session
                    return
            ended |= gone
            told += self._roll_back(prepared)
        raise ValidationFailed(
            f"Sessions of {_listed(gone or locked)} come back as fast as they are ended. Find out "
            "what opens them, such as a job of the snapshot, and redrive."
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
        for name in self._others(session):
            if not looks_reserved(name):
                raise _not_locked(name)
        noted = [self.notes.locked]
        rows = session.rows("Listing the locked logins", _WITH_NOTES, (noted,))
        return tuple(name for (name,) in rows)

    @property
    def _who(self) -> dict[str, object]:
        return {
            "ours": [*AWS_ROLES, self.server.admin.username],
            "users": [user.username for user in self.users],
            "made": [self.notes.made(user) for user in self.users],
            "admin": self.server.admin.username,
        }

    def _end_sessions(self, session: Session) -> set[str]:
        """End them, and wait a moment if there were any; returns whose they were."""
        rows = session.rows("Ending sessions", _END_SESSIONS, self._who)
        if rows:
            session.run("Waiting for sessions to end", _MOMENT)
        return {name for name, _ in rows}

    def _others(self, session: Session) -> list[str]:
        """Who can log in and may not, but for superusers, which only AWS can make."""
        namesakes = {user.username for user in self.users}
        rows = session.rows("Listing the logins", _LOGINS, self._who)
        return [
            name
            for name, is_superuser in rows
            if not is_superuser and (self.everybody or name in namesakes)
        ]

    def _lock(self, session: Session, told: list[str]) -> list[str]:
        """Lock who may not log in; those whose name says that they may be AWS's are only tried."""
        locked = []
        for name in self._others(session):
            role, doing = Identifier(name), f"Locking login {name}"
            open_doors(session, name)
            statement = SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(role)
            if not looks_reserved(name):
                session.run(doing, statement)
            elif not session.attempt(doing, statement):
                _tell(told, f"Login {name} is not locked: it may be AWS's, and cannot be changed.")
                continue
            else:
                _tell(told, f"Login {name} is not known as one of AWS's, and was locked.")
            note = Literal(self.notes.locked)
            session.run(doing, SQL("COMMENT ON ROLE {} IS {}").format(role, note))
            locked.append(name)
        admin = self.server.admin.username
        if powerful := powers(session, locked, admin):
            told.append(
                "Powers over roles, databases or replication were taken from the locked logins "
                f"{_listed(set(powerful))}."
            )
        left = take_powers(session, [*powerful], admin)
        for name, sources in left.items():
            _tell(told, f"Login {name} is locked, and cannot be taken out of {_listed(sources)}.")
        return locked

    def _roll_back(self, prepared: Sequence[tuple[str, str, str]]) -> Iterator[str]:
        """Roll prepared transactions back, each in its database and as its owner."""
        for gid, owner, database in prepared:
            doing = f"Rolling back the transaction that {owner} prepared in {database}"
            with self.server.as_admin() as session:
                if session.rows(doing, _IS_SUPERUSER, (owner,)) != [(False,)]:
                    raise ValidationFailed(
                        f"Transaction {gid} was prepared in {database} by {owner}, and only a "
                        "superuser can roll it back. End it in production, then restore again."
                    )
                join(session, owner)
            with self.server.as_admin_outside_transactions(database) as session:
                session.run(doing, SQL("SET ROLE {}").format(Identifier(owner)))
                session.run(doing, SQL("ROLLBACK PREPARED {}").format(Literal(gid)))
            yield f"A transaction that {owner} had prepared in {database} was rolled back: {gid}."


def _not_locked(name: str) -> ValidationFailed:
    return ValidationFailed(f"Login {name} came along and is not locked: it can still log in.")


def _tell(told: list[str], sentence: str) -> None:
    if sentence not in told:
        told.append(sentence)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
