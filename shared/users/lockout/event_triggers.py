"""Event triggers of the snapshot: disabled while the master user works.

They fire at every GRANT and every ALTER, and run a function as whoever executes that statement; the
function's owner may have put anything into it. Functions of AWS and of extensions belong to a
superuser, and their triggers stay as they are. Disabling an event trigger fires none, and is undone
if the transaction is. (PostgreSQL documentation, 40.1)
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from psycopg2.errors import InsufficientPrivilege
from psycopg2.sql import SQL, Identifier

from shared.errors import ValidationFailed
from shared.users.master.powers import is_ordinary, join
from shared.users.master.sessions import Session

_ARMED = """
    SELECT e.evtname, e.evtevent, e.evtenabled, pg_catalog.pg_get_userbyid(e.evtowner),
           p.oid::pg_catalog.regprocedure::pg_catalog.text, r.rolname
    FROM pg_catalog.pg_event_trigger e
    JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid
    JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
    WHERE e.evtenabled <> 'D' AND NOT r.rolsuper ORDER BY 1
"""
_AT_LOGIN = "SELECT datname FROM pg_catalog.pg_database WHERE dathasloginevt"
_STATES = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


class EventTrigger(NamedTuple):
    """An event trigger that is enabled, and whose function does not belong to a superuser."""

    name: str
    event: str
    enabled: str
    owner: str
    function: str
    function_owner: str

    def warning(self, database: str) -> str:
        """What people should know about it."""
        return (
            f"In {database}, event trigger {self.name} calls {self.function}, owned by "
            f"{self.function_owner}, as whichever user runs DDL, including the master user."
        )


def event_triggers(session: Session) -> list[EventTrigger]:
    """The event triggers of a database that would run something of the snapshot."""
    return [EventTrigger(*row) for row in session.rows("Listing event triggers", _ARMED)]


@contextmanager
def silenced(session: Session, database: str, triggers: Sequence[EventTrigger]) -> Iterator[None]:
    """Disable event triggers for the block; if it raises, the transaction takes that back.

    Raises `ValidationFailed` naming one that the master user may not disable, or that fires at the
    login and so has run already.
    """
    for trigger in triggers:
        if trigger.event == "login":
            raise fires_at_login(database, trigger.name)
        _switch(session, trigger, "DISABLE", database)
    yield
    for trigger in triggers:
        _switch(session, trigger, _STATES[trigger.enabled], database)


def login_triggers(session: Session) -> set[str]:
    """Databases with an event trigger that fires at every login (PostgreSQL 17 and later)."""
    if session.major_version < 17:
        return set()
    rows = session.rows("Listing event triggers", _AT_LOGIN)
    return {name for (name,) in rows}


def fires_at_login(database: str, name: str = "") -> ValidationFailed:
    """The error for a database that runs a function of its own at every login."""
    return ValidationFailed(
        f"Database {database} has an event trigger {name + ' ' if name else ''}that fires at every "
        "login, including the master user's, before it can be disabled here. Disable it in "
        "production (ALTER EVENT TRIGGER … DISABLE), then restore from a snapshot taken after that."
    )


def _switch(session: Session, trigger: EventTrigger, state: str, database: str) -> None:
    statement = SQL("ALTER EVENT TRIGGER {} " + state).format(Identifier(trigger.name))
    doing = f"Silencing event trigger {trigger.name}"
    if session.attempt(doing, statement, (), InsufficientPrivilege):
        return
    if _join_owner(session, trigger) and session.attempt(
        doing, statement, (), InsufficientPrivilege
    ):
        return
    raise ValidationFailed(
        f"Event trigger {trigger.name} of database {database} would run {trigger.function}, owned "
        f"by {trigger.function_owner}, as the master user. It cannot be disabled here, because it "
        f"belongs to {trigger.owner}. Disable it in production (ALTER EVENT "
        "TRIGGER … DISABLE), then restore from a snapshot taken after that."
    )


def _join_owner(session: Session, trigger: EventTrigger) -> bool:
    if not is_ordinary(session, trigger.owner):
        return False
    join(session, trigger.owner)
    return True
