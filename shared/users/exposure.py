"""What production leaves open to everybody, so to every user of the templates as well.

Templates decide about the schemas that they name. What PUBLIC was granted elsewhere, and functions
that run with their owner's rights whoever calls them, are production's own design: they are told,
and taken away only where the users secret says so, or where the owner has powers.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from psycopg2.sql import SQL

from shared.errors import ValidationFailed
from shared.users.event_triggers import silenced
from shared.users.known_roles import is_reserved
from shared.users.powers import join, powers
from shared.users.sessions import Session

_LONGEST_LIST = 20

# Functions that run with their owner's rights, and whom of these users they let in. Those that
# PostgreSQL itself brings have lower numbers. (transam.h, FirstNormalObjectId)
_OPEN_FUNCTIONS = """
    SELECT p.oid::pg_catalog.regprocedure::pg_catalog.text, o.rolname,
           pg_catalog.array_agg(u.rolname::pg_catalog.text ORDER BY u.rolname)
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_roles o ON o.oid = p.proowner AND NOT o.rolsuper
    JOIN pg_catalog.pg_roles u ON u.rolname = ANY (%s::pg_catalog.text[])
    WHERE p.prosecdef AND p.oid >= 16384 AND NOT pg_catalog.pg_has_role(u.oid, o.oid, 'USAGE')
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend
          WHERE classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND objid = p.oid
            AND deptype = 'e')
      AND pg_catalog.has_database_privilege(u.oid, pg_catalog.current_database(), 'CONNECT')
      AND pg_catalog.has_schema_privilege(u.oid, p.pronamespace, 'USAGE')
      AND pg_catalog.has_function_privilege(u.oid, p.oid, 'EXECUTE')
    GROUP BY 1, 2 ORDER BY 1
"""
# What everybody may do on tables, in schemas, and with what somebody makes from now on.
_OPEN_TO_EVERYBODY = """
    SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname),
           pg_catalog.string_agg(p.privilege, ', ' ORDER BY p.place)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'])
         WITH ORDINALITY AS p(privilege, place)
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend
          WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objid = c.oid
            AND deptype = 'e')
      AND pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'CONNECT')
      AND EXISTS (
          SELECT FROM pg_catalog.pg_roles u
          WHERE u.rolname = ANY (%s::pg_catalog.text[])
            AND pg_catalog.has_schema_privilege(u.oid, n.oid, 'USAGE'))
      AND CASE WHEN p.privilege IN ('DELETE', 'TRUNCATE')
          THEN pg_catalog.has_table_privilege('public', c.oid, p.privilege)
          ELSE pg_catalog.has_any_column_privilege('public', c.oid, p.privilege) END
    GROUP BY 1
    UNION ALL
    SELECT pg_catalog.format('schema %%I', nspname), 'CREATE' FROM pg_catalog.pg_namespace
    WHERE NOT pg_catalog.starts_with(nspname::pg_catalog.text, 'pg_')
      AND pg_catalog.has_schema_privilege('public', oid, 'CREATE')
    UNION ALL
    SELECT pg_catalog.format('what %%I makes', pg_catalog.pg_get_userbyid(d.defaclrole)),
           pg_catalog.string_agg(DISTINCT a.privilege_type, ', ')
    FROM pg_catalog.pg_default_acl d, pg_catalog.aclexplode(d.defaclacl) a
    WHERE a.grantee = 0 AND d.defaclobjtype IN ('r', 'S', 'n') GROUP BY 1
    ORDER BY 1
"""


class OpenFunction(NamedTuple):
    """A function with its owner's rights, and users that may call it without owning it."""

    signature: str
    owner: str
    callers: list[str]


def exposure(
    session: Session, database: str, users: Sequence[str], admin: str, *, revoke_functions: bool
) -> Iterator[str]:
    """What all users of the templates may do in a database beyond their templates.

    Takes EXECUTE away from PUBLIC on functions that run with their owner's rights if told so, and
    always where that owner has powers and is not the master user. Raises `ValidationFailed` where
    that cannot be done.
    """
    yield from _functions(session, database, users, admin, revoke_functions)
    yield from _grants_to_everybody(session, database, users)


def _functions(
    session: Session, database: str, users: Sequence[str], admin: str, revoke_all: bool
) -> Iterator[str]:
    found = _open_functions(session, users)
    if not found:
        return
    powerful = powers(session, {one.owner for one in found} - {admin}, admin)
    closed = [one for one in found if revoke_all or one.owner in powerful]
    if closed:
        with silenced(session, database):
            for one in closed:
                _close(session, database, one)
        yield (
            f"In {database}, everybody may no longer call functions that run with their owner's "
            f"rights: {_shortened([one.signature for one in closed])}."
        )
        found = _open_functions(session, users)
        for one in found:
            if one.owner in powerful:
                raise _too_powerful(database, one)
    for owner in sorted({one.owner for one in found}):
        theirs = [one for one in found if one.owner == owner]
        callers = sorted({caller for one in theirs for caller in one.callers})
        whose = (
            f"the master user's rights ({owner})" if owner == admin else f"the rights of {owner}"
        )
        yield (
            f"In {database}, {', '.join(callers)} can call functions that run with {whose}: "
            f"{_shortened([one.signature for one in theirs])}."
        )


def _open_functions(session: Session, users: Sequence[str]) -> list[OpenFunction]:
    rows = session.rows("Listing functions that run as their owner", _OPEN_FUNCTIONS, ([*users],))
    return [OpenFunction(*row) for row in rows]


def _close(session: Session, database: str, function: OpenFunction) -> None:
    if is_reserved(function.owner):
        raise _too_powerful(database, function)
    join(session, function.owner)
    session.run(
        f"Taking {function.signature} from PUBLIC",
        SQL("REVOKE EXECUTE ON ROUTINE " + function.signature + " FROM PUBLIC"),
    )


def _too_powerful(database: str, function: OpenFunction) -> ValidationFailed:
    return ValidationFailed(
        f"Function {function.signature} of database {database} runs with the rights of "
        f"{function.owner}, who has powers over roles, databases or replication, and can be called "
        f"by {', '.join(function.callers)}. Revoke EXECUTE on it in production, then restore again."
    )


def _grants_to_everybody(session: Session, database: str, users: Sequence[str]) -> Iterator[str]:
    rows = session.rows("Listing what everybody may do", _OPEN_TO_EVERYBODY, ([*users],))
    for rights in sorted({rights for _, rights in rows}):
        names = [name for name, granted in rows if granted == rights]
        yield f"In {database}, everybody may {rights} on {_shortened(names)}."


def _shortened(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_LONGEST_LIST])
    more = len(names) - _LONGEST_LIST
    return f"{shown} and {more} more" if more > 0 else shown
