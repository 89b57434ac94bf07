"""An owner acts for nobody who has powers; what it has beyond its template is reported."""

from collections.abc import Sequence

import pytest

from shared.errors import ValidationFailed
from tests.shared.users.attacks import (
    DBA,
    SERVER,
    all_warnings,
    as_operators,
    as_shop_owner,
    give_database_to_shop_owner,
    mentions,
)
from tests.shared.users.restored import OLD_PASSWORD, Restored, a_user, failing

OWNER = a_user("owner", "owner")


def test_what_it_has_is_reported_in_other_databases(restored: Restored) -> None:
    restored.run("GRANT shop_owner TO CURRENT_USER", "ALTER DATABASE warehouse OWNER TO shop_owner",
                 "REVOKE shop_owner FROM CURRENT_USER")  # fmt: skip
    as_shop_owner(restored, "CREATE TABLE public.stock (i int)", database="warehouse")

    warnings = all_warnings(restored, OWNER)

    assert mentions(warnings, "warehouse") or not restored.may(
        "owner", "DROP TABLE stock", database="warehouse"
    )


def test_what_it_has_is_reported_in_other_schemas(restored: Restored) -> None:
    restored.run("GRANT USAGE ON SCHEMA billing TO accountants",
                 "GRANT ALL ON billing.invoices TO accountants",
                 "GRANT accountants TO shop_owner")  # fmt: skip

    warnings = all_warnings(restored, OWNER)

    assert mentions(warnings, "accountants") or not restored.may(
        "owner", "DELETE FROM billing.invoices"
    )


def test_who_administers_others_may_not_be_acted_for(restored: Restored) -> None:
    """dba has no CREATEROLE any more, and still administers what it made."""
    restored.run(DBA, "GRANT CREATE ON SCHEMA public TO dba")
    restored.run("CREATE ROLE child", "CREATE TABLE helper (i int)", user="dba",
                 password=OLD_PASSWORD)  # fmt: skip
    restored.run("GRANT USAGE ON SCHEMA billing TO child", "GRANT ALL ON billing.invoices TO child")

    with failing(ValidationFailed, "owner", "dba has powers", "ADMIN OPTION on child"):
        restored.prepare(OWNER, a_user())


def test_powers_taken_from_a_group_are_reported(restored: Restored) -> None:
    as_operators(restored, "CREATE TABLE public.theirs (i int)")

    assert mentions(all_warnings(restored, OWNER), "operators")


@pytest.mark.parametrize(
    "made",
    [
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE STATISTICS public.both ON id, note FROM orders",
        "CREATE TEXT SEARCH CONFIGURATION public.words (COPY = pg_catalog.simple)",
        'CREATE COLLATION public.plain FROM "C"',
    ],
)
def test_in_a_schema_that_is_not_its_own(restored: Restored, made: str) -> None:
    as_shop_owner(restored, made)

    warnings = restored.prepare(a_user("shop_owner", "owner")).warnings

    assert not mentions(warnings, "could not get back")


def test_a_function_when_it_owned_the_database_too(restored: Restored) -> None:
    """In the order in which they came to it: the database first happens to work."""
    as_shop_owner(restored, "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    give_database_to_shop_owner(restored)

    warnings = restored.prepare(a_user("shop_owner", "owner")).warnings

    assert not mentions(warnings, "could not get back")


def test_a_schema_in_a_database_of_somebody_else(restored: Restored) -> None:
    restored.run("CREATE ROLE dbo", "GRANT dbo, shop_owner TO CURRENT_USER",
                 "CREATE SCHEMA sales AUTHORIZATION shop_owner", "ALTER DATABASE shop OWNER TO dbo",
                 "REVOKE dbo, shop_owner FROM CURRENT_USER")  # fmt: skip

    warnings = restored.prepare(a_user("shop_owner", "owner")).warnings

    assert not mentions(warnings, "could not get back")


@pytest.mark.parametrize(
    "made",
    [
        ("CREATE PUBLICATION cdc FOR ALL TABLES",),
        ("CREATE FUNCTION public.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
         "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.e()"),
        SERVER,
    ],
    ids=["publication", "event trigger", "foreign server"],
)  # fmt: skip
def test_what_only_an_administrator_can_own(restored: Restored, made: Sequence[str]) -> None:
    """On RDS rds_superuser makes these; afterwards nobody new can own them."""
    restored.as_superuser("ALTER ROLE shop_owner SUPERUSER", "SET ROLE shop_owner", *made,
                          "RESET ROLE", "ALTER ROLE shop_owner NOSUPERUSER")  # fmt: skip

    warnings = restored.prepare(a_user("shop_owner", "owner"), publications="keep").warnings

    assert mentions(
        warnings, "shop_owner could not get back", "made a member of shop_owner_retired_"
    )
    assert restored.may("shop_owner", "DROP TABLE orders CASCADE")
