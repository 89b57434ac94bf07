"""What an ordinary production database may hold, and the set-up has to live with."""

import pytest
from psycopg2.sql import SQL, Identifier

from shared.errors import ConfigurationError, ValidationFailed
from tests.local.postgres.clients import MASTER
from tests.shared.users.attacks import DBA, READER, all_warnings, as_shop_owner, mentions
from tests.shared.users.restored import OLD_PASSWORD, Restored, a_user, failing


@pytest.mark.parametrize("database", ["shop", "warehouse"])
def test_one_that_only_its_owner_may_connect_to(restored: Restored, database: str) -> None:
    restored.run("CREATE ROLE dbo", "GRANT dbo TO CURRENT_USER",
                 f"ALTER DATABASE {database} OWNER TO dbo", "SET ROLE dbo",
                 f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC", "RESET ROLE",
                 "REVOKE dbo FROM CURRENT_USER")  # fmt: skip

    assert restored.prepare(a_user()).warnings == ()


@pytest.mark.parametrize("how", ["CONNECTION LIMIT 0", "ALLOW_CONNECTIONS false"])
def test_one_without_connections_is_refused_where_a_template_names_it(
    restored: Restored, how: str
) -> None:
    restored.run(f"ALTER DATABASE shop {how}", database="postgres")

    with failing(ConfigurationError, "database shop", "allows no connections"):
        restored.prepare(a_user())


def test_one_without_connections_is_passed_over_and_reported_elsewhere(restored: Restored) -> None:
    restored.run("ALTER DATABASE warehouse ALLOW_CONNECTIONS false")

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "warehouse was not examined", "allows no connections")


def test_one_that_was_half_dropped(restored: Restored) -> None:
    restored.as_superuser("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'warehouse'")

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "warehouse was not examined")


def test_a_login_whose_name_sounds_like_a_transient_error(restored: Restored) -> None:
    restored.run("CREATE ROLE disaster_recovery LOGIN")

    assert "disaster_recovery" in restored.prepare(a_user()).locked_logins


@pytest.mark.parametrize("made", ['CREATE ROLE "café" LOGIN',
                                  'CREATE DATABASE "café" TEMPLATE template0'])  # fmt: skip
def test_a_name_in_another_encoding(restored: Restored, made: str) -> None:
    restored.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    restored.run(made, database="latin")

    with failing(ValidationFailed, "not valid UTF-8"):
        restored.prepare(a_user())


def test_a_setting_that_nobody_can_carry(restored: Restored) -> None:
    restored.run(READER)
    with restored.connected("reader", OLD_PASSWORD) as opened:
        for statement in ("BEGIN ISOLATION LEVEL SERIALIZABLE",
                          "ALTER ROLE reader SET transaction_isolation = 'serializable'",
                          "COMMIT"):  # fmt: skip
            opened.cursor().execute(statement)

    restored.prepare(a_user())


def test_an_open_transaction_on_a_role(restored: Restored) -> None:
    with restored.connected("shop_app", OLD_PASSWORD) as opened:
        opened.cursor().execute("BEGIN; ALTER ROLE shop_app PASSWORD 'another'")

        restored.prepare(a_user())


def test_a_membership_without_set(restored: Restored) -> None:
    restored.restart(max_prepared_transactions=5)
    restored.run(DBA, "GRANT dba TO CURRENT_USER WITH INHERIT TRUE, SET FALSE")
    with restored.connected("dba", OLD_PASSWORD) as opened:
        for statement in ("BEGIN", "CREATE ROLE late LOGIN", "PREPARE TRANSACTION 'x'"):
            opened.cursor().execute(statement)

    restored.prepare(a_user())


def test_everybody_may_create_by_two_grantors(restored: Restored) -> None:
    restored.run("GRANT CREATE ON SCHEMA public TO PUBLIC",
                 "GRANT CREATE ON SCHEMA public TO shop_owner WITH GRANT OPTION")  # fmt: skip
    as_shop_owner(restored, "GRANT CREATE ON SCHEMA public TO PUBLIC")

    restored.prepare(a_user())

    assert not restored.may("reader", "CREATE TABLE mine ()")


def test_a_login_whose_maker_is_gone_is_named(restored: Restored) -> None:
    """Since PostgreSQL 16 nobody but a superuser administers it any more."""
    restored.run(DBA)
    restored.run("CREATE ROLE child LOGIN", user="dba", password=OLD_PASSWORD)
    restored.run("DROP ROLE dba")

    with failing(ValidationFailed, "1 of", ": child.", "whose creator was dropped"):
        restored.prepare(a_user())


def test_a_table_that_an_extension_adopted(restored: Restored) -> None:
    as_shop_owner(restored, "CREATE TABLE public.adopted (i int)")
    restored.as_superuser("ALTER EXTENSION plpgsql ADD TABLE public.adopted")

    warnings = all_warnings(restored, a_user())

    assert mentions(warnings, "adopted") or restored.may("reader", "SELECT FROM adopted")


def closed_by_its_owner(restored: Restored, database: str) -> None:
    """Nobody may connect to it, not even its owner, a group."""
    restored.run(
        "CREATE ROLE dbo",
        "GRANT dbo TO CURRENT_USER",
        f"ALTER DATABASE {database} OWNER TO dbo",
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC, dbo",
        "REVOKE dbo FROM CURRENT_USER",
    )


@pytest.mark.parametrize("database", ["shop", "warehouse", "postgres"])
def test_one_whose_owner_may_not_connect_is_entered(restored: Restored, database: str) -> None:
    closed_by_its_owner(restored, database)

    assert restored.prepare(a_user()).warnings == ()

    assert restored.may("reader", "SELECT FROM orders")


def test_one_whose_owner_nobody_administers_is_passed_over_and_reported(
    restored: Restored,
) -> None:
    closed_by_its_owner(restored, "warehouse")
    restored.as_superuser(f"REVOKE dbo FROM {MASTER} CASCADE")

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "warehouse was not examined", "CONNECT", "rds_superuser", "dbo")


def test_one_whose_owner_nobody_administers_is_refused_where_a_template_names_it(
    restored: Restored,
) -> None:
    closed_by_its_owner(restored, "shop")
    restored.as_superuser(f"REVOKE dbo FROM {MASTER} CASCADE")

    with failing(ConfigurationError, "database shop", "lacks CONNECT", "dbo", "GRANT CONNECT"):
        restored.prepare(a_user())


def test_one_with_a_prepared_transaction_that_only_its_owner_may_connect_to(
    restored: Restored,
) -> None:
    restored.restart(max_prepared_transactions=5)
    as_shop_owner(restored, "BEGIN", "CREATE TABLE late ()", "PREPARE TRANSACTION 'x'")
    closed_by_its_owner(restored, "shop")

    assert mentions(restored.prepare(a_user()).warnings, "rolled back")


def test_one_with_a_prepared_transaction_that_cannot_be_entered_is_named(
    restored: Restored,
) -> None:
    restored.restart(max_prepared_transactions=5)
    as_shop_owner(restored, "BEGIN", "CREATE TABLE late ()", "PREPARE TRANSACTION 'x'")
    closed_by_its_owner(restored, "shop")
    restored.as_superuser(f"REVOKE dbo FROM {MASTER} CASCADE")

    with failing(ValidationFailed, "prepared by shop_owner in database shop", "CONNECT", "dbo"):
        restored.prepare(a_user())


def test_one_that_utf8_cannot_reach_is_passed_over_and_reported(restored: Restored) -> None:
    restored.run("CREATE DATABASE mule ENCODING 'MULE_INTERNAL' LOCALE 'C' TEMPLATE template0")

    assert mentions(restored.prepare(a_user()).warnings, "mule was not examined", "UTF-8")


@pytest.mark.parametrize("name", ["host=evil.example", "postgresql://evil.example/x", "%s {}\n'\\"])
def test_one_with_a_name_like_a_connection_string_is_served(restored: Restored, name: str) -> None:
    restored.run(SQL("CREATE DATABASE {}").format(Identifier(name)))

    restored.prepare(a_user(databases=("shop", name)))

    who = restored.run("SELECT pg_catalog.current_database()", user="reader", database=name)
    assert who == [(name,)]


def test_a_maintenance_database_that_is_gone_is_not_needed(restored: Restored) -> None:
    restored.as_superuser("ALTER DATABASE postgres RENAME TO maintenance")

    restored.prepare(a_user())

    assert restored.may("reader", "SELECT FROM orders")


def test_maintenance_databases_that_let_nobody_in_are_named(restored: Restored) -> None:
    restored.as_superuser(
        "ALTER DATABASE postgres OWNER TO rdsadmin",
        "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC",
    )

    with failing(ValidationFailed, MASTER, "CONNECT", "42501"):
        restored.prepare(a_user())


def test_a_schema_of_a_superuser_keeps_no_owner_from_owning(restored: Restored) -> None:
    restored.as_superuser(
        "ALTER SCHEMA public OWNER TO rdsadmin",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
    )

    restored.prepare(a_user("shop_owner", "owner"))

    assert restored.may("shop_owner", "DROP TABLE orders CASCADE")


def test_tables_of_a_group_that_nobody_administers_are_passed_over_and_reported(
    restored: Restored,
) -> None:
    restored.run(
        "CREATE ROLE maker CREATEROLE",
        "GRANT maker TO CURRENT_USER",
        "SET ROLE maker",
        "CREATE ROLE team",
        "RESET ROLE",
        "DROP ROLE maker",
    )
    restored.as_superuser("ALTER TABLE public.orders OWNER TO team")

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "nothing was granted", "team", "public.orders")
