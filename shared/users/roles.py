"""The roles of the users: each is new, and a role of the snapshot that had its name is retired.

    reader (of the snapshot) ── renamed ─▶ reader_retired_5f3a21c9   no login, no powers
    reader (of the templates) ── made new: owns nothing, was granted nothing, is in no group

What a role held is spread over grants, default privileges, memberships, policies, user mappings and
objects in every database. A new role has none of it, and the retired one keeps what views and
functions of its own need. The new role gets the settings of the retired one, and is added to the
policies that name it; an owner gets back what it owned in the databases of its template.
"""

import re
from collections.abc import Iterator

import psycopg2
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from shared.errors import ConfigurationError
from shared.users.master.alterations import must_alter
from shared.users.master.connecting import Login
from shared.users.master.notes import Notes
from shared.users.master.sessions import Session
from shared.users.retired_roles import retire
from shared.users.templates import UserTemplate

_NOTE = """
    SELECT COALESCE(pg_catalog.shobj_description(oid, 'pg_authid'), '')
    FROM pg_catalog.pg_roles WHERE rolname = %s
"""
_SETTINGS = """
    SELECT d.datname, pg_catalog.unnest(s.setconfig)
    FROM pg_catalog.pg_db_role_setting s
    JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
    LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
    WHERE r.rolname = %s ORDER BY 1, 2
"""
# They would start a session as another role, or end with its first transaction.
_NOT_CARRIED = (
    "role",
    "session_authorization",
    "transaction_isolation",
    "transaction_read_only",
    "transaction_deferrable",
)
# Lists of names, which PostgreSQL stores quoted (`variable_is_guc_list_quote` of pg_dump).
_LISTS = (
    "search_path",
    "temp_tablespaces",
    "local_preload_libraries",
    "session_preload_libraries",
)


def ensure_user(session: Session, user: UserTemplate, notes: Notes, admin: str) -> list[str]:
    """Make the user's role unless this operation has already; `let_log_in` is another step.

    A role that has its name and was not made by this operation is retired first; returns a warning
    for each of its settings that could not be carried over. All of it is one transaction, so a
    second call sees either everything or nothing.
    """
    warnings: list[str] = []
    existing = session.rows(_doing(user), _NOTE, (user.username,))
    if existing != [(notes.made(user),)]:
        retired = retire(session, user.username, notes, admin) if existing else None
        _make(session, user, notes)
        if retired:
            warnings += _carry_settings(session, retired, user.username)
    return warnings


def _make(session: Session, user: UserTemplate, notes: Notes) -> None:
    name, note = Identifier(user.username), Literal(notes.made(user))
    session.run(_doing(user), SQL("CREATE ROLE {}").format(name))
    session.run(_doing(user), SQL("COMMENT ON ROLE {} IS {}").format(name, note))


def let_log_in(session: Session, user: UserTemplate) -> None:
    """Let a user log in as its template says, and into the roles that it names.

    Raises `ConfigurationError` for a role that the master user cannot give it.
    """
    name = Identifier(user.username)
    verifier = (
        Literal(session.verifier(Login(user.username, user.password)))
        if user.password
        else SQL("NULL")
    )
    statement = SQL(
        "ALTER ROLE {} LOGIN INHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT -1 "
        "VALID UNTIL 'infinity' PASSWORD {}"
    ).format(name, verifier)
    must_alter(session, _doing(user), user.username, statement)
    if user.auth == "iam":
        session.run(_doing(user), SQL("GRANT rds_iam TO {}").format(name))
    for role in user.roles:
        granted = SQL("GRANT {} TO {}").format(Identifier(role), name)
        if not session.attempt(_doing(user), granted, (), psycopg2.errors.InsufficientPrivilege):
            raise ConfigurationError(
                f"The master user cannot make {user.username} a member of {role}, which takes "
                "ADMIN OPTION on it. `rds_superuser` has that on pg_monitor: name it in `roles` of "
                "the users secret instead."
            )


def _doing(user: UserTemplate) -> str:
    return f"Setting up user {user.username}"


def _carry_settings(session: Session, retired: str, username: str) -> Iterator[str]:
    doing = f"Carrying settings of {username} over"
    for database, setting in session.rows(doing, _SETTINGS, (retired,)):
        name, _, value = setting.partition("=")
        if name in _NOT_CARRIED:
            continue
        statement = SQL("ALTER ROLE {} {} SET {} TO {}").format(
            Identifier(username),
            SQL("IN DATABASE {}").format(Identifier(database)) if database else SQL(""),
            Identifier(*name.split(".")),
            _setting(name, value),
        )
        # Whatever it is, the user works without it.
        refusals = (psycopg2.ProgrammingError, psycopg2.DataError, psycopg2.InternalError)
        if not session.attempt(doing, statement, (), *refusals):
            where = f" in {database}" if database else ""
            yield f"The setting {name} of {username}{where} could not be carried over."


def _setting(name: str, value: str) -> Composable:
    """A stored value as it is written in a statement: a list as several literals."""
    if name.lower() not in _LISTS or not value:
        return Literal(value)
    elements = re.findall(r'\s*("(?:[^"]|"")*"|[^,]*)\s*(?:,|$)', value)
    names = [
        element[1:-1].replace('""', '"') if element.startswith('"') else element.strip()
        for element in elements
        if element.strip()
    ]
    literals: Composed = SQL(", ").join(map(Literal, names))
    return literals
