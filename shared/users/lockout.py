"""Whoever could get in with the snapshot: logins, open sessions, prepared transactions.

    ┌─▶ roll back what is prepared ─▶ lock logins ─▶ end sessions ─┐
    └──────────────── until there is nothing of any ◀──────────────┘
    … users, grants …
    prove that the locked are refused ─▶ who can log in now, against who may

A session that is still open may make another login, and a prepared transaction may hold one: so all
are looked for again until nothing is left to do.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from psycopg2.sql import SQL, Identifier, Literal
from pydantic import SecretStr

from shared.errors import ValidationFailed
from shared.users.credentials import UserTemplate
from shared.users.known_roles import AWS_ROLES, looks_reserved
from shared.users.powers import join, open_doors, powers, take_powers
from shared.users.roles import Notes
from shared.users.sessions import Login, LoginRefused, Server, Session

_ROUNDS = 50
_BETWEEN_ROUNDS = "SELECT pg_catalog.pg_sleep(0.05)"

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

    def enforce(self) -> list[str]:
        """Let nobody in, and nobody stay; returns what there is to tell.

        Raises `ValidationFailed` naming a login that cannot be locked, and what keeps coming back.
        """
        told: list[str] = []
        ended: set[str] = set()
        locked: list[str] = []
        for turn in range(_ROUNDS):
            told += self._roll_back()
            with self.server.as_admin() as session:
                locked = self._lock(session, told)
                rows = session.rows("Ending sessions", _END_SESSIONS, self._who)
                gone = [name for name, _ in rows]
                if turn:
                    session.run("Waiting for sessions to end", _BETWEEN_ROUNDS)
            ended.update(gone)
            if not locked and not (gone and self.everybody):
                break
        else:
            raise ValidationFailed(
                f"Sessions of {_listed(gone or locked)} come back as fast as they are ended. Find "
                "out what opens them, such as a job of the snapshot, and redrive."
            )
        if ended:
            told.append(f"Open sessions were ended: of {_listed(ended)}.")
        return told

    def prove(self) -> tuple[str, ...]:
        """Be refused as every locked login; returns their names, but for retired ones.

        Each gets a password that nobody knows, and is refused although it is given: so what is
        proven is the lock, not a wrong password. Last of all nobody but the users, the master user
        and AWS may be able to log in. Raises `ValidationFailed` naming a login that is.
        """
        retired = [self.notes.retired(user.username) for user in self.users]
        with self.server.as_admin() as session:
            names = self._noted(session, [self.notes.locked])
            logins = [
                Login(name, SecretStr(secrets.token_urlsafe(32)))
                for name in [*names, *self._noted(session, retired)]
            ]
            for login in logins:
                session.run(
                    f"Locking login {login.username}",
                    SQL("ALTER ROLE {} PASSWORD {}").format(
                        Identifier(login.username), Literal(session.verifier(login))
                    ),
                )
        prove_locked(self.server, logins)
        with self.server.as_admin() as session:
            for name in self._others(session):
                if not looks_reserved(name):
                    raise _not_locked(name)
        return tuple(names)

    @property
    def _who(self) -> dict[str, object]:
        return {
            "ours": [*AWS_ROLES, self.server.admin.username],
            "users": [user.username for user in self.users],
            "made": [self.notes.made(user) for user in self.users],
            "admin": self.server.admin.username,
        }

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

    def _roll_back(self) -> Iterator[str]:
        """Roll prepared transactions back, each in its database and as its owner."""
        with self.server.as_admin() as session:
            prepared = session.rows("Listing prepared transactions", _PREPARED)
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

    def _noted(self, session: Session, notes: Sequence[str]) -> list[str]:
        rows = session.rows("Listing the locked logins", _WITH_NOTES, (list(notes),))
        return [name for (name,) in rows]


def prove_locked(server: Server, logins: Sequence[Login]) -> None:
    """Ask the catalog, then try: a member of `rds_iam` is refused any password, locked or not.

    Raises `ValidationFailed` naming the login that is not locked.
    """
    with server.as_admin() as session:
        names = [login.username for login in logins]
        for (name,) in session.rows("Listing the locked logins", _NOT_LOCKED, (names,)):
            raise _not_locked(name)
    for login in logins:
        with (
            suppress(LoginRefused),
            server.as_user(login, server.maintenance_database),
        ):
            raise _not_locked(login.username)


def _not_locked(name: str) -> ValidationFailed:
    return ValidationFailed(f"Login {name} came along and is not locked: it can still log in.")


def _tell(told: list[str], sentence: str) -> None:
    if sentence not in told:
        told.append(sentence)


def _listed(names: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(names))
