"""The roles of the users: each is new, and what had its name in the snapshot is retired.

    reader (of the snapshot) ── renamed ─▶ reader_retired_5f3a21c9   no login, no powers
    reader (of the templates) ── made new: owns nothing, was granted nothing, is in no group

What a role held is spread over grants, default privileges, memberships, policies, user mappings and
objects in every database. A new role has none of it, and the retired one keeps what views and
functions of its own need. Settings come along to the new role; so do the policies that name it.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Self

import psycopg2
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from shared.users.credentials import UserTemplate
from shared.users.powers import join, open_doors, take_powers
from shared.users.sessions import Login, Session

# PostgreSQL cuts longer names. (PostgreSQL documentation, 4.1.1)
_LONGEST_NAME = 63

_WITH_NOTE = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE pg_catalog.shobj_description(oid, 'pg_authid') = %s ORDER BY 1
"""
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
# They would let a login begin as somebody else, and a new role is in no group.
_NOT_CARRIED = ("role", "session_authorization")
# Lists of names, which PostgreSQL stores quoted (`variable_is_guc_list_quote` of pg_dump).
_LISTS = (
    "search_path",
    "temp_tablespaces",
    "local_preload_libraries",
    "session_preload_libraries",
)
_POLICIES = """
    SELECT n.nspname, c.relname, p.polname, pg_catalog.pg_get_userbyid(c.relowner), o.rolsuper,
           ARRAY(SELECT pg_catalog.pg_get_userbyid(member)::pg_catalog.text
                 FROM pg_catalog.unnest(p.polroles) AS members(member) ORDER BY 1)
    FROM pg_catalog.pg_policy p
    JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles r ON r.oid = ANY (p.polroles)
    JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
    WHERE r.rolname = %s ORDER BY 1, 2, 3
"""


class Notes(NamedTuple):
    """What the comments of roles say, for people and for a second call of the same operation."""

    operation: str

    @classmethod
    def of(cls, operation_id: str, execution_arn: str, started: datetime) -> Self:
        """The notes of an operation, which nobody could write into production beforehand."""
        begun = f"{execution_arn} {started.isoformat(timespec='microseconds')}"
        return cls(f"{operation_id} ({hashlib.sha256(begun.encode()).hexdigest()[:12]})")

    def made(self, user: UserTemplate) -> str:
        """Of a user of the templates; another one when its template has changed since."""
        template = user.model_dump_json(exclude={"password"})
        digest = hashlib.sha256(template.encode()).hexdigest()[:12]
        return f"Made by Aurora restore {self.operation} from template {digest}"

    @property
    def locked(self) -> str:
        """Of a login that was in the snapshot."""
        return f"Login locked by Aurora restore {self.operation}"

    def retired(self, username: str) -> str:
        """Of a role that had the name of a user."""
        return f"Was {username} until Aurora restore {self.operation}"


class Retired(NamedTuple):
    """A role that had the name of a user of the templates, and its name now."""

    username: str
    role: str


def ensure_user(session: Session, user: UserTemplate, notes: Notes, admin: str) -> list[str]:
    """Make the user's role, if this operation has not yet; returns what could not be carried over.

    Whatever has its name and was not made by this operation is retired first. All of it is one
    transaction, so a second call finds either everything or nothing.
    """
    name, doing = Identifier(user.username), f"Setting up user {user.username}"
    told: list[str] = []
    existing = session.rows(doing, _NOTE, (user.username,))
    if existing != [(notes.made(user),)]:
        retired = _retire(session, user.username, notes, admin) if existing else None
        session.run(doing, SQL("CREATE ROLE {}").format(name))
        session.run(doing, SQL("COMMENT ON ROLE {} IS {}").format(name, Literal(notes.made(user))))
        if retired:
            told = list(_carry_settings(session, retired, user.username))
    verifier = (
        Literal(session.verifier(Login(user.username, user.password)))
        if user.password
        else SQL("NULL")
    )
    session.run(
        doing,
        SQL(
            "ALTER ROLE {} LOGIN INHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT -1 "
            "VALID UNTIL 'infinity' PASSWORD {}"
        ).format(name, verifier),
    )
    if user.auth == "iam":
        session.run(doing, SQL("GRANT rds_iam TO {}").format(name))
    return told


def retired_roles(
    session: Session, users: Sequence[UserTemplate], notes: Notes
) -> tuple[Retired, ...]:
    """The roles that had the users' names and were retired by this operation."""
    return tuple(
        Retired(user.username, role)
        for user in users
        for (role,) in session.rows(
            "Listing retired roles", _WITH_NOTE, (notes.retired(user.username),)
        )
    )


def carry_policies(session: Session, retired: Retired) -> Iterator[str]:
    """Let the policies that name a retired role name the user, too; tells which cannot."""
    rows = session.rows("Listing policies", _POLICIES, (retired.role,))
    for schema, table, policy, owner, is_superusers, members in rows:
        if retired.username in members:
            continue
        if is_superusers:
            yield f"Policy {policy} of {schema}.{table} does not name the new {retired.username}."
            continue
        join(session, owner)
        session.run(
            f"Carrying policies of {retired.username} over",
            SQL("ALTER POLICY {} ON {} TO {}").format(
                Identifier(policy),
                Identifier(schema, table),
                SQL(", ").join(Identifier(role) for role in (*members, retired.username)),
            ),
        )


def _retire(session: Session, username: str, notes: Notes, admin: str) -> str:
    doing = f"Retiring the role {username} of the snapshot"
    suffix = f"_retired_{secrets.token_hex(4)}"
    shortened = username.encode()[: _LONGEST_NAME - len(suffix)].decode(errors="ignore")
    role = shortened + suffix
    open_doors(session, username)
    old, new = Identifier(username), Identifier(role)
    session.run(doing, SQL("ALTER ROLE {} RENAME TO {}").format(old, new))
    session.run(doing, SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(new))
    note = Literal(notes.retired(username))
    session.run(doing, SQL("COMMENT ON ROLE {} IS {}").format(new, note))
    take_powers(session, [role], admin)
    return role


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
        refusals = (
            psycopg2.errors.InvalidParameterValue,
            psycopg2.errors.UndefinedObject,
            psycopg2.errors.InvalidName,
        )
        if not session.attempt(doing, statement, (), *refusals):
            where = f" in {database}" if database else ""
            yield f"The setting {name} of {username}{where} could not be carried over."


def _setting(name: str, value: str) -> Composable:
    if name.lower() not in _LISTS or not value:
        return Literal(value)
    quoted = re.findall(r'\s*("(?:[^"]|"")*"|[^,]*)\s*(?:,|$)', value)
    names = [
        one[1:-1].replace('""', '"') if one.startswith('"') else one.strip()
        for one in quoted
        if one.strip()
    ]
    listed: Composed = SQL(", ").join(map(Literal, names))
    return listed
