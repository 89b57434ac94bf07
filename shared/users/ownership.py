"""Who owns a database, its schemas and what is in them, and for whom the master user can act."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from shared.users.known_roles import is_reserved
from shared.users.master.powers import can_join
from shared.users.master.sessions import Session

_RELATIONS = """
    SELECT n.nspname, c.relname, c.relkind = 'S', pg_catalog.pg_get_userbyid(c.relowner),
           EXISTS (SELECT FROM pg_catalog.pg_depend
                   WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objid = c.oid
                     AND deptype = 'e')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%s::pg_catalog.text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    ORDER BY 1, 2
"""
_DATABASE_OWNER = """
    SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database()
"""
_SCHEMA_OWNERS = """
    SELECT nspname, pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace
    WHERE nspname = ANY (%s::pg_catalog.text[])
"""
# Owners for whom the master user cannot act yet.
_OUT_OF_REACH = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE rolname = ANY (%s::pg_catalog.text[]) AND NOT pg_catalog.pg_has_role(oid, 'USAGE')
"""


class Relation(NamedTuple):
    """A table, view or sequence."""

    schema: str
    name: str
    is_sequence: bool
    owner: str
    is_of_extension: bool


class Ownership(NamedTuple):
    """The owners that matter to grants in some schemas of a database."""

    database_owner: str
    schema_owners: tuple[tuple[str, str], ...]
    """Schema and owner."""
    relations: tuple[Relation, ...]
    out_of_reach: frozenset[str] = frozenset()
    """The roles for which the master user cannot act."""

    @property
    def roles(self) -> set[str]:
        """Every role that owns anything, in reach or not."""
        return {self._acting(owner) for _, owner in self._owners()}

    @property
    def grantable(self) -> list[Relation]:
        """The relations on which the master user can grant."""
        return [
            relation
            for relation in self.relations
            if self._acting(relation.owner) not in self.out_of_reach
        ]

    def owners_in(self, schemas: Collection[str]) -> set[str]:
        """The roles that own the database, one of these schemas or something in it.

        Only those in reach, and none of PostgreSQL's or AWS's: nobody is made a member of these.
        """
        roles = {
            self._acting(owner)
            for schema, owner in self._owners()
            if schema is None or schema in schemas
        }
        return {role for role in roles - self.out_of_reach if not is_reserved(role)}

    def not_granted(self, owner: str) -> list[str]:
        """Names of an owner's relations; those of an extension keep the extension's grants."""
        return [
            f"{relation.schema}.{relation.name}"
            for relation in self.relations
            if self._acting(relation.owner) == owner and not relation.is_of_extension
        ]

    def _owners(self) -> list[tuple[str | None, str]]:
        """Schema and owner, once for whatever is owned; no schema for the database itself."""
        relations = [(relation.schema, relation.owner) for relation in self.relations]
        return [*relations, *self.schema_owners, (None, self.database_owner)]

    def _acting(self, owner: str) -> str:
        """The role behind an owner: `pg_database_owner` has the database's owner as only member."""
        return self.database_owner if owner == "pg_database_owner" else owner


def join_owners(session: Session, schemas: Sequence[str]) -> Ownership:
    """Let the master user act for every owner for whom it can; returns who owns what."""
    relations = session.rows("Listing the tables", _RELATIONS, (schemas,))
    ((database_owner,),) = session.rows("Listing the owners", _DATABASE_OWNER)
    schema_owners = session.rows("Listing the owners", _SCHEMA_OWNERS, (schemas,))
    ownership = Ownership(
        database_owner=database_owner,
        schema_owners=tuple((schema, owner) for schema, owner in schema_owners),
        relations=tuple(Relation(*row) for row in relations),
    )
    return ownership._replace(out_of_reach=frozenset(act_for(session, ownership.roles)))


def act_for(session: Session, roles: Iterable[str]) -> set[str]:
    """Let the master user act for roles; returns those for which it cannot."""
    rows = session.rows("Listing the owners", _OUT_OF_REACH, ([*roles],))
    return {role for (role,) in rows if not can_join(session, role)}
