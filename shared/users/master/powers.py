"""Powers over roles, databases and replication: who has them, and taking them away.

A role has the powers of every role that it is a direct or indirect member of: a member that does
not inherit them may SET ROLE, and one that only administers a group may join it. To administer
another role is itself a power.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from psycopg2.errors import InsufficientPrivilege, InvalidGrantOperation
from psycopg2.sql import SQL, Composable, Identifier

from shared.errors import ValidationFailed
from shared.users.known_roles import AWS_ROLES, HARMLESS_ROLES
from shared.users.master.alterations import WITHOUT_ADMIN, WITHOUT_CREATEROLE, alter
from shared.users.master.sessions import Session
from shared.users.wording import listed

_POWERFUL = """
    WITH RECURSIVE reached(member, role) AS (
        SELECT oid, oid FROM pg_catalog.pg_roles WHERE rolname = ANY (%s::pg_catalog.text[])
        UNION
        SELECT reached.member, m.roleid
        FROM reached JOIN pg_catalog.pg_auth_members m ON m.member = reached.role
    ), found(member, source) AS (
        SELECT member, rolname::pg_catalog.text
        FROM reached JOIN pg_catalog.pg_roles ON pg_roles.oid = role
        WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
           OR (rolname = ANY (%s::pg_catalog.text[])
               OR pg_catalog.starts_with(rolname::pg_catalog.text, 'pg_'))
              AND rolname <> ALL (%s::pg_catalog.text[])
        UNION
        SELECT reached.member, 'ADMIN OPTION on ' || pg_catalog.pg_get_userbyid(m.roleid)
        FROM reached JOIN pg_catalog.pg_auth_members m ON m.member = reached.role
        WHERE m.admin_option
    )
    SELECT pg_catalog.pg_get_userbyid(member), pg_catalog.array_agg(source ORDER BY source)
    FROM found GROUP BY member
"""
_CUSTOMERS = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE NOT rolsuper AND rolname <> ALL (%s::pg_catalog.text[])
      AND NOT pg_catalog.starts_with(rolname::pg_catalog.text, 'pg_')
"""
_ATTRIBUTES = """
    SELECT rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_catalog.pg_roles
    WHERE rolname = %s
"""
_WORDS = ("CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
_GROUPS = """
    SELECT pg_catalog.pg_get_userbyid(roleid), pg_catalog.pg_get_userbyid(grantor), admin_option
    FROM pg_catalog.pg_auth_members WHERE pg_catalog.pg_get_userbyid(member) = %s ORDER BY 1, 2
"""
# Roles that administer another, and of which the master user is a member without their rights.
_DOORS = """
    SELECT pg_catalog.pg_get_userbyid(member) FROM pg_catalog.pg_auth_members
    WHERE pg_catalog.pg_get_userbyid(roleid) = %s AND admin_option
      AND pg_catalog.pg_has_role(member, 'MEMBER') AND NOT pg_catalog.pg_has_role(member, 'USAGE')
"""
_IS_OURS_TO_JOIN = """
    SELECT NOT rolsuper AND rolname <> ALL (%s::pg_catalog.text[])
       AND NOT pg_catalog.starts_with(rolname::pg_catalog.text, 'pg_')
    FROM pg_catalog.pg_roles WHERE rolname = %s
"""
# Memberships that give one of these powers, granted by a superuser.
_OF_SUPERUSERS = """
    SELECT pg_catalog.pg_get_userbyid(m.member), pg_catalog.pg_get_userbyid(m.roleid), g.rolname
    FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.grantor
    WHERE g.rolsuper AND pg_catalog.pg_get_userbyid(m.member) = ANY (%s::pg_catalog.text[])
      AND (m.admin_option
           OR pg_catalog.pg_get_userbyid(m.roleid) = ANY (%s::pg_catalog.text[])) ORDER BY 1, 2
"""
_IS_IN_MASTER = "SELECT pg_catalog.pg_has_role(%s, CURRENT_USER, 'MEMBER')"
_OWNER = """
    SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database()
"""


def powers(session: Session, roles: Iterable[str], admin: str) -> dict[str, list[str]]:
    """The roles among these that have powers, each with where these come from."""
    names = list(roles)
    if not names:
        return {}
    powerful = [*AWS_ROLES, admin]
    rows = session.rows("Listing powers", _POWERFUL, (names, powerful, list(HARMLESS_ROLES)))
    return dict(rows)


def customers_roles(session: Session, admin: str) -> list[str]:
    """Every role that is neither PostgreSQL's nor AWS's nor the master user."""
    rows = session.rows("Listing the roles", _CUSTOMERS, ([*AWS_ROLES, admin],))
    return [name for (name,) in rows]


def take_powers(session: Session, roles: Sequence[str], admin: str) -> dict[str, list[str]]:
    """Take powers away from roles, and return what cannot be taken, as `powers` does.

    Memberships without powers stay, so that views and functions of a role still work.
    """
    powerful = powers(session, roles, admin)
    for role in powerful:
        doing = f"Taking powers from {role}"
        open_doors(session, role)
        # A role may have been dropped since.
        for attributes in session.rows(doing, _ATTRIBUTES, (role,)):
            for word in (word for has, word in zip(attributes, _WORDS, strict=True) if has):
                statement = SQL("ALTER ROLE {} NO" + word).format(Identifier(role))
                alter(session, doing, role, statement)
        groups = session.rows(doing, _GROUPS, (role,))
        dangerous = powers(session, {group for group, _, _ in groups}, admin)
        for group, grantor, is_admin in groups:
            if group in dangerous or is_admin:
                _leave(session, role, group, grantor)
    return powers(session, powerful, admin)


def described(session: Session, powerful: Mapping[str, Sequence[str]]) -> str:
    """Roles with powers, where these come from, and why memberships among these cannot be ended."""
    roles = "; ".join(
        f"{role} has powers through {', '.join(sources)}"
        for role, sources in sorted(powerful.items())
    )
    sources = {source for sources in powerful.values() for source in sources}
    rows = session.rows("Listing grantors", _OF_SUPERUSERS, ([*powerful], [*sources]))
    if not session.has_grantors or not rows:
        return roles
    memberships = listed([f"{member} in {group}, by {grantor}" for member, group, grantor in rows])
    return (
        f"{roles}. A superuser is the grantor of these memberships, and alone can end them: "
        f"{memberships} (PostgreSQL 16 makes its own superuser the grantor when a role is "
        "created, and an upgrade from 15 makes it the grantor of all)"
    )


def join(session: Session, role: str) -> None:
    """Let the master user act for a role: it is not a superuser, and only owners can grant.

    Raises `ValidationFailed` naming the role that it cannot become a member of.
    """
    role = _behind(session, role)
    if not _try_to_join(session, role):
        reason = (
            f"{role} is a member of the master user, directly or through others"
            if session.rows(f"Joining role {role}", _IS_IN_MASTER, (role,)) == [(True,)]
            else (WITHOUT_ADMIN if session.has_grantors else WITHOUT_CREATEROLE)
        )
        raise ValidationFailed(
            f"The master user cannot become a member of {role}: {reason}. Change that in "
            "production, then restore again."
        )


def can_join(session: Session, role: str) -> bool:
    """Let the master user act for a role if possible; returns whether it can."""
    role = _behind(session, role)
    if session.rows(f"Joining role {role}", _IS_OURS_TO_JOIN, ([*AWS_ROLES], role)) != [(True,)]:
        return _acts_for(session, role, "USAGE")
    return _try_to_join(session, role)


def revoke_as(session: Session, doing: str, grantors: Iterable[str], statement: Composable) -> None:
    """Revoke something as each of its grantors, if the master user can act for it."""
    for grantor in grantors:
        if can_join(session, grantor):
            with acting_as(session, grantor, doing):
                session.run(doing, statement)


@contextmanager
def acting_as(session: Session, role: str, doing: str) -> Iterator[None]:
    """Be another role for the block, which the master user can act for."""
    session.run(doing, SQL("SET LOCAL ROLE {}").format(Identifier(role)))
    yield
    session.run(doing, "SET LOCAL ROLE NONE")


def open_doors(session: Session, role: str) -> None:
    """Become a member of the roles that administer `role`, as far as the master user may."""
    for (door,) in session.rows(f"Listing who administers {role}", _DOORS, (role,)):
        can_join(session, door)


def is_ordinary(session: Session, role: str) -> bool:
    """Whether a role exists and is not a superuser."""
    statement = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = %s"
    return session.rows(f"Checking role {role}", statement, (role,)) == [(False,)]


def _behind(session: Session, role: str) -> str:
    """The role behind another: `pg_database_owner` has the database's owner as its only member."""
    if role != "pg_database_owner":
        return role
    ((owner,),) = session.rows(f"Joining role {role}", _OWNER)
    return str(owner)


def _try_to_join(session: Session, role: str) -> bool:
    """Become a member of a role; False if PostgreSQL refuses that. Any other error is raised."""
    can_set = session.has_grantors  # since PostgreSQL 16 a membership may come without it
    if _acts_for(session, role, "USAGE") and (not can_set or _acts_for(session, role, "SET")):
        return True
    open_doors(session, role)
    how = " WITH INHERIT TRUE, SET TRUE" if session.has_grantors else ""
    statement = SQL("GRANT {} TO CURRENT_USER" + how).format(Identifier(role))
    doing = f"Joining role {role}"
    return session.attempt(doing, statement, (), InvalidGrantOperation, InsufficientPrivilege)


def _acts_for(session: Session, role: str, how: str) -> bool:
    statement = "SELECT pg_catalog.pg_has_role(%s, %s)"
    return session.rows(f"Joining role {role}", statement, (role, how)) == [(True,)]


def _leave(session: Session, role: str, group: str, grantor: str) -> None:
    """End a membership, and those that rest on it, if the master user can act for its grantor."""
    doing = f"Ending the membership of {role} in {group}"
    by: Composable = SQL("")
    if session.has_grantors:
        # An upgrade from 15 makes PostgreSQL's own superuser the grantor of all. Nobody can join
        # that, and whether AWS lets its master user revoke as it, only an attempt can tell.
        can_join(session, grantor)
        by = SQL("GRANTED BY {}").format(Identifier(grantor))
    revoke = SQL("REVOKE {} FROM {} {} CASCADE")
    statement = revoke.format(Identifier(group), Identifier(role), by)
    session.attempt(doing, statement, (), InsufficientPrivilege)
