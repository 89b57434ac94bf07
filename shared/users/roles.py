"""The roles of the users: each is new, and what had its name in the snapshot is retired.

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

from shared.errors import ValidationFailed
from shared.users.master.notes import Notes
from shared.users.master.powers import can_join, join, open_doors, powers, take_powers
from shared.users.master.sessions import Login, Session
from shared.users.templates import Template, UserTemplate

# PostgreSQL cuts longer names. (PostgreSQL documentation, 4.1.1)
_LONGEST_NAME = 63

_NOTE = """
    SELECT COALESCE(pg_catalog.shobj_description(oid, 'pg_authid'), '')
    FROM pg_catalog.pg_roles WHERE rolname = %s
"""
_WITH_NOTES = """
    SELECT rolname, pg_catalog.shobj_description(oid, 'pg_authid') FROM pg_catalog.pg_roles
    WHERE pg_catalog.shobj_description(oid, 'pg_authid') = ANY (%s::pg_catalog.text[]) ORDER BY 1
"""
_SETTINGS = """
    SELECT d.datname, pg_catalog.unnest(s.setconfig)
    FROM pg_catalog.pg_db_role_setting s
    JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
    LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
    WHERE r.rolname = %s ORDER BY 1, 2
"""
# They would let a login begin as somebody else, or pass with its first transaction.
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
_POLICIES = """
    SELECT n.nspname, c.relname, p.polname, pg_catalog.pg_get_userbyid(c.relowner),
           ARRAY(SELECT pg_catalog.pg_get_userbyid(member)::pg_catalog.text
                 FROM pg_catalog.unnest(p.polroles) AS members(member) ORDER BY 1)
    FROM pg_catalog.pg_policy p
    JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles r ON r.oid = ANY (p.polroles)
    WHERE r.rolname = %s ORDER BY 1, 2, 3
"""
_OWNED_DATABASES = """
    SELECT datname FROM pg_catalog.pg_database
    WHERE pg_catalog.pg_get_userbyid(datdba) = %s ORDER BY 1
"""

# Schemas that hold something of a role's that only who may create there can own, and their owners.
_PLACES = """
    WITH held(schema, owner) AS (
        SELECT relnamespace, relowner FROM pg_catalog.pg_class
        UNION SELECT pronamespace, proowner FROM pg_catalog.pg_proc
        UNION SELECT typnamespace, typowner FROM pg_catalog.pg_type
        UNION SELECT collnamespace, collowner FROM pg_catalog.pg_collation
        UNION SELECT connamespace, conowner FROM pg_catalog.pg_conversion
        UNION SELECT oprnamespace, oprowner FROM pg_catalog.pg_operator
        UNION SELECT opcnamespace, opcowner FROM pg_catalog.pg_opclass
        UNION SELECT opfnamespace, opfowner FROM pg_catalog.pg_opfamily
        UNION SELECT stxnamespace, stxowner FROM pg_catalog.pg_statistic_ext
        UNION SELECT cfgnamespace, cfgowner FROM pg_catalog.pg_ts_config
        UNION SELECT dictnamespace, dictowner FROM pg_catalog.pg_ts_dict
    )
    SELECT DISTINCT n.nspname, pg_catalog.pg_get_userbyid(n.nspowner)
    FROM held JOIN pg_catalog.pg_namespace n ON n.oid = held.schema
    JOIN pg_catalog.pg_roles r ON r.oid = held.owner
    WHERE r.rolname = %(role)s AND n.nspowner <> r.oid
      AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')
      AND NOT pg_catalog.has_schema_privilege(%(owner)s, n.oid, 'CREATE')
    ORDER BY 1
"""
# What a server says when a kind of thing cannot be given, or the master user may not give it.
_CANNOT = (
    psycopg2.errors.InsufficientPrivilege,
    psycopg2.errors.FeatureNotSupported,
    psycopg2.errors.ObjectNotInPrerequisiteState,
    psycopg2.errors.DependentObjectsStillExist,
    psycopg2.errors.RaiseException,
)


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


def retired_roles(
    session: Session, users: Sequence[UserTemplate], notes: Notes
) -> tuple[Retired, ...]:
    """The roles that had the users' names and were retired by this operation."""
    by_note = {notes.retired(user.username): user.username for user in users}
    rows = session.rows("Listing retired roles", _WITH_NOTES, ([*by_note],))
    return tuple(Retired(by_note[note], role) for role, note in rows)


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


def hand_over(
    session: Session, old: Retired, here: Sequence[UserTemplate], database: str, admin: str
) -> Iterator[str]:
    """Give a user the policies of its retired role, and an owner what that role owns here."""
    for user in here:
        if user.username != old.username:
            continue
        yield from _carry_policies(session, old)
        if user.template is Template.OWNER:
            yield from _reassign(session, old, user, database, admin)


def _reassign(
    session: Session, old: Retired, user: UserTemplate, database: str, admin: str
) -> Iterator[str]:
    """Give an owner what it owned; where a kind of thing cannot be given, let it act for its owner.

    Only who may create in a schema can own in it, so both may for the length of the transaction.
    """
    doing = f"Giving {user.username} what it owned"
    join(session, old.role)
    join(session, user.username)
    # This hands databases over, too, also those that the template does not name.
    owned = session.rows(doing, _OWNED_DATABASES, (old.role,))
    retired, owner = Identifier(old.role), Identifier(user.username)
    places = session.rows(doing, _PLACES, {"role": old.role, "owner": user.username})
    grants = [
        *(SQL("CREATE ON SCHEMA {}").format(Identifier(schema)) for schema, _ in places),
        SQL("CREATE ON DATABASE {}").format(Identifier(database)),
    ]
    can_all = all(can_join(session, holder) for _, holder in places) and all(
        session.attempt(doing, SQL("GRANT {} TO {}").format(grant, owner), (), *_CANNOT)
        for grant in grants
    )
    statement = SQL("REASSIGN OWNED BY {} TO {}").format(retired, owner)
    if not (can_all and session.attempt(doing, statement, (), *_CANNOT)):
        if sources := powers(session, [old.role], admin).get(old.role):
            raise ValidationFailed(
                f"User {user.username} cannot get back what it owned in {database}, and the role "
                f"that has it now, {old.role}, has powers by {', '.join(sources)}. Change the "
                f"owner in production, or choose another template for {user.username}."
            )
        session.run(doing, SQL("GRANT {} TO {}").format(retired, owner))
        yield (
            f"In {database}, {user.username} could not get back all that it owned (such as "
            f"publications for all tables, or event triggers). It acts for {old.role} instead."
        )
    for grant in grants:
        session.attempt(doing, SQL("REVOKE {} FROM {}").format(grant, owner), (), *_CANNOT)
    for (other,) in owned:
        if other not in user.databases:
            session.run(
                doing, SQL("ALTER DATABASE {} OWNER TO {}").format(Identifier(other), retired)
            )


def _carry_policies(session: Session, retired: Retired) -> Iterator[str]:
    """Let the policies that name a retired role name the user, too; tells which cannot."""
    rows = session.rows("Listing policies", _POLICIES, (retired.role,))
    for schema, table, policy, owner, members in rows:
        if retired.username in members:
            continue
        if not can_join(session, owner):
            yield f"Policy {policy} of {schema}.{table} does not name the new {retired.username}."
            continue
        session.run(
            f"Carrying policies of {retired.username} over",
            SQL("ALTER POLICY {} ON {} TO {}").format(
                Identifier(policy),
                Identifier(schema, table),
                SQL(", ").join(Identifier(role) for role in (*members, retired.username)),
            ),
        )
