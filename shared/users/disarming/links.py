"""What links a database to others: passwords in user mappings, publications, replication slots."""

from collections.abc import Iterator

from psycopg2.errors import InsufficientPrivilege, ObjectInUse
from psycopg2.sql import SQL, Composable, Identifier

from shared.users.master.powers import can_join
from shared.users.master.sessions import Session
from shared.users.wording import listed

_USER_MAPPINGS = """
    SELECT m.usename, s.srvname, pg_catalog.pg_get_userbyid(s.srvowner)
    FROM pg_catalog.pg_user_mappings m
    JOIN pg_catalog.pg_foreign_server s ON s.oid = m.srvid ORDER BY 2, 1
"""
_PUBLICATIONS = """
    SELECT pubname, pg_catalog.pg_get_userbyid(pubowner) FROM pg_catalog.pg_publication ORDER BY 1
"""
# Temporary ones go with the session that made them.
_SLOTS = "SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE NOT temporary ORDER BY 1"
_DROP_SLOT = "SELECT pg_catalog.pg_drop_replication_slot(%s)"


def drop_user_mappings(session: Session, database: str) -> Iterator[str]:
    """Drop what holds the users and passwords of foreign servers, as the servers' owners."""
    dropped: list[str] = []
    kept: list[str] = []
    for user, server, owner in session.rows("Listing user mappings", _USER_MAPPINGS):
        whom = SQL("PUBLIC") if user == "public" else Identifier(user)
        statement = SQL("DROP USER MAPPING FOR {} SERVER {}").format(whom, Identifier(server))
        is_dropped = _as_owner(session, f"Dropping the user mapping of {user}", owner, statement)
        (dropped if is_dropped else kept).append(f"of {user} to {server}")
    yield from _told(f"In {database}, user mappings", dropped, kept)


def drop_publications(session: Session, database: str) -> Iterator[str]:
    """Drop publications, whose subscribers are production's."""
    dropped: list[str] = []
    kept: list[str] = []
    for name, owner in session.rows("Listing publications", _PUBLICATIONS):
        statement = SQL("DROP PUBLICATION {}").format(Identifier(name))
        is_dropped = _as_owner(session, f"Dropping publication {name}", owner, statement)
        (dropped if is_dropped else kept).append(name)
    yield from _told(f"In {database}, publications", dropped, kept)


def drop_slots(session: Session) -> Iterator[str]:
    """Drop replication slots: nobody reads from them, and the server keeps all that is written."""
    dropped: list[str] = []
    kept: list[str] = []
    for (name,) in session.rows("Listing replication slots", _SLOTS):
        doing = f"Dropping replication slot {name}"
        is_dropped = session.attempt(doing, _DROP_SLOT, (name,), InsufficientPrivilege, ObjectInUse)
        (dropped if is_dropped else kept).append(name)
    if dropped:
        yield f"Replication slots were dropped: {listed(dropped)}."
    if kept:
        yield (
            f"Replication slots could not be dropped, and keep all that is written from now on: "
            f"{listed(kept)}. Somebody reads from them, or the master user may not drop them."
        )


def _as_owner(session: Session, doing: str, owner: str, statement: Composable) -> bool:
    return can_join(session, owner) and session.attempt(doing, statement, (), InsufficientPrivilege)


def _told(what: str, dropped: list[str], kept: list[str]) -> Iterator[str]:
    if dropped:
        yield f"{what} were dropped: {listed(dropped)}."
    if kept:
        yield f"{what} could not be dropped, since their owners are out of reach: {listed(kept)}."
