"""Roles inherited from the snapshot that have the name of a template's user."""

import pytest

from shared.errors import ValidationFailed
from shared.users.templates import UserTemplate
from tests.shared.users.restored import OLD_PASSWORD, Restored, a_user, failing

WRITES = (
    "INSERT INTO orders VALUES (2)",
    "UPDATE orders SET note = ''",
    "DELETE FROM orders",
    "TRUNCATE orders",
    "CREATE TABLE mine ()",
    "CREATE SCHEMA mine",
    "CREATE TRIGGER mine BEFORE UPDATE ON orders FOR EACH ROW"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "SET ROLE shop_owner",
    "DELETE FROM billing.invoices",
    "CREATE ROLE mine",
    "SELECT nextval('numbers')",
    "DELETE FROM order_ids",
)

INHERITED = {
    "memberships": (
        "GRANT shop_owner TO reader WITH INHERIT FALSE",
        "GRANT rds_superuser TO reader WITH ADMIN OPTION",
        "GRANT pg_write_all_data TO reader",
    ),
    "attributes": (
        "ALTER ROLE reader NOLOGIN CREATEDB CREATEROLE NOINHERIT CONNECTION LIMIT 0",
        "ALTER ROLE reader VALID UNTIL '2020-01-01'",
        "ALTER ROLE reader SET default_transaction_read_only = on",
    ),
    "grants": (
        "GRANT ALL ON orders, billing.invoices, order_ids TO reader WITH GRANT OPTION",
        "GRANT ALL ON SEQUENCE numbers TO reader",
        "GRANT ALL ON SCHEMA public, billing TO reader",
        "GRANT ALL ON DATABASE shop TO reader",
        "SET ROLE reader",
        "GRANT SELECT ON orders TO accountants",
    ),
    "grants on columns": ("GRANT INSERT (id), UPDATE (note) ON orders TO reader",),
    "grants on future tables": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO reader",
        "ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner GRANT ALL ON TABLES TO reader",
    ),
    "ownership": (
        "ALTER TABLE orders OWNER TO reader",
        "ALTER VIEW order_ids OWNER TO reader",
        "ALTER SCHEMA billing OWNER TO reader",
    ),
    "what everybody had until PostgreSQL 14": ("GRANT CREATE ON SCHEMA public TO PUBLIC",),
}


@pytest.mark.parametrize("what", INHERITED)
def test_a_reader_keeps_nothing_that_it_had_in_production(restored: Restored, what: str) -> None:
    restored.run(
        f"CREATE ROLE reader LOGIN PASSWORD '{OLD_PASSWORD}'",
        "GRANT reader, shop_owner TO CURRENT_USER",
        "GRANT CREATE ON SCHEMA public TO reader",
        *INHERITED[what],
    )

    restored.set_up(a_user())
    restored.run("SET ROLE shop_owner", "CREATE TABLE later ()")

    assert restored.may("reader", "SELECT * FROM orders")
    assert restored.allowed("reader", [*WRITES, "DELETE FROM later"]) == []


def test_an_owner_that_owned_production_stays_the_owner(restored: Restored) -> None:
    restored.set_up(a_user("shop_owner", "owner"), a_user())

    assert restored.may("shop_owner", "ALTER TABLE orders ADD more text")
    assert restored.may("reader", "SELECT * FROM orders")
    assert restored.run("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'") == [
        ("shop_owner",)
    ]


def test_a_writer_that_owned_production_writes_and_owns_no_more(restored: Restored) -> None:
    restored.set_up(a_user("shop_owner", "read_write"))

    assert restored.may("shop_owner", "INSERT INTO orders VALUES (2)")
    assert not restored.may("shop_owner", "ALTER TABLE orders ADD more text")
    assert restored.run("SELECT id FROM orders WHERE id = 1") == [(1,)]
    [(owner,)] = restored.run("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'")
    assert owner.startswith("shop_owner_retired_")


def test_a_membership_that_another_role_granted_ends(restored: Restored) -> None:
    restored.run(
        "CREATE ROLE reader",
        f"CREATE ROLE lead LOGIN PASSWORD '{OLD_PASSWORD}'",
        "GRANT shop_owner TO lead WITH ADMIN OPTION",
    )
    restored.run("GRANT shop_owner TO reader", user="lead", password=OLD_PASSWORD)

    restored.set_up(a_user())

    assert not restored.may("reader", "SET ROLE shop_owner")


def test_a_user_that_made_other_roles_administers_them_no_more(restored: Restored) -> None:
    restored.run(f"CREATE ROLE reader LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'")
    restored.run("CREATE ROLE child", user="reader", password=OLD_PASSWORD)

    restored.set_up(a_user())

    assert not restored.may("reader", "GRANT child TO reader")
    assert not restored.may("reader", "ALTER ROLE child LOGIN")


def test_the_password_of_production_is_replaced(restored: Restored) -> None:
    restored.set_up(a_user("shop_app"))

    assert restored.may("shop_app", "SELECT * FROM orders")
    assert restored.refuses("shop_app", OLD_PASSWORD)


def test_a_writer_whose_transactions_are_read_only_is_refused(restored: Restored) -> None:
    restored.run(
        "CREATE ROLE writer",
        "ALTER ROLE writer SET default_transaction_read_only = on",
    )

    with failing(ValidationFailed, "writer", "shop", "read-only"):
        restored.set_up(a_user("writer", "read_write"))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("GRANT INSERT ON by_the_master TO PUBLIC", ("INSERT", "by_the_master", "PUBLIC")),
        ("GRANT UPDATE (id) ON by_the_master TO PUBLIC", ("UPDATE", "by_the_master")),
        ("GRANT USAGE ON SEQUENCE numbers TO PUBLIC", ("USAGE", "numbers", "PUBLIC")),
        ("GRANT CREATE ON DATABASE shop TO PUBLIC", ("CREATE", "database shop", "PUBLIC")),
    ],
)
@pytest.mark.parametrize("user", [a_user()], ids=["reader"])
def test_a_reader_is_refused_where_everybody_may_write(
    restored: Restored, user: UserTemplate, statement: str, words: tuple[str, ...]
) -> None:
    restored.run(statement)

    with failing(ValidationFailed, *words):
        restored.set_up(user)
