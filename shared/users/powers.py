"""Powers over roles, databases and replication: who has them, and taking them away.

A role has the powers of every role that it is a member of, however long the way: who may not
inherit them may set the role, and who only administers a group may join it.
"""

from collections.abc import Iterable, Sequence

from psycopg2.errors import InvalidGrantOperation
from psycopg2.sql import SQL, Composable, Identifier

from shared.errors import ValidationFailed
from shared.users.known_roles import AWS_ROLES, HARMLESS_ROLES
from shared.users.sessions import Session

_POWERFUL = """
    WITH RECURSIVE reached(member, role) AS (
        SELECT oid, oid FROM pg_catalog.pg_roles WHERE rolname = ANY (%s::pg_catalog.text[])
        UNION
        SELECT reached.member, m.roleid
        FROM reached JOIN pg_catalog.pg_auth_members m ON m.member = reached.role
    )
    SELECT pg_catalog.pg_get_userbyid(member),
           pg_catalog.array_agg(rolname::pg_catalog.text ORDER BY rolname)
    FROM reached JOIN pg_catalog.pg_roles ON pg_roles.oid = role
    WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
       OR (rolname = ANY (%s::pg_catalog.text[])
           OR pg_catalog.starts_with(rolname::pg_catalog.text, 'pg_'))
          AND rolname <> ALL (%s::pg_catalog.text[])
    GROUP BY member
"""
_ATTRIBUTES = """
    SELECT rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_catalog.pg_roles
    WHERE rolname = %s
"""
_WORDS = ("CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
_GROUPS = """
    SELECT pg_catalog.pg_get_userbyid(roleid), pg_catalog.pg_get_userbyid(grantor)
    FROM pg_catalog.pg_auth_members WHERE pg_catalog.pg_get_userbyid(member) = %s ORDER BY 1, 2
"""
# Roles that the master user is a member of, without their powers, and that let it into another.
_DOORS = """
    SELECT pg_catalog.pg_get_userbyid(member) FROM pg_catalog.pg_auth_members
    WHERE pg_catalog.pg_get_userbyid(roleid) = %s AND admin_option
      AND pg_catalog.pg_has_role(member, 'MEMBER') AND NOT pg_catalog.pg_has_role(member, 'USAGE')
"""
_OWNER = """
    SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database()
"""


def powers(session: Session, roles: Iterable[str], admin: str) -> dict[str, list[str]]:
    """Those of the roles that have powers, each with the roles that these come from."""
    names = list(roles)
    if not names:
        return {}
    powerful = [*AWS_ROLES, admin]
    rows = session.rows("Looking for powers", _POWERFUL, (names, powerful, list(HARMLESS_ROLES)))
    return dict(rows)


def take_powers(session: Session, roles: Sequence[str], admin: str) -> dict[str, list[str]]:
    """Take away what a role has of powers, and return what cannot be taken, as `powers` does.

    Memberships without powers stay: views and functions of the role go on working.
    """
    powerful = powers(session, roles, admin)
    for role in powerful:
        doing = f"Taking powers from {role}"
        open_doors(session, role)
        (attributes,) = session.rows(doing, _ATTRIBUTES, (role,))
        for has, word in zip(attributes, _WORDS, strict=True):
            if has:
                session.attempt(doing, SQL("ALTER ROLE {} NO" + word).format(Identifier(role)))
        groups = session.rows(doing, _GROUPS, (role,))
        dangerous = powers(session, {group for group, _ in groups}, admin)
        for group, grantor in groups:
            if group in dangerous:
                _leave(session, role, group, grantor)
    return powers(session, powerful, admin)


def join(session: Session, role: str) -> None:
    """Let the master user act for a role: it is no superuser, and only an owner can grant.

    Raises `ValidationFailed` naming the role that it cannot become a member of.
    """
    doing = f"Joining role {role}"
    if role == "pg_database_owner":
        ((role,),) = session.rows(doing, _OWNER)
    if _acts_for(session, role):
        return
    open_doors(session, role)
    how = " WITH INHERIT TRUE, SET TRUE" if session.has_grantors else ""
    statement = SQL("GRANT {} TO CURRENT_USER" + how).format(Identifier(role))
    if not session.attempt(doing, statement, (), InvalidGrantOperation):
        raise ValidationFailed(
            f"The master user may not act for {role}: either {role} is a member of it, or it is "
            f"not let into {role}. Change that in production, then restore again."
        )


def open_doors(session: Session, role: str) -> None:
    """Become a member of the roles that administer `role`, as far as the master user may."""
    for (door,) in session.rows(f"Looking who administers {role}", _DOORS, (role,)):
        join(session, door)


def _acts_for(session: Session, role: str) -> bool:
    statement = "SELECT pg_catalog.pg_has_role(%s, 'USAGE')"
    return session.rows(f"Joining role {role}", statement, (role,)) == [(True,)]


def _leave(session: Session, role: str, group: str, grantor: str) -> None:
    """End a membership, and what was passed on by it, if its grantor's rights can be had."""
    doing = f"Ending the membership of {role} in {group}"
    by: Composable = SQL("")
    if session.has_grantors:
        is_superuser = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = %s"
        if session.rows(doing, is_superuser, (grantor,)) == [(True,)]:
            return  # only PostgreSQL's own superuser can end it
        join(session, grantor)
        by = SQL("GRANTED BY {}").format(Identifier(grantor))
    revoke = SQL("REVOKE {} FROM {} {} CASCADE")
    session.attempt(doing, revoke.format(Identifier(group), Identifier(role), by))
