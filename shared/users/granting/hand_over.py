"""What a user gets back from its retired role: its policies, and an owner what it owned."""

from collections.abc import Iterator, Sequence

import psycopg2
from psycopg2.sql import SQL, Composable, Identifier

from shared.errors import ValidationFailed
from shared.users.master.powers import can_join, described, join, powers
from shared.users.master.sessions import Session
from shared.users.retired_roles import Retired
from shared.users.templates import Template, UserTemplate

_POLICIES = """
    SELECT n.nspname, c.relname, p.polname, pg_catalog.pg_get_userbyid(c.relowner),
           ARRAY(SELECT pg_catalog.pg_get_userbyid(member)::pg_catalog.text
                 FROM pg_catalog.unnest(p.polroles) AS members(member) ORDER BY 1)
    FROM pg_catalog.pg_policy p
    JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles r ON r.oid = ANY (p.polroles)
    WHERE r.rolname = %s ORDER BY 1, 2, 3
"""
# Whether it owns a database, or something in this one.
_OWNS = """
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
        WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.deptype = 'o'
          AND r.rolname = %s
          AND s.dbid IN (0, (SELECT oid FROM pg_catalog.pg_database
                             WHERE datname = pg_catalog.current_database())))
"""
_OWNED_DATABASES = """
    SELECT datname FROM pg_catalog.pg_database
    WHERE pg_catalog.pg_get_userbyid(datdba) = %s ORDER BY 1
"""

# Schemas, with their owners, where a role owns something whose owner needs CREATE on the schema.
_PLACES = """
    WITH held(schema, owner) AS (
        SELECT relnamespace, relowner FROM pg_catalog.pg_class
        UNION SELECT pronamespace, proowner FROM pg_catalog.pg_proc
        UNION SELECT typnamespace, typowner FROM pg_catalog.pg_type
        UNION SELECT collnamespace, collowner FROM pg_catalog.pg_collation
        UNION SELECT connamespace, conowner FROM pg_catalog.pg_conversion
        UNION SELECT oprnamespace, oprowner FROM pg_catalog.pg_operator
        UNION SELECT opcnamespace, opcowner FROM pg_catalog.pg_opclass
        UNION SELECT opfnamespace, opfowner FROM pg_catalog.pg_opfamily
        UNION SELECT stxnamespace, stxowner FROM pg_catalog.pg_statistic_ext
        UNION SELECT cfgnamespace, cfgowner FROM pg_catalog.pg_ts_config
        UNION SELECT dictnamespace, dictowner FROM pg_catalog.pg_ts_dict
    )
    SELECT DISTINCT n.nspname, pg_catalog.pg_get_userbyid(n.nspowner)
    FROM held JOIN pg_catalog.pg_namespace n ON n.oid = held.schema
    JOIN pg_catalog.pg_roles r ON r.oid = held.owner
    WHERE r.rolname = %(role)s AND n.nspowner <> r.oid
      AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')
      AND NOT pg_catalog.has_schema_privilege(%(owner)s, n.oid, 'CREATE')
    ORDER BY 1
"""
# The server's errors for an object that cannot be transferred, or not by the master user.
_CANNOT = (
    psycopg2.errors.InsufficientPrivilege,
    psycopg2.errors.FeatureNotSupported,
    psycopg2.errors.ObjectNotInPrerequisiteState,
    psycopg2.errors.DependentObjectsStillExist,
    psycopg2.errors.RaiseException,
)


def hand_over(
    session: Session, retired: Retired, users: Sequence[UserTemplate], database: str, admin: str
) -> Iterator[str]:
    """Give the user of a retired role its policies, and what it owned if it is an owner.

    Yields a warning for what could not be given. Raises `ValidationFailed` where an owner would
    need powers to have it.
    """
    for user in users:
        if user.username == retired.username:
            yield from _carry_policies(session, retired)
            if user.template is Template.OWNER:
                yield from _give_back(session, retired, user, database, admin)


def _give_back(
    session: Session, retired: Retired, user: UserTemplate, database: str, admin: str
) -> Iterator[str]:
    """Give an owner what it owned; where a kind of thing cannot be given, let it act for its owner.

    Owning something in a schema requires CREATE on it, so the user has it for the transfer.
    """
    doing = _doing(user)
    if session.rows(doing, _OWNS, (retired.role,)) != [(True,)]:
        return
    old, new = Identifier(retired.role), Identifier(user.username)
    join(session, retired.role)
    join(session, user.username)
    databases = session.rows(doing, _OWNED_DATABASES, (retired.role,))
    places = session.rows(doing, _PLACES, {"role": retired.role, "owner": user.username})
    rights = [
        *(SQL("CREATE ON SCHEMA {}").format(Identifier(schema)) for schema, _ in places),
        SQL("CREATE ON DATABASE {}").format(Identifier(database)),
    ]
    grants = [SQL("GRANT {} TO {}").format(right, new) for right in rights]
    reassign = SQL("REASSIGN OWNED BY {} TO {}").format(old, new)
    can_grant = all(can_join(session, schema_owner) for _, schema_owner in places)
    if not (can_grant and _attempt_all(session, doing, [*grants, reassign])):
        yield _let_act_for(session, retired, user, database, admin)
    # The others are in its template.
    for schema, _ in places:
        if schema not in user.schemas:
            revoke = SQL("REVOKE CREATE ON SCHEMA {} FROM {}").format(Identifier(schema), new)
            session.attempt(doing, revoke, (), *_CANNOT)
    # REASSIGN hands over databases, too, including those that the template does not name.
    for (other,) in databases:
        if other not in user.databases:
            session.run(doing, SQL("ALTER DATABASE {} OWNER TO {}").format(Identifier(other), old))


def _attempt_all(session: Session, doing: str, statements: Sequence[Composable]) -> bool:
    """Run them in order up to the first that is refused; returns whether all succeeded."""
    return all(session.attempt(doing, statement, (), *_CANNOT) for statement in statements)


def _let_act_for(
    session: Session, retired: Retired, user: UserTemplate, database: str, admin: str
) -> str:
    """Make an owner a member of its retired role, which must have no powers; returns a warning."""
    if powerful := powers(session, [retired.role], admin):
        raise ValidationFailed(
            f"User {user.username} cannot get back what it owned in {database}, and cannot be made "
            f"a member of its present owner: {described(session, powerful)}. Change the owner in "
            f"production, or choose another template for {user.username}."
        )
    grant = SQL("GRANT {} TO {}").format(Identifier(retired.role), Identifier(user.username))
    session.run(_doing(user), grant)
    return (
        f"In {database}, {user.username} could not get back what it owned (event triggers, for "
        "example, or publications for all tables cannot be transferred). It was made a member of "
        f"{retired.role} instead."
    )


def _doing(user: UserTemplate) -> str:
    return f"Giving {user.username} what it owned"


def _carry_policies(session: Session, retired: Retired) -> Iterator[str]:
    """Add the user to the policies that name its retired role; yields a warning where it cannot."""
    rows = session.rows("Listing policies", _POLICIES, (retired.role,))
    for schema, table, policy, owner, members in rows:
        if retired.username in members:
            continue
        if not can_join(session, owner):
            yield (
                f"Policy {policy} on {schema}.{table} could not be extended to the new role "
                f"{retired.username}."
            )
            continue
        session.run(
            f"Carrying policies of {retired.username} over",
            SQL("ALTER POLICY {} ON {} TO {}").format(
                Identifier(policy),
                Identifier(schema, table),
                SQL(", ").join(Identifier(role) for role in (*members, retired.username)),
            ),
        )
