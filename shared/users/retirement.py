"""What has a user's name in the snapshot is retired: renamed, without login and without powers.

    reader (of the snapshot) ── renamed ─▶ reader_retired_5f3a21c9   no login, no powers
    reader (of the templates) ── made new: owns nothing, was granted nothing, is in no group

What a role held is spread over grants, default privileges, memberships, policies, user mappings and
objects in every database. A new role has none of it, and the retired one keeps what views and
functions of its own need. Settings come along to the new role, and so do the policies that name it;
an owner gets back what it owned in the databases of its template.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import psycopg2
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from shared.users.credentials import Template, UserTemplate
from shared.users.notes import Notes
from shared.users.powers import join, open_doors, take_powers
from shared.users.sessions import Session

# PostgreSQL cuts longer names. (PostgreSQL documentation, 4.1.1)
_LONGEST_NAME = 63

_WITH_NOTE = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE pg_catalog.shobj_description(oid, 'pg_authid') = %s ORDER BY 1
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
_OWNED_DATABASES = """
    SELECT datname FROM pg_catalog.pg_database
    WHERE pg_catalog.pg_get_userbyid(datdba) = %s ORDER BY 1
"""


class Retired(NamedTuple):
    """A role that had the name of a user of the templates, and its name now."""

    username: str
    role: str


def retire(session: Session, username: str, notes: Notes, admin: str) -> str:
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


def carry_settings(session: Session, retired: str, username: str) -> Iterator[str]:
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


def hand_over(session: Session, old: Retired, here: Sequence[UserTemplate]) -> Iterator[str]:
    """Give a user the policies of its retired role, and an owner what that role owns here."""
    for user in here:
        if user.username != old.username:
            continue
        yield from _carry_policies(session, old)
        if user.template is Template.OWNER:
            _reassign(session, old, user)


def _reassign(session: Session, old: Retired, user: UserTemplate) -> None:
    doing = f"Giving {user.username} what it owned"
    join(session, old.role)
    join(session, user.username)
    # This hands databases over, too, also those that the template does not name.
    owned = session.rows(doing, _OWNED_DATABASES, (old.role,))
    retired, owner = Identifier(old.role), Identifier(user.username)
    session.run(doing, SQL("REASSIGN OWNED BY {} TO {}").format(retired, owner))
    for (database,) in owned:
        if database not in user.databases:
            session.run(
                doing, SQL("ALTER DATABASE {} OWNER TO {}").format(Identifier(database), retired)
            )


def _carry_policies(session: Session, retired: Retired) -> Iterator[str]:
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
