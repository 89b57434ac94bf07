"""Statements that grant a user what it lacks of its template.

What a user has is read from the access lists, and means a grant to the user itself: what it has
through a group or through PUBLIC may be taken away later.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from psycopg2.sql import SQL, Composed, Identifier

from shared.users.granting import rights
from shared.users.master.sessions import Session
from shared.users.slices import AT_ONCE, in_parts
from shared.users.templates import UserTemplate

# Each with the kind as GRANT names it.
_NAMED = """
    SELECT 'DATABASE', datname FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database() AND NOT {has_database}
    UNION ALL
    SELECT 'SCHEMA', nspname FROM pg_catalog.pg_namespace
    WHERE nspname = ANY (%(schemas)s::pg_catalog.text[]) AND NOT {has_schema}
      AND pg_catalog.pg_get_userbyid(nspowner) <> ALL (%(ungrantable)s::pg_catalog.text[])
    ORDER BY 1, 2
"""
_RELATIONS = """
    SELECT c.oid, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid > %(after)s::pg_catalog.oid
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND n.nspname = ANY (%(schemas)s::pg_catalog.text[])
      AND pg_catalog.pg_get_userbyid(c.relowner) <> ALL (%(ungrantable)s::pg_catalog.text[])
      AND CASE c.relkind WHEN 'S' THEN NOT {has_sequence} ELSE NOT {has_table} END
    ORDER BY c.oid LIMIT %(limit)s
"""
_IN_FUTURE = """
    SELECT pg_catalog.pg_get_userbyid(d.defaclrole), 'TABLES', n.nspname
    FROM pg_catalog.pg_default_acl d JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
    WHERE d.defaclobjtype = 'r' AND {has_table}
    UNION ALL
    SELECT pg_catalog.pg_get_userbyid(d.defaclrole), 'SEQUENCES', n.nspname
    FROM pg_catalog.pg_default_acl d JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
    WHERE d.defaclobjtype = 'S' AND {has_sequence}
"""
_HAS = """(%({kind})s::pg_catalog.text[] <@ ARRAY(
        SELECT a.privilege_type FROM pg_catalog.aclexplode({acl}) a
        JOIN pg_catalog.pg_roles g ON g.oid = a.grantee WHERE g.rolname = %(user)s))"""


class Part(NamedTuple):
    """Statements that belong into one transaction, and how many objects they name."""

    statements: list[Composed]
    size: int


class Missing:
    """What one user lacks in one database."""

    def __init__(self, session: Session, user: UserTemplate) -> None:
        self._session = session
        self._user = user
        self._rights = {
            "database": rights.DATABASE[user.template],
            "schema": rights.SCHEMA[user.template],
            "table": rights.on_tables(session.major_version)[user.template],
            "sequence": rights.SEQUENCE[user.template],
        }

    def on_existing(self, ungrantable: Sequence[str]) -> Iterator[Part]:
        """What is to be granted on what is there, except for what belongs to some owners."""
        named = _query(_NAMED, has_database="datacl", has_schema="nspacl")
        for some in in_parts(self._rows(named, ungrantable=[*ungrantable])):
            yield self._grants(some)
        relations = _query(_RELATIONS, has_sequence="c.relacl", has_table="c.relacl")
        values: dict[str, object] = {"ungrantable": [*ungrantable], "limit": AT_ONCE}
        after, is_full = 0, True
        while is_full:
            rows = self._rows(relations, **values, after=after)
            if rows:
                yield self._grants([row[1:] for row in rows])
                after = rows[-1][0]
            is_full = len(rows) == AT_ONCE

    def on_future(self, makers: Iterable[tuple[str, Sequence[str]]]) -> Iterator[Part]:
        """What is to be granted on tables and sequences that roles will make in some schemas.

        `makers` are role and schemas; the user's own schemas and other roles count.
        """
        wanted = {
            (role, kind, schema)
            for role, schemas in makers
            if role != self._user.username
            for schema in {*schemas} & {*self._user.schemas}
            for kind in ("TABLES", "SEQUENCES")
        }
        query = _query(_IN_FUTURE, has_table="d.defaclacl", has_sequence="d.defaclacl")
        for some in in_parts(sorted(wanted - {*self._rows(query)})):
            statements = [
                SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} {}").format(
                    Identifier(role),
                    SQL(", ").join(Identifier(schema) for _, _, schema in alike),
                    self._grant(kind, []),
                )
                for (role, kind), alike in groupby(some, key=lambda row: row[:2])
            ]
            yield Part(statements, len(some))

    def _rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        known: dict[str, object] = {kind: [*given] for kind, given in self._rights.items()}
        known |= {"user": self._user.username, "schemas": [*self._user.schemas]}
        doing = f"Listing what {self._user.username} lacks"
        return self._session.rows(doing, query, {**known, **values})

    def _grants(self, rows: Sequence[tuple[Any, ...]]) -> Part:
        """One statement for each kind, of rows of kind and name."""
        by_kind: dict[str, list[Identifier]] = {}
        for kind, *name in rows:
            by_kind.setdefault(kind, []).append(Identifier(*name))
        return Part([self._grant(kind, names) for kind, names in by_kind.items()], len(rows))

    def _grant(self, kind: str, names: Sequence[Identifier]) -> Composed:
        """A GRANT on things by name, or the part of ALTER DEFAULT PRIVILEGES that has no names."""
        return SQL("GRANT {} ON {} {} TO {}").format(
            SQL(", ").join(map(SQL, self._rights[kind.lower().removesuffix("s")])),
            SQL(kind),
            SQL(", ").join(names),
            Identifier(self._user.username),
        )


def _query(text: str, **lists: str) -> str:
    """Complete a query: `has_table="c.relacl"` stands for all that is wanted being in that list."""
    conditions = {
        name: _HAS.format(kind=name.removeprefix("has_"), acl=acl) for name, acl in lists.items()
    }
    return text.format(**conditions)
