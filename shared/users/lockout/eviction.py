"""Whoever is in is put out: open sessions, logins under way, prepared transactions."""

from collections.abc import Iterator, Mapping, Sequence

from psycopg2.errors import InsufficientPrivilege
from psycopg2.sql import SQL, Identifier, Literal

from shared.errors import ValidationFailed
from shared.users.lockout.event_triggers import fires_at_login, login_triggers
from shared.users.master.powers import is_ordinary, join
from shared.users.master.sessions import Server, Session

_MOMENT = "SELECT pg_catalog.pg_sleep(0.02)"
# A user of the templates is one of ours only if this operation has made it.
OURS = """
    (r.rolname = ANY (%(ours)s::pg_catalog.text[])
     OR EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest(%(users)s::pg_catalog.text[]),
                                       pg_catalog.unnest(%(made)s::pg_catalog.text[]))
                            AS u(name, note)
                WHERE u.name = r.rolname
                  AND u.note = pg_catalog.shobj_description(r.oid, 'pg_authid')))
"""
# A role whose sessions go on may have been dropped.
_END_SESSIONS = f"""
    SELECT COALESCE(r.rolname, 'a role that was dropped'),
           pg_catalog.pg_terminate_backend(a.pid)
    FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
    WHERE a.usesysid IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
      AND NOT COALESCE(r.rolsuper, false)
      AND (r.rolname = %(admin)s OR NOT COALESCE({OURS}, false))
"""
# A login that is not finished is in no list of sessions, but every backend has a transaction.
_UNDER_WAY = """
    SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'virtualxid' AND l.pid <> pg_catalog.pg_backend_pid()
      AND a.usesysid IS NULL AND (a.pid IS NULL OR a.backend_type = 'client backend')
"""
_LONGEST_LOGIN = """
    SELECT setting::pg_catalog.int4 FROM pg_catalog.pg_settings
    WHERE name = 'authentication_timeout'
"""
_WHILE_ONE_LOGS_IN = "SELECT pg_catalog.pg_sleep(0.5)"
_TERMINATE = "SELECT pg_catalog.pg_terminate_backend(%s)"
_PREPARED = "SELECT gid, owner, database FROM pg_catalog.pg_prepared_xacts ORDER BY prepared"


def logins_under_way(session: Session) -> set[int]:
    """Backends that are letting somebody in, but for those that are ended here.

    One that began before the lock has read the old password; once it is through, it is whoever has
    the name then. One that is through, and only pauses (post_auth_delay), can be ended; one whose
    password is still awaited can not.
    """
    rows = session.rows("Looking for logins under way", _UNDER_WAY)
    return {
        pid
        for (pid,) in rows
        if not session.attempt(
            "Ending a login under way", _TERMINATE, (pid,), InsufficientPrivilege
        )
    }


def wait_for_logins(session: Session, waited: float) -> float:
    """Wait a little; returns the seconds waited by now, or 0 when none can be under way any more.

    The server ends a login that takes longer than its `authentication_timeout`. What is there even
    longer is something else, such as a process of AWS's.
    """
    ((longest,),) = session.rows("Looking how long a login may take", _LONGEST_LOGIN)
    if waited > longest + 1:
        return 0
    session.run("Waiting for logins under way", _WHILE_ONE_LOGS_IN)
    return waited + 0.5


def end_sessions(session: Session, who: Mapping[str, object]) -> set[str]:
    """End all but ours (`who` fills in `OURS`), wait a moment if there were any; returns whose."""
    rows = session.rows("Ending sessions", _END_SESSIONS, who)
    if rows:
        session.run("Waiting for sessions to end", _MOMENT)
    return {name for name, _ in rows}


def prepared_transactions(session: Session) -> list[tuple[str, str, str]]:
    """Name, owner and database of each."""
    return [
        (gid, owner, database)
        for gid, owner, database in session.rows("Listing prepared transactions", _PREPARED)
    ]


def roll_back(server: Server, prepared: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Roll prepared transactions back, each in its database and as its owner; tells of each.

    Raises `ValidationFailed` naming one that only a superuser can roll back.
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
        with server.as_admin_outside_transactions(database) as session:
            session.run(doing, SQL("SET ROLE {}").format(Identifier(owner)))
            session.run(doing, SQL("ROLLBACK PREPARED {}").format(Literal(gid)))
        yield f"A transaction that {owner} had prepared in {database} was rolled back: {gid}."
