"""Statements that grant a user what it lacks of its template.

What a user has is read from the access lists, and means a grant to the user itself: what it has
through a group or through PUBLIC may be taken away later.

Each text is one transaction. PostgreSQL 18 locks every table that a GRANT names, and the locks of a
transaction have to fit into a table for all sessions: 64 per session by default.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from psycopg2.sql import SQL, Composed, Identifier

from shared.users.granting import rights
from shared.users.granting.rights import Rights
from shared.users.master.sessions import Session
from shared.users.templates import UserTemplate

_AT_ONCE = 1000
"""Relations or schemas in one transaction."""

_DATABASE = """
    SELECT datname FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database() AND NOT {is_granted}
"""
_SCHEMAS = """
    SELECT nspname FROM pg_catalog.pg_namespace
    WHERE nspname = ANY (%(schemas)s::pg_catalog.text[]) AND NOT {is_granted} ORDER BY 1
"""
_RELATIONS = """
    SELECT c.oid, n.nspname, c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid > %(after)s::pg_catalog.oid
      AND c.relkind::pg_catalog.text = ANY (%(kinds)s::pg_catalog.text[])
      AND n.nspname = ANY (%(schemas)s::pg_catalog.text[])
      AND pg_catalog.pg_get_userbyid(c.relowner) <> ALL (%(ungrantable)s::pg_catalog.text[])
      AND NOT {is_granted}
    ORDER BY c.oid LIMIT %(limit)s
"""
_IN_FUTURE = """
    SELECT pg_catalog.pg_get_userbyid(defaclrole), nspname
    FROM pg_catalog.pg_default_acl JOIN pg_catalog.pg_namespace n ON n.oid = defaclnamespace
    WHERE defaclobjtype::pg_catalog.text = %(kind)s AND {is_granted}
"""
_IS_GRANTED = """(%(rights)s::pg_catalog.text[] <@ ARRAY(
        SELECT a.privilege_type FROM pg_catalog.aclexplode({acl}) a
        JOIN pg_catalog.pg_roles g ON g.oid = a.grantee WHERE g.rolname = %(user)s))"""

# As `pg_class` and `pg_default_acl` have the kinds, and as statements do.
_TABLES = ("r", "p", "v", "m", "f")
_SEQUENCES = ("S",)


def on_existing(
    session: Session, user: UserTemplate, ungrantable: Sequence[str]
) -> Iterator[Composed]:
    """What is to be granted on what is there, except for the relations of some owners."""
    kind = user.template
    yield from _on_named(session, user, _query(_DATABASE, "datacl"), "DATABASE", rights.DATABASE)
    yield from _on_named(session, user, _query(_SCHEMAS, "nspacl"), "SCHEMA", rights.SCHEMA)
    for kinds, word, given in (
        (_TABLES, "TABLE", rights.on_tables(session.major_version)),
        (_SEQUENCES, "SEQUENCE", rights.SEQUENCE),
    ):
        wanted = {"rights": [*given[kind]], "kinds": [*kinds], "ungrantable": [*ungrantable]}
        for relations in _relations(session, user, wanted):
            yield _grant(given[kind], word, relations, user)


def on_future(
    session: Session, user: UserTemplate, makers: Iterable[tuple[str, Sequence[str]]]
) -> Iterator[Composed]:
    """What is to be granted on tables and sequences that roles will make in some schemas.

    `makers` are role and schemas; the user's own schemas and other roles count.
    """
    pairs = {
        (role, schema)
        for role, schemas in makers
        if role != user.username
        for schema in schemas
        if schema in user.schemas
    }
    for kind, word, given in (
        ("r", "TABLES", rights.on_tables(session.major_version)),
        ("S", "SEQUENCES", rights.SEQUENCE),
    ):
        wanted = [*given[user.template]]
        values = {"user": user.username, "kind": kind, "rights": wanted}
        granted = {*session.rows(_doing(user), _query(_IN_FUTURE, "defaclacl"), values)}
        for some in _in_parts(sorted(pairs - granted)):
            yield SQL("; ").join(
                SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} {}").format(
                    Identifier(role),
                    SQL(", ").join(Identifier(schema) for _, schema in of_role),
                    _grant(wanted, word, [], user),
                )
                for role, of_role in groupby(some, key=lambda pair: pair[0])
            )


def _on_named(
    session: Session, user: UserTemplate, query: str, word: str, given: Rights
) -> Iterator[Composed]:
    wanted = given[user.template]
    rows = session.rows(_doing(user), query, _values(user) | {"rights": [*wanted]})
    for some in _in_parts(rows):
        yield _grant(wanted, word, [Identifier(name) for (name,) in some], user)


def _relations(
    session: Session, user: UserTemplate, wanted: Mapping[str, object]
) -> Iterator[list[Identifier]]:
    """Relations on which the user lacks something, some at a time, each of them once."""
    query, after = _query(_RELATIONS, "c.relacl"), 0
    values = {**_values(user), **wanted, "limit": _AT_ONCE}
    while rows := session.rows(_doing(user), query, values | {"after": after}):
        yield [Identifier(schema, name) for _, schema, name in rows]
        after = rows[-1][0]


def _values(user: UserTemplate) -> dict[str, object]:
    return {"user": user.username, "schemas": [*user.schemas]}


def _in_parts(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]


def _query(text: str, acl: str) -> str:
    return text.format(is_granted=_IS_GRANTED.format(acl=acl))


def _grant(
    wanted: Sequence[str], word: str, names: Sequence[Identifier], user: UserTemplate
) -> Composed:
    """A GRANT on things by name, or the part of ALTER DEFAULT PRIVILEGES that has no names."""
    return SQL("GRANT {} ON {} {} TO {}").format(
        SQL(", ").join(map(SQL, wanted)),
        SQL(word),
        SQL(", ").join(names),
        Identifier(user.username),
    )


def _doing(user: UserTemplate) -> str:
    return f"Listing what {user.username} lacks"
