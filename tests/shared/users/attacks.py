"""What production does to a later restore: traps for whoever works in it as the master user."""

from collections.abc import Iterable
from typing import Any

from psycopg2.sql import SQL, Identifier, Literal

from shared.errors import ValidationFailed
from shared.users.templates import UserTemplate
from tests.local.postgres.clients import MASTER
from tests.shared.users.restored import OLD_PASSWORD, Restored

SPRUNG = "the trap has sprung"

# What the master user is made to leave behind: a function that runs anything as the master user.
GOD = (
    "CREATE FUNCTION public.god(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER "
    "AS $god$ BEGIN EXECUTE command; END $god$"
)
# What a function of the snapshot does when it runs as the master user.
_TAKEOVER = f"""
    IF current_user = '{MASTER}' AND NOT EXISTS (SELECT FROM pg_proc WHERE proname = 'god') THEN
        EXECUTE $make${GOD}$make$;
    END IF;
"""
LEFT_BEHIND = f"""
    SELECT 'function ' || proname FROM pg_proc WHERE proname = 'god'
    UNION ALL
    SELECT 'login ' || rolname FROM pg_roles
    WHERE rolcanlogin AND rolname NOT IN ('rdsadmin', '{MASTER}', 'reader', 'writer', 'owner')
    UNION ALL
    SELECT 'master in ' || pg_get_userbyid(member) FROM pg_auth_members
    WHERE roleid IN ('rds_superuser'::regrole, '{MASTER}'::regrole)
      AND pg_get_userbyid(member) <> '{MASTER}'
"""

RUN = (
    "CREATE FUNCTION run(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER "
    "AS $$ BEGIN EXECUTE command; END $$"
)
READER = f"CREATE ROLE reader LOGIN PASSWORD '{OLD_PASSWORD}'"
DBA = f"CREATE ROLE dba LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'"
SERVER = (
    "CREATE FOREIGN DATA WRAPPER anything",
    "CREATE SERVER production FOREIGN DATA WRAPPER anything",
)


def trap(name: str, arguments: str, returns: str, answer: str) -> str:
    """A function that takes over whoever calls it, and answers as if nothing were."""
    return (
        f"CREATE FUNCTION {name}({arguments}) RETURNS {returns} LANGUAGE plpgsql "
        f"AS $trap$ BEGIN {_TAKEOVER} RETURN {answer}; END $trap$"
    )


def as_shop_owner(restored: Restored, *statements: str, database: str = "shop") -> None:
    restored.run(*statements, user="shop_owner", password=OLD_PASSWORD, database=database)


def give_database_to_shop_owner(restored: Restored) -> None:
    """An application that owns its database, as it is usual."""
    restored.run("GRANT shop_owner TO CURRENT_USER", "ALTER DATABASE shop OWNER TO shop_owner")
    restored.run("REVOKE shop_owner FROM CURRENT_USER")


def mentions(sentences: Iterable[str], *words: str) -> bool:
    """Whether one sentence has all the words."""
    return any(all(word in sentence for word in words) for sentence in sentences)


def all_warnings(restored: Restored, *users: UserTemplate, **choices: Any) -> tuple[str, ...]:
    """The warnings, or the refusal: either counts as a warning."""
    try:
        return restored.prepare(*users, **choices).warnings
    except ValidationFailed as error:
        return (str(error),)


def as_operators(restored: Restored, *statements: str, database: str = "shop") -> None:
    """As a group with CREATEROLE that nobody can log in as."""
    restored.run("CREATE ROLE operators CREATEROLE")
    restored.run(
        "GRANT operators TO CURRENT_USER", "GRANT CREATE ON SCHEMA public TO operators",
        f"GRANT CREATE ON DATABASE {database} TO operators", "SET ROLE operators", *statements,
        database=database,
    )  # fmt: skip
    restored.run(f"REVOKE CREATE ON DATABASE {database} FROM operators",
                 "REVOKE operators FROM CURRENT_USER", database=database)  # fmt: skip


def lay_mines(restored: Restored, database: str, schema: str = "evil") -> int:
    """Shadow every function, operator, relation and type of pg_catalog; each raises an error.

    A name that is resolved anywhere but in pg_catalog then ends the set-up.
    """
    mines = SQL(
        """
        DO $lay$
        DECLARE item record; laid integer := 0; mine text;
        BEGIN
            EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', {schema});
            mine := format('AS $mine$ BEGIN RAISE EXCEPTION ''{sprung}''; END $mine$');
            FOR item IN
                SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments,
                       format_type(p.prorettype, NULL) AS returns, p.proretset
                FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
                  AND p.prokind = 'f'
            LOOP
                BEGIN
                    EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS %s %s LANGUAGE plpgsql %s',
                        {schema}, item.proname, item.arguments,
                        CASE WHEN item.proretset THEN 'SETOF' ELSE '' END, item.returns, mine);
                    laid := laid + 1;
                EXCEPTION WHEN OTHERS THEN NULL;  -- internal types
                END;
            END LOOP;
            FOR item IN
                SELECT o.oprname, o.oid, format_type(o.oprleft, NULL) AS l,
                       format_type(o.oprright, NULL) AS r,
                       format_type(o.oprresult, NULL) AS returns,
                       o.oprleft = 0 AS is_prefix
                FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace
            LOOP
                BEGIN
                    EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql %s',
                        {schema}, 'operator_' || item.oid,
                        CASE WHEN item.is_prefix THEN item.r ELSE item.l || ', ' || item.r END,
                        item.returns, mine);
                    EXECUTE format('CREATE OPERATOR %I.%s (%s RIGHTARG = %s, FUNCTION = %I.%I)',
                        {schema}, item.oprname,
                        CASE WHEN item.is_prefix THEN '' ELSE format('LEFTARG = %s,', item.l) END,
                        item.r, {schema}, 'operator_' || item.oid);
                    laid := laid + 1;
                EXCEPTION WHEN OTHERS THEN NULL;
                END;
            END LOOP;
            EXECUTE format('CREATE FUNCTION %I.sprung() RETURNS boolean LANGUAGE plpgsql %s',
                {schema}, mine);
            FOR item IN
                SELECT c.relname FROM pg_class c
                WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v')
            LOOP
                BEGIN
                    EXECUTE format('CREATE VIEW %I.%I AS SELECT * FROM pg_catalog.%I'
                        ' WHERE %I.sprung()', {schema}, item.relname, item.relname, {schema});
                    laid := laid + 1;
                EXCEPTION WHEN OTHERS THEN NULL;  -- pseudo-types
                END;
            END LOOP;
            FOREACH mine IN ARRAY ARRAY['text', 'name', 'oid', 'regclass', 'regprocedure', 'bool']
            LOOP
                EXECUTE format('CREATE DOMAIN %I.%I AS pg_catalog.%I CHECK (%I.sprung())',
                    {schema}, mine, mine, {schema});
                laid := laid + 1;
            END LOOP;
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', {schema});
            EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO PUBLIC', {schema});
            CREATE TEMPORARY TABLE laid_mines AS SELECT laid;
        END $lay$
        """
    ).format(schema=Literal(schema), sprung=SQL(SPRUNG))
    rows = restored.as_superuser(mines, "SELECT laid FROM laid_mines", database=database)
    path = SQL("ALTER DATABASE {} SET search_path = {}, public, pg_catalog").format(
        Identifier(database), Identifier(schema)
    )
    restored.as_superuser(path)
    ((laid,),) = rows
    return int(laid)
