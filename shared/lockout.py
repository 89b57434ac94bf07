"""Logins that came along with the snapshot: locked, and proven to be."""

import secrets
from collections.abc import Sequence

from psycopg2.sql import SQL, Identifier, Literal
from pydantic import SecretStr

from shared.credentials import is_reserved
from shared.errors import ValidationFailed
from shared.postgres import Login, LoginRefused, Server, Session

_NOT_PERMITTED = "not permitted to log in"

_LOGINS = """
    SELECT rolname FROM pg_roles
    WHERE NOT rolsuper AND rolname <> ALL(%s)
      AND (rolcanlogin OR shobj_description(oid, 'pg_authid') = %s)
    ORDER BY rolname
"""


def lock_other_logins(server: Server, keep: Sequence[str], operation_id: str) -> tuple[str, ...]:
    """Take login away from every role but the admin and those to `keep`; returns their names.

    Each role gets a password that nobody knows, and must be refused although it is given: so what
    is proven is the lock, not a wrong password. A comment on the role tells people, and a second
    call of this function, why it cannot log in. Raises `ValidationFailed` when one still can.
    """
    note = f"Login locked by Aurora restore {operation_id}"
    with server.as_admin() as session:
        logins = [
            Login(name, SecretStr(secrets.token_urlsafe(32)))
            for name in _other_logins(session, [*keep, server.admin.username], note)
        ]
        for login in logins:
            _lock(session, login, note)
    for login in logins:
        _prove_locked(server, login)
    return tuple(login.username for login in logins)


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
    session.run(
        doing,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
        (login.username,),
    )


def _prove_locked(server: Server, login: Login) -> None:
    try:
        with server.session(login, server.maintenance_database):
            reason = "it can still log in"
    except LoginRefused as refused:
        if _NOT_PERMITTED in str(refused):
            return
        reason = f"it is refused for another reason ({refused})"
    raise ValidationFailed(f"Login {login.username} came along and is not locked: {reason}.")
