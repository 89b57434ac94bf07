"""Logins that came along with the snapshot: locked, and proven to be."""

import secrets
from collections.abc import Sequence
from contextlib import suppress

from psycopg2.sql import SQL, Identifier, Literal
from pydantic import SecretStr

from shared.credentials import is_reserved
from shared.errors import ValidationFailed
from shared.postgres import Login, LoginRefused, Server, Session

_LOGINS = """
    SELECT rolname FROM pg_roles
    WHERE NOT rolsuper AND rolname <> ALL(%s)
      AND (rolcanlogin OR shobj_description(oid, 'pg_authid') = %s)
    ORDER BY rolname
"""
_NOT_LOCKED = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname = ANY(%s) ORDER BY 1"
_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY(%s)"


def lock_other_logins(server: Server, keep: Sequence[str], operation_id: str) -> tuple[str, ...]:
    """Take login away from every role but the admin and those to `keep`; returns their names.

    Each role gets a password that nobody knows, and must be refused although it is given: so what
    is proven is the lock, not a wrong password. A comment on the role tells people, and a second
    call of this function, why it cannot log in. Raises `ValidationFailed` when one still can.

        lock ── commit ── end sessions ── prove
                  └── from here on nobody comes back, so no session is ended in vain
    """
    note = f"Login locked by Aurora restore {operation_id}"
    with server.as_admin() as session:
        logins = [
            Login(name, SecretStr(secrets.token_urlsafe(32)))
            for name in _other_logins(session, [*keep, server.admin.username], note)
        ]
        for login in logins:
            _lock(session, login, note)
    names = tuple(login.username for login in logins)
    with server.as_admin() as session:
        session.run("Ending the sessions of locked logins", _END_SESSIONS, (list(names),))
    prove_locked(server, logins)
    return names


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
            server.session(login, server.maintenance_database),
        ):
            raise _not_locked(login.username)


def _other_logins(session: Session, keep: list[str], note: str) -> list[str]:
    rows = session.rows("Listing the logins", _LOGINS, (keep, note))
    return [name for (name,) in rows if not is_reserved(name)]


def _lock(session: Session, login: Login, note: str) -> None:
    role, doing = Identifier(login.username), f"Locking login {login.username}"
    session.run(
        doing,
        SQL("ALTER ROLE {} NOLOGIN PASSWORD {}").format(role, Literal(session.verifier(login))),
    )
    session.run(doing, SQL("COMMENT ON ROLE {} IS {}").format(role, Literal(note)))


def _not_locked(name: str) -> ValidationFailed:
    return ValidationFailed(f"Login {name} came along and is not locked: it can still log in.")
