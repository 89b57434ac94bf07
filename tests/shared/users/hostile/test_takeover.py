"""Nothing of the snapshot runs as the master user, whatever production has prepared for it."""

from collections.abc import Callable

import pytest

from tests.local.postgres.clients import MASTER
from tests.shared.users.attacks import (
    LEFT_BEHIND,
    SPRUNG,
    as_shop_owner,
    give_database_to_shop_owner,
    lay_mines,
    trap,
)
from tests.shared.users.restored import Restored, a_user

USERS = (a_user(), a_user("writer", "read_write"), a_user("owner", "owner"))


def a_function_of_the_same_name(restored: Restored) -> None:
    as_shop_owner(restored, trap("public.pg_has_role", "text, text", "boolean", "true"))


def functions_in_the_maintenance_database(restored: Restored) -> None:
    """Where everybody may create until PostgreSQL 14, and in what was upgraded from it."""
    restored.run("GRANT CREATE ON SCHEMA public TO PUBLIC", database="postgres")
    as_shop_owner(
        restored,
        trap("public.shobj_description", "oid, text", "text", "'nothing'"),
        trap("public.encrypt_password", "text", "text", "'nothing'"),
        database="postgres",
    )


def a_search_path_of_the_database(restored: Restored) -> None:
    give_database_to_shop_owner(restored)
    as_shop_owner(
        restored,
        "CREATE SCHEMA evil",
        "GRANT USAGE ON SCHEMA evil TO PUBLIC",
        trap("evil.pg_get_userbyid", "oid", "name", "'shop_owner'"),
        trap("evil.has_table_privilege", "oid, text", "boolean", "true"),
        trap("evil.eq", "name, text", "boolean", "true"),
        "CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.eq)",
        "ALTER DATABASE shop SET search_path = evil, pg_catalog",
    )


def a_role_of_the_database(restored: Restored) -> None:
    give_database_to_shop_owner(restored)
    restored.run("GRANT shop_owner TO CURRENT_USER")
    as_shop_owner(restored, "ALTER DATABASE shop SET role = shop_owner")


def views_that_shadow_the_catalog(restored: Restored) -> None:
    give_database_to_shop_owner(restored)
    as_shop_owner(
        restored,
        "CREATE SCHEMA evil",
        "GRANT USAGE ON SCHEMA evil TO PUBLIC",
        trap("evil.visible", "", "boolean", "true"),
        "CREATE VIEW evil.pg_roles AS SELECT * FROM pg_catalog.pg_roles WHERE evil.visible()",
        "CREATE VIEW evil.pg_class AS SELECT * FROM pg_catalog.pg_class WHERE evil.visible()",
        "GRANT SELECT ON ALL TABLES IN SCHEMA evil TO PUBLIC",
        "ALTER DATABASE shop SET search_path = evil, pg_catalog",
    )


def a_policy(restored: Restored) -> None:
    as_shop_owner(
        restored,
        trap("public.visible", "", "boolean", "true"),
        "CREATE POLICY all_of_it ON orders USING (public.visible())",
        "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE orders FORCE ROW LEVEL SECURITY",
    )


def a_rule_and_a_default(restored: Restored) -> None:
    as_shop_owner(
        restored,
        trap("public.number", "", "integer", "1"),
        "CREATE RULE instead AS ON DELETE TO orders DO INSTEAD SELECT public.number()",
        "ALTER TABLE orders ADD COLUMN more integer DEFAULT public.number()",
    )


def functions_of_indexes_and_partitions(restored: Restored) -> None:
    as_shop_owner(
        restored,
        trap("public.key", "integer", "integer", "1").replace("LANGUAGE", "IMMUTABLE LANGUAGE"),
        "CREATE INDEX by_key ON orders (public.key(id))",
        "CREATE TABLE public.ranges (id integer) PARTITION BY RANGE (public.key(id))",
        "CREATE STATISTICS public.kinds ON (public.key(id)), note FROM orders",
    )


def triggers_on_everything(restored: Restored) -> None:
    as_shop_owner(
        restored,
        trap("public.fire", "", "trigger", "NULL"),
        "CREATE TRIGGER each_time BEFORE INSERT OR UPDATE OR DELETE ON orders"
        " FOR EACH STATEMENT EXECUTE FUNCTION public.fire()",
    )


def row_types_and_casts(restored: Restored) -> None:
    """A cast needs one type of one's own: a row type, a domain or an enumeration will do."""
    as_shop_owner(
        restored,
        "CREATE TYPE public.mood AS ENUM ('calm')",
        trap("public.mood_of", "text", "public.mood", "'calm'"),
        trap("public.mood_text", "public.mood", "text", "'calm'"),
        "CREATE CAST (text AS public.mood) WITH FUNCTION public.mood_of(text) AS IMPLICIT",
        "CREATE CAST (public.mood AS text) WITH FUNCTION public.mood_text(public.mood) AS IMPLICIT",
        trap("public.reading", "orders", "text", "'note'"),
        trap("public.quote_ident", "public.mood", "text", "'note'"),
    )


ATTACKS = (
    a_function_of_the_same_name,
    functions_in_the_maintenance_database,
    a_search_path_of_the_database,
    a_role_of_the_database,
    views_that_shadow_the_catalog,
    a_policy,
    a_rule_and_a_default,
    functions_of_indexes_and_partitions,
    triggers_on_everything,
    row_types_and_casts,
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_application_role_gains_nothing(
    restored: Restored, attack: Callable[[Restored], None]
) -> None:
    attack(restored)

    restored.set_up(*USERS)
    restored.set_up(*USERS)

    for database in ("shop", "postgres"):
        assert restored.as_superuser(LEFT_BEHIND, database=database) == []
    for user in ("reader", "writer"):
        assert not restored.may(user, "SET ROLE shop_owner")
    assert not restored.may("reader", "DELETE FROM public.orders")


def test_no_name_or_operator_of_ours_is_resolved_outside_pg_catalog(
    restored: Restored,
) -> None:
    restored.run("CREATE ROLE reader LOGIN", "GRANT ALL ON by_the_master TO reader")
    for database in ("shop", "postgres", "warehouse"):
        assert lay_mines(restored, database) > 3_000
    restored.as_superuser(f"ALTER ROLE {MASTER} SET search_path = evil, public, pg_catalog")
    restored.as_superuser("ALTER ROLE ALL SET search_path = evil, public, pg_catalog")

    locked = restored.set_up(*USERS)
    again = restored.set_up(*USERS)

    assert locked == again == ("shop_app", "shop_owner")
    assert SPRUNG not in restored.log


def test_the_mines_go_off_for_names_that_the_search_path_resolves(restored: Restored) -> None:
    lay_mines(restored, "shop")

    for statement in (
        "SELECT pg_has_role('reader', 'USAGE')",
        "SELECT 1 FROM pg_roles",
        "SELECT 'a'::name = 'b'::text",
        "SELECT 'a'::text",
    ):
        with pytest.raises(Exception, match=SPRUNG):
            restored.run(statement)
