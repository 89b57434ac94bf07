"""What production left running: open sessions are ended, prepared transactions rolled back."""

from collections.abc import Iterable, Iterator, Sequence

from psycopg2.sql import SQL, Identifier, Literal

from shared.errors import ValidationFailed
from shared.users.databases import let_in, no_connect
from shared.users.lockout.allowed import IS_ALLOWED, Allowed
from shared.users.lockout.event_triggers import fires_at_login, login_triggers
from shared.users.master.powers import is_ordinary, join
from shared.users.master.server import Server
from shared.users.master.sessions import Session

_MOMENT = "SELECT pg_catalog.pg_sleep(0.02)"
# A role may have been dropped while its sessions go on.
_END_SESSIONS = f"""
    SELECT COALESCE(r.rolname, 'a role that was dropped'),
           pg_catalog.pg_terminate_backend(a.pid)
    FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
    WHERE a.usesysid IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
      AND NOT COALESCE(r.rolsuper, false)
      AND (r.rolname = %(admin)s OR NOT COALESCE({IS_ALLOWED}, false))
"""
_OWNER_OF_DATABASE = """
    SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database WHERE datname = %s
"""
_PREPARED = "SELECT gid, owner, database FROM pg_catalog.pg_prepared_xacts ORDER BY prepared"


def end_sessions(session: Session, allowed: Allowed, logins: Iterable[str]) -> set[str]:
    """End all but this session and those of allowed users and `logins`; returns whose they were.

    Other sessions of the master user are ended, too: they may be anybody's.
    """
    rows = session.rows("Ending sessions", _END_SESSIONS, allowed.values(*logins))
    if rows:
        session.run("Waiting for sessions to end", _MOMENT)
    return {name for name, _ in rows}


def prepared_transactions(session: Session) -> list[tuple[str, str, str]]:
    """Name, owner and database of each prepared transaction."""
    return [
        (gid, owner, database)
        for gid, owner, database in session.rows("Listing prepared transactions", _PREPARED)
    ]


def roll_back(server: Server, prepared: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Roll back each prepared transaction, in its database and as its owner; yields warnings.

    Raises `ValidationFailed` naming a transaction that only a superuser can roll back.
    """
    for gid, owner, database in prepared:
        doing = f"Rolling back the transaction that {owner} prepared in {database}"
        with server.as_admin() as session:
            if not is_ordinary(session, owner):
                raise ValidationFailed(
                    f"Transaction {gid} was prepared in {database} by {owner}, and only a "
                    "superuser can roll it back. End it in production, then restore again."
                )
            if database in login_triggers(session):
                raise fires_at_login(database)
            join(session, owner)
            ((landlord,),) = session.rows(doing, _OWNER_OF_DATABASE, (database,))
            if not let_in(session, database, landlord):
                raise ValidationFailed(
                    f"Transaction {gid} was prepared by {owner} in database {database}, which "
                    f"cannot be entered to roll it back: {no_connect(landlord)}. End it or grant "
                    "CONNECT in production, then restore again."
                )
        with server.as_admin_outside_transactions(database) as session:
            session.run(doing, SQL("SET ROLE {}").format(Identifier(owner)))
            session.run(doing, SQL("ROLLBACK PREPARED {}").format(Literal(gid)))
        yield f"A transaction that {owner} had prepared in {database} was rolled back: {gid}."
