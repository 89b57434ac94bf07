"""Users of a restored database, made from the templates: roles, grants, future tables too."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from shared.credentials import Template, UserTemplate, is_reserved
from shared.errors import ConfigurationError, ValidationFailed
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
_CONTAINERS = """
    SELECT '', pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
    UNION SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = ANY(%s)
"""
_SCHEMAS = """
    SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
"""
_GROUPS = """
    SELECT pg_get_userbyid(roleid), pg_get_userbyid(grantor), grantor = 10 FROM pg_auth_members
    WHERE pg_get_userbyid(member) = %s ORDER BY 1, 2
"""
# Roles that the admin is a member of, without their powers, and that could let it into another.
_DOORS = """
    SELECT pg_get_userbyid(member) FROM pg_auth_members
    WHERE pg_get_userbyid(roleid) = %s AND admin_option
      AND pg_has_role(member, 'MEMBER') AND NOT pg_has_role(member, 'USAGE')
"""
_OWNS = """
    SELECT 1 FROM pg_shdepend JOIN pg_database ON datname = current_database()
    WHERE refclassid = 'pg_authid'::regclass AND pg_get_userbyid(refobjid) = %s
      AND deptype = 'o' AND (dbid = pg_database.oid OR classid = 'pg_database'::regclass) LIMIT 1
"""
# What somebody was granted in this database, by kind and quoted name, and who owns it.
_HELD = """
    WITH held AS (
        SELECT DISTINCT classid, objid FROM pg_shdepend
        WHERE refclassid = 'pg_authid'::regclass AND pg_get_userbyid(refobjid) = %s
          AND deptype = 'a'
          AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    )
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, objid::regclass::text,
           pg_get_userbyid(relowner)
    FROM held JOIN pg_class c ON classid = 'pg_class'::regclass AND objid = c.oid
    UNION ALL SELECT 'SCHEMA', objid::regnamespace::text, pg_get_userbyid(nspowner)
    FROM held JOIN pg_namespace n ON classid = 'pg_namespace'::regclass AND objid = n.oid
    UNION ALL SELECT 'ROUTINE', objid::regprocedure::text, pg_get_userbyid(proowner)
    FROM held JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid
    UNION ALL SELECT 'DATABASE', quote_ident(datname), pg_get_userbyid(datdba)
    FROM held JOIN pg_database d ON classid = 'pg_database'::regclass AND objid = d.oid
    WHERE datname = current_database()
"""
_HELD_IN_FUTURE = """
    SELECT DISTINCT pg_get_userbyid(defaclrole), quote_ident(nspname),
           CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
               WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END
    FROM pg_default_acl LEFT JOIN pg_namespace n ON n.oid = defaclnamespace, aclexplode(defaclacl)
    WHERE grantee <> 0 AND pg_get_userbyid(grantee) = %s AND grantee <> defaclrole
    ORDER BY 1, 2, 3
"""


class Relation(NamedTuple):
    """A table, view or sequence."""

    schema: str
    name: str
    is_sequence: bool
    owner: str


def set_up(server: Server, users: Sequence[UserTemplate]) -> None:
    """Create or change every user, and grant what its template says; twice is as once.

    A role of the same name that came along keeps its settings, and nothing it was granted.
    Raises `ConfigurationError` for a database or schema that the snapshot does not have, and for
    a template of the admin itself.
    """
    admin = server.admin.username
    if admin in {user.username for user in users}:
        raise ConfigurationError(
            f"The user templates name the master user, {admin}, which they cannot change."
        )
    with server.as_admin() as session:
        _check_databases(session, users)
        for user in users:
            _ensure_role(session, user)
    for database in sorted({name for user in users for name in user.databases}):
        here = [user for user in users if database in user.databases]
        with server.as_admin(database) as session:
            _check_schemas(session, here, database)
            for user in users:
                _take_back(session, user, admin)
            _grant_all(session, here, database, admin)


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
    _leave_groups(session, user.username)
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


def _leave_groups(session: Session, user: str) -> None:
    """End every membership, whoever granted it, and what was passed on by it."""
    doing = f"Ending the memberships of {user}"
    for group, grantor, is_by_bootstrap in session.rows(doing, _GROUPS, (user,)):
        if is_by_bootstrap:
            raise ValidationFailed(
                f"User {user} came along as a member of {group}, by a grant that only PostgreSQL's "
                f"own superuser can end: it probably made that role. Choose another username."
            )
        by: Composable = SQL("")
        if session.has_grantors:
            _join(session, grantor)
            by = SQL("GRANTED BY {}").format(Identifier(grantor))
        revoke = SQL("REVOKE {} FROM {} {} CASCADE")
        session.run(doing, revoke.format(Identifier(group), Identifier(user), by))


def _take_back(session: Session, user: UserTemplate, admin: str) -> None:
    """End what the user owns and was granted here; an owner stays the owner of what it owns."""
    name, doing = Identifier(user.username), f"Taking back what {user.username} came along with"
    if user.template is not Template.OWNER and session.rows(doing, _OWNS, (user.username,)):
        _join(session, user.username)
        session.run(doing, SQL("REASSIGN OWNED BY {} TO {}").format(name, Identifier(admin)))
    for kind, thing, owner in session.rows(doing, _HELD, (user.username,)):
        if owner == user.username or (is_reserved(owner) and owner != "pg_database_owner"):
            continue  # its own, or of an extension
        _join(session, owner)
        session.run(
            doing, SQL("REVOKE ALL ON {} {} FROM {} CASCADE").format(SQL(kind), SQL(thing), name)
        )
    for creator, schema, kind in session.rows(doing, _HELD_IN_FUTURE, (user.username,)):
        _join(session, creator)
        session.run(
            doing,
            SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} {} REVOKE ALL ON {} FROM {}").format(
                Identifier(creator),
                SQL(f"IN SCHEMA {schema}" if schema else ""),
                SQL(kind),
                name,
            ),
        )


def _grant_all(session: Session, users: Sequence[UserTemplate], database: str, admin: str) -> None:
    schemas = sorted({schema for user in users for schema in user.schemas})
    relations = [
        relation
        for row in session.rows("Listing the tables", _RELATIONS, (schemas,))
        if not is_reserved((relation := Relation(*row)).owner)
    ]
    owners = {(relation.schema, relation.owner) for relation in relations}
    owners.update(session.rows("Listing the owners", _CONTAINERS, (schemas,)))
    owners = {(where, owner) for where, owner in owners if not is_reserved(owner)}
    names = {user.username for user in users}
    new_owners = {user.username for user in users if user.template is Template.OWNER}
    creators = {admin, *new_owners, *(owner for _, owner in owners)}
    for role in sorted(creators - {admin}):
        _join(session, role)
    for schema in schemas:
        _close_to_public(session, schema)
    for user in users:
        if user.template is Template.OWNER:
            theirs = {owner for where, owner in owners if where in ("", *user.schemas)}
            roles = sorted(theirs - names - {admin})
            _give(session, user, (SQL("{}").format(Identifier(role)) for role in roles))
        _give(session, user, _grants(user, database, relations))
        for creator in sorted(creators - {user.username}):
            _grant_on_future_tables(session, user, creator)


def _check_schemas(session: Session, users: Sequence[UserTemplate], database: str) -> None:
    there = {name for (name,) in session.rows("Listing the schemas", _SCHEMAS)}
    missing = {schema for user in users for schema in user.schemas} - there
    if missing:
        raise ConfigurationError(
            f"The user templates name schemas that database {database} of the snapshot does not "
            f"have: {_listed(missing)}. It has {_listed(there)}."
        )


def _join(session: Session, role: str) -> None:
    """Let the admin act for a role: it is no superuser, and only an owner can grant."""
    doing = f"Joining role {role}"
    if session.rows(doing, "SELECT pg_has_role(%s, 'USAGE')", (role,)) == [(True,)]:
        return
    for (door,) in session.rows(doing, _DOORS, (role,)):
        _join(session, door)
    session.run(doing, SQL("GRANT {} TO CURRENT_USER").format(Identifier(role)))


def _close_to_public(session: Session, schema: str) -> None:
    """Until PostgreSQL 14 everybody could make tables in schema `public`, and upgrades keep it."""
    doing = f"Letting not everybody make tables in {schema}"
    is_open = "SELECT has_schema_privilege('public', %s, 'CREATE')"
    if session.rows(doing, is_open, (schema,)) == [(True,)]:
        session.run(doing, SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC").format(Identifier(schema)))


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
