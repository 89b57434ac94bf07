"""The databases of a restored cluster, and which of them the master user can enter."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.errors import ConfigurationError
from shared.users.lockout.event_triggers import fires_at_login, login_triggers
from shared.users.master.powers import can_join
from shared.users.master.sessions import Session
from shared.users.templates import UserTemplate

# Nobody can connect to template0, and AWS lets nobody into rdsadmin.
_NOT_OURS = ("template0", "rdsadmin")
# In the order of the fields of `Database`.
_DATABASES = """
    SELECT datname, pg_catalog.pg_get_userbyid(datdba), datconnlimit,
           pg_catalog.pg_encoding_to_char(encoding) = 'MULE_INTERNAL'
    FROM pg_catalog.pg_database
    WHERE datallowconn AND datname <> ALL (%s::pg_catalog.text[]) ORDER BY 1
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
    """A database of the snapshot that allows connections in principle."""

    name: str
    owner: str
    connection_limit: int
    is_mule_internal: bool

    @property
    def admits_nobody(self) -> bool:
        """Whether only superusers get in: limit 0, or below -1 (an interrupted DROP DATABASE)."""
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
    rows = session.rows("Listing the databases", _DATABASES, (list(_NOT_OURS),))
    databases = [Database(*row) for row in rows]
    _check_existence(named, databases)
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
                f"enter: {obstacle}. Change that in production, or leave it out."
            )
        if obstacle:
            warnings.append(f"Database {database.name} was not examined: {obstacle}.")
        else:
            enterable.append(database.name)
    return enterable


def _check_existence(named: set[str], databases: Sequence[Database]) -> None:
    existing = {database.name for database in databases} - {"template1"}
    if missing := named - existing:
        raise ConfigurationError(
            f"The user templates name databases that the snapshot does not have: "
            f"{', '.join(sorted(missing))}. It has {', '.join(sorted(existing))}."
        )


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
    if not _may_connect(session, database):
        return f"the master user lacks CONNECT, and cannot get it by acting for {database.owner}"
    return "one of its event triggers fires at every login" if has_login_trigger else ""


def _may_connect(session: Session, database: Database) -> bool:
    return _has_connect(session, database) or (
        can_join(session, database.owner) and _has_connect(session, database)
    )


def _has_connect(session: Session, database: Database) -> bool:
    statement = "SELECT pg_catalog.has_database_privilege(%s, 'CONNECT')"
    doing = f"Checking whether {database.name} can be entered"
    return session.rows(doing, statement, (database.name,)) == [(True,)]
