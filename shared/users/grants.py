"""What the templates give: on what is there, and on future tables."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from psycopg2.sql import SQL, Composed, Identifier

from shared.errors import ConfigurationError, ValidationFailed
from shared.users.known_roles import is_reserved
from shared.users.master.powers import can_join, powers, revoke_as, take_powers
from shared.users.master.sessions import Session
from shared.users.templates import Template, UserTemplate

_TABLES = {
    Template.READ_ONLY: SQL("SELECT"),
    Template.READ_WRITE: SQL("SELECT, INSERT, UPDATE, DELETE"),
    Template.OWNER: SQL("ALL"),
}
_SEQUENCES = {
    Template.READ_ONLY: SQL("SELECT"),
    Template.READ_WRITE: SQL("SELECT, USAGE, UPDATE"),
    Template.OWNER: SQL("ALL"),
}
_SCHEMA = {
    Template.READ_ONLY: SQL("USAGE"),
    Template.READ_WRITE: SQL("USAGE"),
    Template.OWNER: SQL("ALL"),
}
_DATABASE = {
    Template.READ_ONLY: SQL("CONNECT"),
    Template.READ_WRITE: SQL("CONNECT, TEMPORARY"),
    Template.OWNER: SQL("ALL"),
}

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
_SCHEMAS = """
    SELECT nspname FROM pg_catalog.pg_namespace
    WHERE NOT pg_catalog.starts_with(nspname::pg_catalog.text, 'pg_')
      AND nspname <> 'information_schema'
"""
_WHO_OPENED = """
    SELECT DISTINCT pg_catalog.pg_get_userbyid(a.grantor)
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
    WHERE n.nspname = %s AND a.grantee = 0 AND a.privilege_type = 'CREATE' ORDER BY 1
"""
# Owners for whom the master user does not act yet.
_OUT_OF_REACH = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE rolname = ANY (%s::pg_catalog.text[]) AND NOT pg_catalog.pg_has_role(oid, 'USAGE')
"""

# Groups that a role is in, and other databases in which it owns or was granted something.
_ELSEWHERE = """
    SELECT 'group ' || pg_catalog.pg_get_userbyid(roleid) FROM pg_catalog.pg_auth_members
    WHERE pg_catalog.pg_get_userbyid(member) = %(role)s
    UNION
    SELECT 'database ' || d.datname FROM pg_catalog.pg_shdepend s
    JOIN pg_catalog.pg_database d
      ON d.oid = CASE WHEN s.dbid = 0 AND s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
                      THEN s.objid ELSE s.dbid END
    WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND pg_catalog.pg_get_userbyid(s.refobjid) = %(role)s AND s.deptype IN ('o', 'a')
      AND d.datname <> pg_catalog.current_database()
    ORDER BY 1
"""


class Relation(NamedTuple):
    """A table, view or sequence."""

    schema: str
    name: str
    is_sequence: bool
    owner: str
    is_of_extension: bool


def check_schemas(session: Session, users: Sequence[UserTemplate], database: str) -> None:
    """Raise `ConfigurationError` naming the schemas that a database does not have."""
    there = {name for (name,) in session.rows("Listing the schemas", _SCHEMAS)}
    missing = {schema for user in users for schema in user.schemas} - there
    if missing:
        raise ConfigurationError(
            f"The user templates name schemas that database {database} of the snapshot does not "
            f"have: {_listed(missing)}. It has {_listed(there)}."
        )


class Grants:
    """What all its users get in one database.

    Raises `ValidationFailed` where an owner cannot own without getting powers.
    """

    def __init__(
        self,
        session: Session,
        users: Sequence[UserTemplate],
        database: str,
        admin: str,
        others_are_locked: bool,
    ) -> None:
        self._session = session
        self._users = users
        self._database = database
        self._admin = admin
        self._others_are_locked = others_are_locked
        self._schemas = sorted({schema for user in users for schema in user.schemas})
        rows = session.rows("Listing the tables", _RELATIONS, (self._schemas,))
        self._relations = [Relation(*row) for row in rows]
        ((self._database_owner,),) = session.rows("Listing the owners", _DATABASE_OWNER)

    def give(self) -> Iterator[str]:
        """Grant everything; tells what cannot be granted."""
        owners = self._owners()
        beyond = self._join({owner for _, owner in owners})
        for schema in self._schemas:
            _close_to_public(self._session, schema)
        names = {user.username for user in self._users}
        new_owners = {user.username for user in self._users if user.template is Template.OWNER}
        reached = {(where, owner) for where, owner in owners if owner not in beyond}
        creators = {self._admin, *new_owners, *(owner for _, owner in reached)}
        creators = {role for role in creators if not is_reserved(role)}
        self._join(new_owners)
        relations = [one for one in self._relations if self._acting(one.owner) not in beyond]
        for user in self._users:
            if user.template is Template.OWNER:
                places = ("", *user.schemas)
                theirs = {owner for where, owner in reached if where in places}
                roles = {role for role in theirs if not is_reserved(role)}
                yield from self._let_own(user, sorted(roles - names - {self._admin}))
            _give(self._session, user, _grants(user, self._database, relations))
            _grant_in_future(self._session, user, sorted(creators - {user.username}))
        for owner in sorted(beyond):
            # What an extension made has the grants that the extension gave it.
            theirs = {
                f"{one.schema}.{one.name}"
                for one in self._relations
                if one.owner == owner and not one.is_of_extension
            }
            if theirs:
                yield (
                    f"In {self._database}, nothing was granted on what belongs to {owner}, for "
                    f"whom the master user cannot act: {_listed(theirs)}."
                )

    def _acting(self, owner: str) -> str:
        """The role that stands behind an owner: this one's only member is the database's owner."""
        return self._database_owner if owner == "pg_database_owner" else owner

    def _owners(self) -> set[tuple[str, str]]:
        """Every owner, and the schema in which it owns something; '' is the database itself."""
        rows = self._session.rows("Listing the owners", _SCHEMA_OWNERS, (self._schemas,))
        owners = [(one.schema, one.owner) for one in self._relations]
        return {
            (where, self._acting(owner))
            for where, owner in [*owners, *rows, ("", self._database_owner)]
        }

    def _join(self, owners: set[str]) -> set[str]:
        """Let the master user act for owners; returns those for whom it cannot."""
        rows = self._session.rows("Listing the owners", _OUT_OF_REACH, ([*owners],))
        return {owner for (owner,) in rows if not can_join(self._session, owner)}

    def _let_own(self, user: UserTemplate, roles: Sequence[str]) -> Iterator[str]:
        """Make an owner a member of the roles that own, none of which may have powers."""
        look = take_powers if self._others_are_locked else powers
        for role, sources in look(self._session, roles, self._admin).items():
            raise ValidationFailed(
                f"User {user.username} would own what belongs to {role} in {self._database}, and "
                f"{role} has powers over roles, databases or replication, by {_listed(sources)}. "
                f"Let a role without powers own it, or choose another template for {user.username}."
            )
        for role in roles:
            _give(self._session, user, [SQL("{}").format(Identifier(role))])
            rows = self._session.rows("Looking what else owners have", _ELSEWHERE, {"role": role})
            if elsewhere := [place for (place,) in rows]:
                yield (
                    f"In {self._database}, {user.username} acts for {role}, and so has what that "
                    f"one has elsewhere: {', '.join(elsewhere)}."
                )


def _close_to_public(session: Session, schema: str) -> None:
    """Until PostgreSQL 14 everybody could make tables in schema `public`, and upgrades keep it.

    Each grant is its grantor's to take back.
    """
    doing = f"Letting not everybody make tables in {schema}"
    grantors = [grantor for (grantor,) in session.rows(doing, _WHO_OPENED, (schema,))]
    statement = SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC").format(Identifier(schema))
    revoke_as(session, doing, grantors, statement)


def _grants(user: UserTemplate, database: str, relations: Sequence[Relation]) -> Iterable[Composed]:
    """What the template gives on what is there now, each as the part between GRANT and TO."""
    kind = user.template
    yield SQL("{} ON DATABASE {}").format(_DATABASE[kind], Identifier(database))
    for schema in user.schemas:
        yield SQL("{} ON SCHEMA {}").format(_SCHEMA[kind], Identifier(schema))
    mine = [relation for relation in relations if relation.schema in user.schemas]
    for is_sequence, word, rights in ((False, "TABLE", _TABLES), (True, "SEQUENCE", _SEQUENCES)):
        names = [Identifier(r.schema, r.name) for r in mine if r.is_sequence is is_sequence]
        if names:
            yield SQL("{} ON {} {}").format(rights[kind], SQL(word), SQL(", ").join(names))


def _give(session: Session, user: UserTemplate, grants: Iterable[Composed]) -> None:
    """Grant all of it in one round trip."""
    statements = [
        SQL("GRANT {} TO {}").format(grant, Identifier(user.username)) for grant in grants
    ]
    session.run(f"Granting to {user.username}", SQL("; ").join(statements))


def _grant_in_future(session: Session, user: UserTemplate, creators: Iterable[str]) -> None:
    """What the template gives on tables and sequences that others make from now on."""
    statements = [
        SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT {} ON {} TO {}").format(
            Identifier(creator),
            Identifier(schema),
            rights[user.template],
            SQL(word),
            Identifier(user.username),
        )
        for creator in creators
        for schema in user.schemas
        for rights, word in ((_TABLES, "TABLES"), (_SEQUENCES, "SEQUENCES"))
    ]
    session.run(f"Granting future tables to {user.username}", SQL("; ").join(statements))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
