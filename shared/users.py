"""Users of a restored database, made from the templates: roles, grants, future tables too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg2.sql import SQL, Composed, Identifier, Literal

from shared.credentials import Template, UserTemplate, is_reserved
from shared.errors import ConfigurationError
from shared.postgres import Login, Server, Session

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

_NOT_OURS_TO_SERVE = {"template0", "template1", "rdsadmin"}

_RELATIONS = """
    SELECT n.nspname, c.relname, c.relkind = 'S', pg_get_userbyid(c.relowner)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    ORDER BY 1, 2
"""
_CONTAINER_OWNERS = """
    SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
    UNION SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = ANY(%s)
"""
_GROUPS = """
    SELECT held.rolname
    FROM pg_auth_members JOIN pg_roles held ON held.oid = roleid
    JOIN pg_roles holder ON holder.oid = member WHERE holder.rolname = %s
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view or sequence."""

    schema: str
    name: str
    is_sequence: bool
    owner: str


def set_up(server: Server, users: Sequence[UserTemplate]) -> None:
    """Create or change every user, and grant what its template says; twice is as once.

    Raises `ConfigurationError` for a database or schema that the snapshot does not have.
    """
    with server.as_admin() as session:
        _check_databases(session, users)
        for user in users:
            _ensure_role(session, user)
    for database in sorted({name for user in users for name in user.databases}):
        here = [user for user in users if database in user.databases]
        with server.as_admin(database) as session:
            _grant_all(session, here, database, server.admin.username)


def _check_databases(session: Session, users: Sequence[UserTemplate]) -> None:
    rows = session.rows("Listing the databases", "SELECT datname FROM pg_database")
    there = {name for (name,) in rows} - _NOT_OURS_TO_SERVE
    missing = {name for user in users for name in user.databases} - there
    if missing:
        raise ConfigurationError(
            f"The user templates name databases that the snapshot does not have: "
            f"{_listed(missing)}. It has {_listed(there)}."
        )


def _ensure_role(session: Session, user: UserTemplate) -> None:
    """A role that can log in this one way, and is a member of nothing it came along with."""
    name, doing = Identifier(user.username), f"Setting up user {user.username}"
    if not session.rows(doing, "SELECT 1 FROM pg_roles WHERE rolname = %s", (user.username,)):
        session.run(doing, SQL("CREATE ROLE {}").format(name))
    for (group,) in session.rows(doing, _GROUPS, (user.username,)):
        session.run(doing, SQL("REVOKE {} FROM {}").format(Identifier(group), name))
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


def _grant_all(session: Session, users: Sequence[UserTemplate], database: str, admin: str) -> None:
    schemas = sorted({schema for user in users for schema in user.schemas})
    _check_schemas(session, schemas, database)
    relations = [
        relation
        for row in session.rows("Listing the tables", _RELATIONS, (schemas,))
        if not is_reserved((relation := Relation(*row)).owner)
    ]
    containers = session.rows("Listing the owners", _CONTAINER_OWNERS, (schemas,))
    owners = {relation.owner for relation in relations} | {owner for (owner,) in containers}
    owners = {owner for owner in owners if owner != admin and not is_reserved(owner)}
    new_owners = {user.username for user in users if user.template is Template.OWNER}
    for role in sorted(owners | new_owners):
        _join(session, role)
    for user in users:
        if user.template is Template.OWNER:
            _give(session, user, (SQL("{} ").format(Identifier(role)) for role in owners))
        _give(session, user, _grants(user, database, relations))
        for creator in sorted({admin, *owners, *new_owners} - {user.username}):
            _grant_on_future_tables(session, user, creator)


def _check_schemas(session: Session, schemas: Sequence[str], database: str) -> None:
    rows = session.rows("Listing the schemas", "SELECT nspname FROM pg_namespace")
    missing = set(schemas) - {name for (name,) in rows}
    if missing:
        raise ConfigurationError(
            f"The user templates name schemas that database {database} of the snapshot does not "
            f"have: {_listed(missing)}."
        )


def _join(session: Session, role: str) -> None:
    """Let the admin act for a role: it is no superuser, and only an owner can grant."""
    doing = f"Joining role {role}"
    is_member = session.rows(doing, "SELECT pg_has_role(%s, 'USAGE')", (role,))
    if is_member != [(True,)]:
        session.run(doing, SQL("GRANT {} TO CURRENT_USER").format(Identifier(role)))


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
    for grant in grants:
        session.run(
            f"Granting to {user.username}",
            SQL("GRANT {} TO {}").format(grant, Identifier(user.username)),
        )


def _grant_on_future_tables(session: Session, user: UserTemplate, creator: str) -> None:
    """What the template gives on tables and sequences that `creator` makes from now on."""
    for schema in user.schemas:
        for rights, word in ((_TABLES, "TABLES"), (_SEQUENCES, "SEQUENCES")):
            session.run(
                f"Granting future {word.lower()} to {user.username}",
                SQL(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT {} ON {} TO {}"
                ).format(
                    Identifier(creator),
                    Identifier(schema),
                    rights[user.template],
                    SQL(word),
                    Identifier(user.username),
                ),
            )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
