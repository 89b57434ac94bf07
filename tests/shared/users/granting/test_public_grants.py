"""Grants to PUBLIC that break a template: refused before anything is changed, revoked, accepted."""

import pytest

from shared.errors import ValidationFailed
from shared.users.templates import UsersSecret
from shared.users.verification import prove
from tests.local.postgres.clients import MASTER
from tests.shared.users.attacks import mentions
from tests.shared.users.restored import Restored, a_user, failing

READER, WRITER = a_user(), a_user("writer", "read_write")
OPEN = (
    "GRANT ALL ON by_the_master TO PUBLIC",
    "GRANT UPDATE (id) ON order_ids TO PUBLIC",
    "GRANT USAGE ON SEQUENCE numbers TO PUBLIC",
    "GRANT CREATE ON DATABASE shop TO PUBLIC",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO PUBLIC",
    "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO PUBLIC",
)
NAMED = (
    "INSERT on table public.by_the_master",
    "TRUNCATE on table public.by_the_master",
    "UPDATE (id) on table public.order_ids",
    "USAGE on sequence public.numbers",
    "CREATE on database shop",
    f"INSERT on future tables of {MASTER} in public",
    f"USAGE on future sequences of {MASTER}",
)
STATE = (
    "SELECT rolname, rolcanlogin, oid FROM pg_roles ORDER BY 1",
    "SELECT relname, relacl FROM pg_class WHERE oid >= 16384 ORDER BY 1",
)


def test_all_of_them_are_named_before_anything_is_changed(restored: Restored) -> None:
    restored.run(*OPEN)
    before = [restored.as_superuser(query) for query in STATE]

    with failing(ValidationFailed, "PUBLIC", "public_grants", *NAMED):
        restored.prepare(READER)

    assert [restored.as_superuser(query) for query in STATE] == before


def test_what_the_template_gives_anyway_is_no_reason(restored: Restored) -> None:
    restored.run(
        "GRANT SELECT ON by_the_master TO PUBLIC", "GRANT ALL ON billing.invoices TO PUBLIC"
    )

    restored.prepare(READER, a_user("accountant", "owner", schemas=("billing",)))

    assert restored.may("accountant", "INSERT INTO billing.invoices VALUES (1)")


def test_every_database_is_looked_at_first(restored: Restored) -> None:
    restored.run("GRANT INSERT ON by_the_master TO PUBLIC")
    restored.run("CREATE TABLE stock ()", "GRANT DELETE ON stock TO PUBLIC", database="warehouse")

    with failing(
        ValidationFailed, "in shop INSERT on", "in warehouse DELETE on table public.stock"
    ):
        restored.prepare(a_user(databases=("shop", "warehouse")))


def test_they_are_revoked_on_request(restored: Restored) -> None:
    restored.run(*OPEN)
    restored.run("GRANT TRIGGER ON orders TO PUBLIC", user="shop_owner", password="from-production")

    warnings = restored.prepare(READER, WRITER, public_grants="revoke").warnings

    assert mentions(warnings, "deprived", "TRIGGER on table public.orders", *NAMED)
    assert not restored.may("reader", "INSERT INTO by_the_master VALUES (7)")
    assert not restored.may("reader", "SELECT nextval('numbers')")
    assert restored.may("writer", "INSERT INTO by_the_master VALUES (7)")
    restored.run("CREATE TABLE later (id integer)")
    assert not restored.may("reader", "INSERT INTO later VALUES (1)")
    # The second time there is nothing left to revoke.
    assert not mentions(
        restored.prepare(READER, WRITER, public_grants="revoke").warnings, "deprived"
    )


def test_they_are_accepted_on_request_and_reported(restored: Restored) -> None:
    restored.run(*OPEN)

    warnings = restored.prepare(READER, public_grants="accept").warnings

    assert mentions(warnings, "PUBLIC has", "INSERT", "public.by_the_master")
    assert restored.may("reader", "INSERT INTO by_the_master VALUES (7)")


def test_what_is_granted_to_the_user_itself_is_not_accepted(restored: Restored) -> None:
    restored.prepare(READER, public_grants="accept")
    restored.run("GRANT INSERT ON order_ids TO reader")

    with failing(ValidationFailed, "reader should not have INSERT"):
        prove(restored.server, UsersSecret(users=(READER,), public_grants="accept"))


@pytest.mark.parametrize("choice", ["refuse", "revoke"])
def test_what_only_a_superuser_could_revoke_is_refused(restored: Restored, choice: str) -> None:
    """As `public` is on PostgreSQL 14, where it belongs to the bootstrap user."""
    restored.as_superuser(
        "ALTER SCHEMA public OWNER TO rdsadmin", "GRANT CREATE ON SCHEMA public TO PUBLIC"
    )

    with failing(ValidationFailed, "CREATE on schema", "public"):
        restored.prepare(READER, public_grants=choice)


def test_create_on_a_schema_that_nobody_can_close_is_accepted_on_request(
    restored: Restored,
) -> None:
    restored.as_superuser(
        "ALTER SCHEMA public OWNER TO rdsadmin", "GRANT CREATE ON SCHEMA public TO PUBLIC"
    )

    warnings = restored.prepare(READER, public_grants="accept").warnings

    assert mentions(warnings, "PUBLIC has CREATE on schema public")


def test_a_column_that_was_dropped_is_no_reason(restored: Restored) -> None:
    restored.run(
        "CREATE TABLE d (a integer, b integer)",
        "GRANT INSERT (b) ON d TO PUBLIC",
        "ALTER TABLE d DROP COLUMN b",
    )

    assert restored.prepare(READER).warnings == ()


def test_a_grant_on_a_table_whose_owner_may_not_use_the_schema_is_revoked(
    restored: Restored,
) -> None:
    restored.as_superuser(
        "ALTER TABLE billing.invoices OWNER TO shop_owner",
        "GRANT INSERT ON billing.invoices TO PUBLIC",
    )

    restored.prepare(a_user(schemas=("billing",)), public_grants="revoke")

    assert not restored.may("reader", "INSERT INTO billing.invoices VALUES (1)")


def test_a_grant_on_a_column_that_somebody_passed_on_is_revoked(restored: Restored) -> None:
    restored.run("GRANT UPDATE (id) ON by_the_master TO shop_app WITH GRANT OPTION")
    restored.run(
        "GRANT UPDATE (id) ON by_the_master TO PUBLIC", user="shop_app", password="from-production"
    )

    restored.prepare(READER, public_grants="revoke")

    assert not restored.may("reader", "UPDATE by_the_master SET id = id")


@pytest.mark.parametrize("choice", ["refuse", "revoke"])
def test_schemas_of_the_future_are_looked_at_too(restored: Restored, choice: str) -> None:
    restored.run("ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO PUBLIC")

    if choice == "revoke":
        restored.prepare(READER, public_grants="revoke")
    else:
        with failing(ValidationFailed, f"CREATE on future schemas of {MASTER}", "public_grants"):
            restored.prepare(READER)


def test_a_database_that_is_entered_through_its_owner_is_looked_into_before_any_grant(
    restored: Restored,
) -> None:
    restored.run(
        "CREATE ROLE dbo",
        "GRANT dbo TO CURRENT_USER",
        "GRANT INSERT ON by_the_master TO PUBLIC",
        "ALTER DATABASE shop OWNER TO dbo",
        "SET ROLE dbo",
        "REVOKE CONNECT ON DATABASE shop FROM PUBLIC",
        "RESET ROLE",
        "REVOKE dbo FROM CURRENT_USER",
    )

    with failing(ValidationFailed, "INSERT on table public.by_the_master", "public_grants"):
        restored.prepare(READER)
