"""Subscriptions, which fetch changes from production as soon as the restored server starts."""

from collections.abc import Iterator

from psycopg2.errors import InsufficientPrivilege
from psycopg2.sql import SQL, Identifier

from shared.errors import ValidationFailed
from shared.users.master.powers import can_join
from shared.users.master.sessions import Session

_DATABASES = """
    SELECT DISTINCT d.datname FROM pg_catalog.pg_subscription s
    JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE s.subenabled
"""
_ATTACHED = """
    SELECT subname, pg_catalog.pg_get_userbyid(subowner) FROM pg_catalog.pg_subscription
    WHERE (subenabled OR subslotname IS NOT NULL)
      AND subdbid = (SELECT oid FROM pg_catalog.pg_database
                     WHERE datname = pg_catalog.current_database()) ORDER BY 1
"""


def databases_with_subscriptions(session: Session) -> list[str]:
    """The databases with a subscription that is enabled."""
    return [name for (name,) in session.rows("Listing subscriptions", _DATABASES)]


def detach(session: Session, database: str) -> Iterator[str]:
    """Disable this database's subscriptions and take their slots' names away.

    Without a slot's name, dropping one later does not reach out to production either.
    (PostgreSQL documentation, `ALTER SUBSCRIPTION`, `DROP SUBSCRIPTION`)
    """
    for name, owner in session.rows("Listing subscriptions", _ATTACHED):
        doing = f"Disabling subscription {name}"
        statement = SQL(
            "ALTER SUBSCRIPTION {0} DISABLE; ALTER SUBSCRIPTION {0} SET (slot_name = NONE)"
        )
        if not (
            can_join(session, owner)
            and session.attempt(
                doing, statement.format(Identifier(name)), (), InsufficientPrivilege
            )
        ):
            raise ValidationFailed(
                f"Subscription {name} of database {database} belongs to {owner}, and the master "
                "user cannot disable it. Its worker would fetch changes from production. Disable "
                "or drop it in production, then restore from a snapshot taken after that."
            )
        yield f"In {database}, subscription {name} was disabled and detached from its slot."
