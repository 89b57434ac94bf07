"""What tables and views need besides a grant on themselves.

Defaults, checks, domains, indexes, policies and views call functions with the rights of whoever
uses the table. Where production has revoked EXECUTE from PUBLIC, a user who may write to the table
is refused nevertheless. (https://github.com/PostgREST/postgrest-docs/issues/104)
"""

from collections.abc import Iterator

from psycopg2.errors import InsufficientPrivilege, InvalidSchemaName, UndefinedFunction
from psycopg2.sql import SQL, Identifier

from shared.users.granting.ownership import act_for
from shared.users.master.sessions import Session
from shared.users.templates import UserTemplate
from shared.users.wording import listed

_RELATIONS = """
    SELECT c.oid FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[])
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
# Schema, name, types of arguments; owner; whether it runs with that owner's rights.
_FUNCTIONS = f"""
    WITH relations AS ({_RELATIONS}), used(classid, objid) AS (
        SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid
        FROM pg_catalog.pg_attrdef d WHERE d.adrelid IN (SELECT oid FROM relations)
        UNION ALL
        SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
        FROM pg_catalog.pg_constraint k
        WHERE k.conrelid IN (SELECT oid FROM relations)
           OR k.contypid IN (SELECT atttypid FROM pg_catalog.pg_attribute
                             WHERE attrelid IN (SELECT oid FROM relations))
        UNION ALL
        SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, a.atttypid
        FROM pg_catalog.pg_attribute a WHERE a.attrelid IN (SELECT oid FROM relations)
        UNION ALL
        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, oid FROM relations
        UNION ALL
        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid
        FROM pg_catalog.pg_index i WHERE i.indrelid IN (SELECT oid FROM relations)
        UNION ALL
        SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, y.oid
        FROM pg_catalog.pg_policy y WHERE y.polrelid IN (SELECT oid FROM relations)
        UNION ALL
        SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, w.oid
        FROM pg_catalog.pg_rewrite w WHERE w.ev_class IN (SELECT oid FROM relations)
    )
    SELECT DISTINCT n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes),
           pg_catalog.pg_get_userbyid(p.proowner), p.prosecdef
    FROM used JOIN pg_catalog.pg_depend d ON d.classid = used.classid AND d.objid = used.objid
     AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE NOT pg_catalog.has_function_privilege(%(user)s, p.oid, 'EXECUTE') ORDER BY 1, 2, 3
"""
# Views that read with their caller's rights, and what the caller may not read.
_VIEWS = f"""
    SELECT DISTINCT pg_catalog.format('%%s.%%s', vn.nspname, v.relname),
           pg_catalog.format('%%s.%%s', n.nspname, c.relname)
    FROM pg_catalog.pg_class v JOIN pg_catalog.pg_namespace vn ON vn.oid = v.relnamespace
    JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid
    JOIN pg_catalog.pg_depend d ON d.objid = w.oid
     AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.oid <> v.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE v.oid IN ({_RELATIONS}) AND v.relkind = 'v'
      AND EXISTS (SELECT FROM pg_catalog.pg_options_to_table(v.reloptions) o
                  WHERE o.option_name = 'security_invoker' AND o.option_value::pg_catalog.bool)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT pg_catalog.has_any_column_privilege(%(user)s, c.oid, 'SELECT')
    ORDER BY 1, 2
"""


_REFUSALS = (InsufficientPrivilege, UndefinedFunction, InvalidSchemaName)


def on_functions(session: Session, user: UserTemplate, database: str) -> Iterator[str]:
    """Let a user call the functions that its tables call; yields a warning for those it cannot.

    One that runs with its owner's rights is not granted: whoever may call it has these rights.
    """
    values = {"user": user.username, "schemas": [*user.schemas]}
    functions = session.rows(f"Listing what tables of {user.username} need", _FUNCTIONS, values)
    out_of_reach = act_for(session, {owner for *_, owner, _ in functions})
    kept: list[str] = []
    for schema, name, arguments, owner, runs_as_owner in functions:
        statement = SQL("GRANT EXECUTE ON ROUTINE {}({}) TO {}").format(
            Identifier(schema, name), SQL(arguments), Identifier(user.username)
        )
        is_grantable = not runs_as_owner and owner not in out_of_reach
        doing = f"Granting functions to {user.username}"
        if not (is_grantable and session.attempt(doing, statement, (), *_REFUSALS)):
            kept.append(f"{schema}.{name}({arguments})")
    if kept:
        yield (
            f"In {database}, tables or views of {user.username} call functions that it may not "
            f"call, so some of its statements will be refused: {listed(kept)}."
        )


def unreadable_views(session: Session, user: UserTemplate, database: str) -> Iterator[str]:
    """Yield a warning that names views whose tables a user cannot read."""
    values = {"user": user.username, "schemas": [*user.schemas]}
    rows = session.rows(f"Listing what views of {user.username} read", _VIEWS, values)
    if rows:
        names = listed([f"{view} ({table})" for view, table in rows])
        yield (
            f"In {database}, {user.username} cannot read these views, which read with their "
            f"caller's rights what is in brackets: {names}."
        )
