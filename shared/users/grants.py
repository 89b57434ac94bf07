"""What the templates give: on existing tables, and on future ones."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from psycopg2.errors import InsufficientPrivilege
from psycopg2.sql import SQL, Composed, Identifier

from shared.errors import ConfigurationError, ValidationFailed
from shared.users.master.alterations import WITHOUT_ADMIN
from shared.users.master.powers import described, powers, revoke_as, take_powers
from shared.users.master.sessions import Session
from shared.users.ownership import Ownership, Relation, act_for, join_owners
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


def check_schemas(session: Session, users: Sequence[UserTemplate], database: str) -> None:
    """Raise `ConfigurationError` naming the schemas that a database does not have."""
    existing = {name for (name,) in session.rows("Listing the schemas", _SCHEMAS)}
    missing = {schema for user in users for schema in user.schemas} - existing
    if missing:
        raise ConfigurationError(
            f"The user templates name schemas that database {database} of the snapshot does not "
            f"have: {_listed(missing)}. It has {_listed(existing)}."
        )


class Grants(NamedTuple):
    """What the templates give in one database."""

    session: Session
    database: str
    admin: str
    others_are_locked: bool

    def give(self, users: Sequence[UserTemplate]) -> Iterator[str]:
        """Grant everything to its users; yields a warning for what cannot be granted.

        Raises `ValidationFailed` where an owner would get powers by owning.
        """
        schemas = sorted({schema for user in users for schema in user.schemas})
        ownership = join_owners(self.session, schemas)
        for schema in schemas:
            _close_to_public(self.session, schema)
        new_owners = {user.username for user in users if user.template is Template.OWNER}
        act_for(self.session, new_owners)
        creators = {self.admin, *new_owners, *ownership.owners_in(schemas)}
        not_groups = {self.admin, *(user.username for user in users)}
        for user in users:
            if user.template is Template.OWNER:
                groups = ownership.owners_in(user.schemas) - not_groups
                yield from self._let_own(user, sorted(groups))
            _give(self.session, user, _grants(user, self.database, ownership.grantable))
            _grant_in_future(self.session, user, sorted(creators - {user.username}))
        yield from self._not_granted(ownership)

    def _let_own(self, user: UserTemplate, groups: Sequence[str]) -> Iterator[str]:
        """Make an owner a member of the roles that own, none of which may have powers."""
        remaining = take_powers if self.others_are_locked else powers
        if powerful := remaining(self.session, groups, self.admin):
            raise ValidationFailed(
                f"User {user.username} would become a member of {_listed(powerful)} to own what is "
                f"owned there in {self.database}, which gives powers over roles, databases or "
                f"replication: {described(self.session, powerful)}. Transfer ownership in "
                "production to a role without powers, or choose another template for "
                f"{user.username}."
            )
        refused = []
        for role in groups:
            membership = SQL("GRANT {} TO {}").format(Identifier(role), Identifier(user.username))
            doing = f"Granting to {user.username}"
            if not self.session.attempt(doing, membership, (), InsufficientPrivilege):
                refused.append(role)
                continue
            rows = self.session.rows("Listing what else owners have", _ELSEWHERE, {"role": role})
            if elsewhere := [place for (place,) in rows]:
                yield (
                    f"In {self.database}, {user.username} was made a member of {role}, and so "
                    f"also has what {role} has elsewhere: {', '.join(elsewhere)}."
                )
        if refused:
            yield (
                f"In {self.database}, {user.username} has all privileges on what these roles own, "
                f"but cannot alter or drop it: {_listed(refused)}. Nobody but their administrators "
                f"can make it a member: {WITHOUT_ADMIN}."
            )

    def _not_granted(self, ownership: Ownership) -> Iterator[str]:
        for owner in sorted(ownership.out_of_reach):
            if names := ownership.not_granted(owner):
                yield (
                    f"In {self.database}, nothing was granted on the objects of {owner}, which the "
                    f"master user cannot become a member of: {_listed(names)}."
                )


def _close_to_public(session: Session, schema: str) -> None:
    """Revoke CREATE: until PostgreSQL 14 PUBLIC had it on `public`, and upgrades keep that.

    Each grant has to be revoked as the role that made it.
    """
    doing = f"Closing {schema} to PUBLIC"
    grantors = [grantor for (grantor,) in session.rows(doing, _WHO_OPENED, (schema,))]
    statement = SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC").format(Identifier(schema))
    revoke_as(session, doing, grantors, statement)


def _grants(user: UserTemplate, database: str, relations: Sequence[Relation]) -> Iterable[Composed]:
    """What the template gives on what exists now, each as the part between GRANT and TO."""
    kind = user.template
    yield SQL("{} ON DATABASE {}").format(_DATABASE[kind], Identifier(database))
    for schema in user.schemas:
        yield SQL("{} ON SCHEMA {}").format(_SCHEMA[kind], Identifier(schema))
    own = [relation for relation in relations if relation.schema in user.schemas]
    for is_sequence, word, rights in ((False, "TABLE", _TABLES), (True, "SEQUENCE", _SEQUENCES)):
        names = [Identifier(r.schema, r.name) for r in own if r.is_sequence is is_sequence]
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
