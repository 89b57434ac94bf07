"""The rights of PUBLIC in a database, and what links it to other systems.

Templates decide about the schemas that they name. What PUBLIC was granted elsewhere is production's
own design: it stays, and is reported.
"""

from collections.abc import Iterator, Sequence

from shared.users.master.sessions import Session
from shared.users.wording import listed

# The rights of PUBLIC on anything, except those that PostgreSQL itself grants to PUBLIC.
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
        WHERE t.attacl IS NOT NULL AND NOT t.attisdropped AND c.oid >= 16384 AND {reachable}
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
        SELECT pg_catalog.format('future objects of %%I', pg_catalog.pg_get_userbyid(defaclrole)),
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
           '{outward}'
    FROM pg_catalog.pg_user_mappings
    UNION ALL
    SELECT pg_catalog.format('publication %%I', pubname), '{outward}'
    FROM pg_catalog.pg_publication
    UNION ALL
    SELECT pg_catalog.format('subscription %%I of %%I', subname,
                             pg_catalog.pg_get_userbyid(subowner)), '{outward}'
    FROM pg_catalog.pg_subscription
    WHERE subenabled AND subdbid = (SELECT oid FROM pg_catalog.pg_database
                                    WHERE datname = pg_catalog.current_database())
    ORDER BY place
"""
# Relations in schemas that a user of the templates may look names up in.
_REACHABLE = """EXISTS (
            SELECT FROM pg_catalog.pg_roles u
            WHERE u.rolname = ANY (%(users)s::pg_catalog.text[])
              AND pg_catalog.has_schema_privilege(u.oid, n.oid, 'USAGE'))"""
_PARAMETERS = """UNION ALL
        SELECT pg_catalog.format('setting %%I', parname), paracl, NULL
        FROM pg_catalog.pg_parameter_acl"""
# What stands in the place of a right in rows about links to other systems: those need no caller.
_OUTWARD = "reach out"


def report_public_rights(session: Session, database: str, users: Sequence[str]) -> Iterator[str]:
    """Yield a warning for each right that PUBLIC has, and one for links to other systems."""
    query = _OPEN.format(
        reachable=_REACHABLE,
        parameters=_PARAMETERS if session.major_version >= 15 else "",
        outward=_OUTWARD,
    )
    rows = session.rows("Listing what PUBLIC may do", query, {"users": [*users]})
    for rights in sorted({rights for _, rights in rows}):
        names = listed([name for name, granted in rows if granted == rights])
        if rights == _OUTWARD:
            yield f"{database} can still connect to other systems, through {names}."
        else:
            yield f"In {database}, PUBLIC has {rights} on {names}."
