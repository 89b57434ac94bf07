"""What production leaves open to everybody, so to every user of the templates as well.

Templates decide about the schemas that they name. What PUBLIC was granted elsewhere, and functions
that run with their owner's rights whoever calls them, are production's own design: they are told,
and taken away only where the users secret says so.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from psycopg2.sql import SQL

from shared.errors import ValidationFailed
from shared.users.lockout.event_triggers import EventTrigger, silenced
from shared.users.master.powers import powers, revoke_as
from shared.users.master.sessions import Session

_LONGEST_LIST = 200

# Functions that run with their owner's rights. Who may call one by its name is only half of it: a
# trigger, a view, an aggregate or a type may call it for somebody else. Those that PostgreSQL
# itself brings have lower numbers. (transam.h, FirstNormalObjectId)
_FUNCTIONS = """
    SELECT p.oid::pg_catalog.regprocedure::pg_catalog.text, o.rolname,
           pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE'),
           pg_catalog.format('%s %I.%I(%s)',
               CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, n.nspname, p.proname,
               pg_catalog.pg_get_function_identity_arguments(p.oid)),
           ARRAY(SELECT DISTINCT pg_catalog.pg_get_userbyid(a.grantor)::pg_catalog.text
                 FROM pg_catalog.aclexplode(
                     COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                 WHERE a.grantee = 0)
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_roles o ON o.oid = p.proowner
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND p.oid >= 16384 AND NOT o.rolsuper ORDER BY 1
"""
# Everybody's rights on anything, but for those that PostgreSQL itself gives to everybody.
_OPEN = """
    WITH open(place, acl, wanted) AS (
        SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname), c.relacl, NULL
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid >= 16384 AND {reachable} AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend
            WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objid = c.oid
              AND deptype = 'e')
        UNION ALL
        SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname), t.attacl, NULL
        FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE t.attacl IS NOT NULL AND c.oid >= 16384 AND {reachable}
        UNION ALL
        SELECT pg_catalog.format('schema %%I', nspname), nspacl, 'CREATE'
        FROM pg_catalog.pg_namespace
        WHERE NOT pg_catalog.starts_with(nspname::pg_catalog.text, 'pg_')
        UNION ALL
        SELECT 'the database', datacl, 'CREATE'
        FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
        UNION ALL
        SELECT pg_catalog.format('large object %%s', oid), lomacl, NULL
        FROM pg_catalog.pg_largeobject_metadata
        UNION ALL
        SELECT pg_catalog.format('foreign server %%I', srvname), srvacl, NULL
        FROM pg_catalog.pg_foreign_server
        UNION ALL
        SELECT pg_catalog.format('foreign-data wrapper %%I', fdwname), fdwacl, NULL
        FROM pg_catalog.pg_foreign_data_wrapper
        UNION ALL
        SELECT pg_catalog.format('what %%I makes', pg_catalog.pg_get_userbyid(defaclrole)),
               defaclacl, NULL
        FROM pg_catalog.pg_default_acl WHERE defaclobjtype IN ('r', 'S', 'n', 'L')
        {parameters}
    )
    SELECT place, pg_catalog.string_agg(DISTINCT a.privilege_type, ', ')
    FROM open, pg_catalog.aclexplode(acl) a
    WHERE a.grantee = 0 AND (wanted IS NULL OR a.privilege_type = wanted)
    GROUP BY place
    UNION ALL
    SELECT pg_catalog.format('user mapping of %%I to foreign server %%I', usename, srvname),
           'reach out'
    FROM pg_catalog.pg_user_mappings
    UNION ALL
    SELECT pg_catalog.format('publication %%I', pubname), 'reach out'
    FROM pg_catalog.pg_publication
    UNION ALL
    SELECT pg_catalog.format('subscription %%I of %%I', subname,
                             pg_catalog.pg_get_userbyid(subowner)), 'reach out'
    FROM pg_catalog.pg_subscription
    WHERE subenabled AND subdbid = (SELECT oid FROM pg_catalog.pg_database
                                    WHERE datname = pg_catalog.current_database())
    ORDER BY place
"""
_REACHABLE = """EXISTS (
            SELECT FROM pg_catalog.pg_roles u
            WHERE u.rolname = ANY (%(users)s::pg_catalog.text[])
              AND pg_catalog.has_schema_privilege(u.oid, n.oid, 'USAGE'))"""
_PARAMETERS = """UNION ALL
        SELECT pg_catalog.format('setting %%I', parname), paracl, NULL
        FROM pg_catalog.pg_parameter_acl"""
# How rows of the query above say that something works without anybody calling it.
_OUTWARD = "reach out"


class Function(NamedTuple):
    """A function that runs with its owner's rights, and whether everybody may call it."""

    signature: str
    owner: str
    is_open: bool
    exact: str
    """As it is named in a statement: kind, schema, name, and arguments with their modes."""
    opened_by: list[str]


def exposure(
    session: Session,
    database: str,
    users: Sequence[str],
    admin: str,
    triggers: Sequence[EventTrigger],
    *,
    revoke_functions: bool,
    others_are_locked: bool,
) -> Iterator[str]:
    """What there is to tell about a database beyond what the templates give.

    Takes EXECUTE away from PUBLIC on functions that run with their owner's rights if told so.
    Raises `ValidationFailed` naming one whose owner still has powers that were to be taken.
    """
    found = _list_functions(session)
    if revoke_functions and (closed := [one for one in found if one.is_open]):
        with silenced(session, database, triggers):
            for one in closed:
                _close(session, one)
        found = _list_functions(session)
        if still := [one.signature for one in found if one.is_open]:
            raise ValidationFailed(
                f"Functions of database {database} that run with their owner's rights cannot be "
                f"taken from PUBLIC: {_listed(still)}. Revoke EXECUTE on them in production, then "
                "restore again."
            )
        yield (
            f"In {database}, everybody may no longer call functions that run with their owner's "
            f"rights: {_listed([one.signature for one in closed])}."
        )
    if found:
        yield from _about_functions(session, database, admin, found, others_are_locked)
    reachable = _OPEN.format(
        reachable=_REACHABLE, parameters=_PARAMETERS if session.major_version >= 15 else ""
    )
    rows = session.rows("Listing what everybody may do", reachable, {"users": [*users]})
    for rights in sorted({rights for _, rights in rows}):
        names = _listed([name for name, granted in rows if granted == rights])
        if rights == _OUTWARD:
            yield f"{database} still reaches out, by {names}."
        else:
            yield f"In {database}, everybody may {rights} on {names}."


def _about_functions(
    session: Session,
    database: str,
    admin: str,
    found: Sequence[Function],
    others_are_locked: bool,
) -> Iterator[str]:
    powerful = powers(session, {one.owner for one in found} - {admin}, admin)
    # The most dangerous ones first: none of them may be hidden behind many harmless ones.
    for owner in sorted({one.owner for one in found}, key=lambda it: (it != admin, it)):
        theirs = [one for one in found if one.owner == owner]
        if owner in powerful and others_are_locked:
            raise ValidationFailed(
                f"Function {theirs[0].signature} of database {database} runs with the rights of "
                f"{owner}, whoever calls it, and {owner} has powers by "
                f"{', '.join(powerful[owner])}. Change its owner in production, then restore again."
            )
        note = ", the master user" if owner == admin else ""
        note = ", who has powers over roles or databases" if owner in powerful else note
        yield (
            f"In {database}, these functions run with the rights of {owner}{note}, whoever calls "
            f"them: {_listed([_described(one) for one in theirs])}."
        )


def _list_functions(session: Session) -> list[Function]:
    rows = session.rows("Listing functions that run as their owner", _FUNCTIONS)
    return [Function(*row) for row in rows]


def _close(session: Session, function: Function) -> None:
    revoke_as(
        session,
        f"Taking {function.signature} from PUBLIC",
        function.opened_by,
        SQL("REVOKE EXECUTE ON " + function.exact + " FROM PUBLIC"),
    )


def _described(function: Function) -> str:
    return function.signature + (" (open to everybody)" if function.is_open else "")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_LONGEST_LIST])
    more = len(names) - _LONGEST_LIST
    return f"{shown} and {more} more" if more > 0 else shown
