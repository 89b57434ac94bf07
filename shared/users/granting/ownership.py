"""Who owns a database, its schemas and what is in them, and for whom the master user can act."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from shared.users.known_roles import is_reserved
from shared.users.master.powers import can_join
from shared.users.master.sessions import Session

# Schema and owner, once for whatever is owned; no schema for the database itself.
_OWNERS = """
    SELECT n.nspname, pg_catalog.pg_get_userbyid(c.relowner)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[])
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION
    SELECT nspname, pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace
    WHERE nspname = ANY (%(schemas)s::pg_catalog.text[])
    UNION
    SELECT NULL, pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database()
"""
# Those of an extension keep the extension's grants.
_OWNED = """
    SELECT pg_catalog.format('%%s.%%s', n.nspname, c.relname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[])
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND pg_catalog.pg_get_userbyid(c.relowner) = ANY (%(owners)s::pg_catalog.text[])
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend
                      WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objid = c.oid
                        AND deptype = 'e')
    ORDER BY 1
"""
# Owners for whom the master user cannot act yet.
_OUT_OF_REACH = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE rolname = ANY (%s::pg_catalog.text[]) AND NOT pg_catalog.pg_has_role(oid, 'USAGE')
"""
# A role that has the database's owner as its only member.
_STAND_IN = "pg_database_owner"


class Ownership(NamedTuple):
    """The owners that matter to grants in some schemas of a database."""

    database_owner: str
    owners: tuple[tuple[str | None, str], ...]
    """Schema and owner, once for whatever is owned; no schema for the database itself."""
    out_of_reach: frozenset[str] = frozenset()
    """The roles for which the master user cannot act."""

    @property
    def roles(self) -> set[str]:
        """Every role that owns anything, in reach or not."""
        return {self._acting(owner) for _, owner in self.owners}

    @property
    def ungrantable(self) -> list[str]:
        """The owners of relations, as the catalog has them, on which nothing can be granted."""
        return sorted({o for _, o in self.owners if self._acting(o) in self.out_of_reach})

    def owners_in(self, schemas: Collection[str]) -> set[str]:
        """The roles that own the database, one of these schemas or something in it.

        Only those in reach, and none of PostgreSQL's or AWS's: nobody is made a member of these.
        """
        roles = {
            self._acting(owner)
            for schema, owner in self.owners
            if schema is None or schema in schemas
        }
        return {role for role in roles - self.out_of_reach if not is_reserved(role)}

    def schemas_of(self, role: str, schemas: Sequence[str]) -> list[str]:
        """The schemas among these that a role owns, or in which it owns something."""
        own = {schema for schema, owner in self.owners if self._acting(owner) == role}
        return list(schemas) if None in own else [schema for schema in schemas if schema in own]

    def not_granted(self, session: Session, schemas: Sequence[str]) -> dict[str, list[str]]:
        """By role that the master user cannot act for: the names of what it owns there."""
        owned: dict[str, list[str]] = {}
        for role in sorted(self.out_of_reach):
            owners = [owner for _, owner in self.owners if self._acting(owner) == role]
            values = {"schemas": [*schemas], "owners": owners}
            rows = session.rows("Listing what cannot be granted", _OWNED, values)
            owned[role] = [name for (name,) in rows]
        return owned

    def _acting(self, owner: str) -> str:
        return self.database_owner if owner == _STAND_IN else owner


def join_owners(session: Session, schemas: Sequence[str]) -> Ownership:
    """Let the master user act for every owner for whom it can; returns who owns what."""
    rows = session.rows("Listing the owners", _OWNERS, {"schemas": [*schemas]})
    (database_owner,) = (owner for schema, owner in rows if schema is None)
    ownership = Ownership(database_owner, tuple(rows))
    return ownership._replace(out_of_reach=frozenset(act_for(session, ownership.roles)))


def act_for(session: Session, roles: Iterable[str]) -> set[str]:
    """Let the master user act for roles; returns those for which it cannot."""
    rows = session.rows("Listing the owners", _OUT_OF_REACH, ([*roles],))
    return {role for (role,) in rows if not can_join(session, role)}
