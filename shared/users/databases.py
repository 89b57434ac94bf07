"""The databases of a restored cluster, and which of them the master user can enter."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from psycopg2.errors import InsufficientPrivilege
from psycopg2.sql import SQL, Identifier

from shared.errors import ConfigurationError
from shared.users.lockout.event_triggers import fires_at_login, login_triggers
from shared.users.master.powers import can_join
from shared.users.master.sessions import Session
from shared.users.templates import UserTemplate

# Nobody can connect to template0, and AWS lets nobody into rdsadmin.
_NOT_OURS = ("template0", "rdsadmin")
# In the order of the fields of `Database`.
_DATABASES = """
    SELECT datname, pg_catalog.pg_get_userbyid(datdba),
           CASE WHEN datallowconn THEN datconnlimit ELSE 0 END,
           pg_catalog.pg_encoding_to_char(encoding) = 'MULE_INTERNAL'
    FROM pg_catalog.pg_database
    WHERE datname <> ALL (%s::pg_catalog.text[]) ORDER BY 1
"""
# Database settings that start a session as another role, if its user may assume that role.
_OTHER_ROLE = """
    SELECT d.datname, setting FROM pg_catalog.pg_db_role_setting s
    JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase,
         pg_catalog.unnest(s.setconfig) AS settings(setting)
    WHERE s.setrole = 0
      AND (pg_catalog.starts_with(setting, 'role=')
           OR pg_catalog.starts_with(setting, 'session_authorization=')) ORDER BY 1, 2
"""


class Database(NamedTuple):
    """A database of the snapshot."""

    name: str
    owner: str
    connection_limit: int
    is_mule_internal: bool

    @property
    def admits_nobody(self) -> bool:
        """Whether only superusers get in, if anybody: limit 0, or `ALLOW_CONNECTIONS false`.

        Below -1 it is what an interrupted DROP DATABASE left.
        """
        return self.connection_limit == 0 or self.connection_limit < -1


def enterable_databases(
    session: Session, users: Sequence[UserTemplate], warnings: list[str]
) -> list[str]:
    """The databases that the master user can enter, if need be as a member of their owner.

    Raises `ConfigurationError` for a database of the templates that does not exist or cannot be
    entered, `ValidationFailed` for one that would run something at the login. Others that cannot be
    entered are left out; adds a warning for each.
    """
    named = {name for user in users for name in user.databases}
    databases = _databases(session, named)
    warnings += _settings_for_everybody(session)
    with_login_trigger = login_triggers(session)
    enterable = []
    for database in databases:
        has_login_trigger = database.name in with_login_trigger
        if has_login_trigger and database.name in named:
            raise fires_at_login(database.name)
        obstacle = _obstacle(session, database, has_login_trigger)
        if obstacle and database.name in named:
            raise ConfigurationError(
                f"The user templates name database {database.name}, which the master user cannot "
                f"enter: {obstacle}. Change that in production (GRANT CONNECT ON DATABASE … TO …, "
                "where that is missing), or leave it out."
            )
        if obstacle:
            warnings.append(f"Database {database.name} was not examined: {obstacle}.")
        else:
            enterable.append(database.name)
    return enterable


def named_databases(session: Session, users: Sequence[UserTemplate]) -> list[str]:
    """The databases of the templates that the master user can enter as they are, safely.

    Raises `ConfigurationError` for one that does not exist.
    """
    named = {name for user in users for name in user.databases}
    databases = _databases(session, named)
    barred = login_triggers(session)
    return [
        database.name
        for database in databases
        if database.name in named
        and database.name not in barred
        and not (database.admits_nobody or database.is_mule_internal)
        and _has_connect(session, database.name)
    ]


def _databases(session: Session, named: set[str]) -> list[Database]:
    """All databases of the snapshot; raises `ConfigurationError` if a named one is missing."""
    rows = session.rows("Listing the databases", _DATABASES, (list(_NOT_OURS),))
    databases = [Database(*row) for row in rows]
    existing = {database.name for database in databases} - {"template1"}
    if missing := named - existing:
        raise ConfigurationError(
            f"The user templates name databases that the snapshot does not have: "
            f"{', '.join(sorted(missing))}. It has {', '.join(sorted(existing))}."
        )
    return databases


def _settings_for_everybody(session: Session) -> Iterator[str]:
    for database, setting in session.rows("Listing settings of databases", _OTHER_ROLE):
        yield (
            f"In {database}, {setting} is set for everybody: whoever may assume the role that it "
            "names starts every session as that role."
        )


def _obstacle(session: Session, database: Database, has_login_trigger: bool) -> str:
    """What keeps the master user out of a database, or ''."""
    if database.admits_nobody:
        return "it allows no connections"
    if database.is_mule_internal:
        return "PostgreSQL cannot convert its encoding to UTF-8"
    if not let_in(session, database.name, database.owner):
        return no_connect(database.owner)
    return "one of its event triggers fires at every login" if has_login_trigger else ""


def let_in(session: Session, database: str, owner: str) -> bool:
    """Let the master user connect to a database, by acting for its owner; returns whether it can.

    Membership in `rds_superuser` has not been enough since 14.7 and 15.2, and an owner may have
    revoked even its own CONNECT.
    """
    if _has_connect(session, database):
        return True
    if not can_join(session, owner):
        return False
    grant = SQL("GRANT CONNECT ON DATABASE {} TO CURRENT_USER").format(Identifier(database))
    doing = f"Entering {database}"
    return _has_connect(session, database) or (
        session.attempt(doing, grant, (), InsufficientPrivilege) and _has_connect(session, database)
    )


def no_connect(owner: str) -> str:
    """Why the master user cannot enter a database into which it was not let."""
    return (
        "the master user lacks CONNECT, which it needs also as a member of rds_superuser, and "
        f"cannot act for the owner, {owner}, to grant it"
    )


def _has_connect(session: Session, database: str) -> bool:
    statement = "SELECT pg_catalog.has_database_privilege(%s, 'CONNECT')"
    doing = f"Checking whether {database} can be entered"
    return session.rows(doing, statement, (database,)) == [(True,)]
