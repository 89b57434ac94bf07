"""What a user of the templates held or owned in production gives it nothing, and is reported."""

import pytest
from psycopg2.errors import InsufficientPrivilege

from shared.errors import ValidationFailed
from shared.users.templates import UsersSecret
from shared.users.verification import prove
from tests.local.postgres.clients import MASTER
from tests.shared.users.attacks import READER, as_shop_owner, mentions
from tests.shared.users.restored import OLD_PASSWORD, Restored, a_user, failing


def test_who_owns_through_an_administrator_gets_none_of_its_powers(restored: Restored) -> None:
    restored.run(
        f"CREATE ROLE dba LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'",
        "GRANT rds_superuser TO dba",
        "GRANT CREATE ON SCHEMA public TO dba",
    )
    restored.run("CREATE TABLE helper (i int)", user="dba", password=OLD_PASSWORD)

    restored.set_up(a_user("owner", "owner"))

    assert restored.may("owner", "ALTER TABLE helper ADD more text")
    for statement in ("CREATE ROLE mine", "ALTER ROLE shop_app LOGIN", "SET ROLE rds_superuser"):
        assert not restored.may("owner", statement)
    with restored.connected("owner") as opened, opened.cursor() as cursor:
        cursor.execute("SET ROLE dba")
        for statement in (
            "CREATE ROLE mine",
            "ALTER ROLE shop_app LOGIN",
            "SET ROLE rds_superuser",
        ):
            with pytest.raises(InsufficientPrivilege):
                cursor.execute(statement)


def test_who_would_own_through_a_role_that_keeps_its_powers_is_refused(restored: Restored) -> None:
    restored.run(
        f"CREATE ROLE dba LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'",
        "GRANT CREATE ON SCHEMA public TO dba",
    )
    restored.run("CREATE TABLE helper (i int)", user="dba", password=OLD_PASSWORD)

    with failing(ValidationFailed, "owner", "dba", "powers"):
        restored.set_up(a_user("owner", "owner"), lock=False)


def test_nobody_owns_through_a_member_of_the_master(restored: Restored) -> None:
    restored.as_superuser(
        "CREATE ROLE boss",
        f"GRANT {MASTER} TO boss",
        "ALTER TABLE public.orders OWNER TO boss",
    )

    warnings = restored.prepare(a_user("owner", "owner")).warnings

    assert mentions(warnings, "nothing was granted", "boss", "public.orders")
    assert not restored.may("owner", "SET ROLE boss")


@pytest.mark.parametrize("owner", ["rds_superuser", "pg_monitor", "rdsadmin"])
def test_a_table_of_aws_is_proven_like_any_other(restored: Restored, owner: str) -> None:
    restored.run("CREATE ROLE reader LOGIN", "CREATE TABLE theirs (i int)")
    restored.run("GRANT INSERT ON theirs TO reader")
    restored.as_superuser(f"ALTER TABLE public.theirs OWNER TO {owner}")

    restored.set_up(a_user())
    assert not restored.may("reader", "INSERT INTO theirs VALUES (1)")
    assert restored.may("reader", "SELECT FROM theirs") is (owner != "rdsadmin")

    restored.as_superuser("GRANT INSERT ON public.theirs TO reader")
    with failing(ValidationFailed, "reader should not have INSERT", "theirs"):
        restored.set_up(a_user())


def test_a_table_of_the_databases_owner_is_granted(restored: Restored) -> None:
    restored.run("CREATE TABLE theirs (i int)")
    restored.as_superuser(
        "ALTER TABLE public.theirs OWNER TO pg_database_owner",
        "ALTER DATABASE shop OWNER TO shop_owner",
    )

    restored.set_up(a_user(), a_user("owner", "owner"))

    assert restored.may("reader", "SELECT FROM theirs")
    assert restored.may("owner", "ALTER TABLE theirs ADD more text")


def test_a_schema_granted_by_the_databases_owner_is_no_obstacle(restored: Restored) -> None:
    """cyrilgdn/terraform-provider-postgresql#293"""
    restored.run("CREATE ROLE reader LOGIN")
    restored.as_superuser("ALTER DATABASE shop OWNER TO shop_owner")
    as_shop_owner(restored, "GRANT USAGE, CREATE ON SCHEMA public TO reader")

    restored.set_up(a_user())

    assert not restored.may("reader", "CREATE TABLE mine ()")


def test_grants_in_databases_that_no_template_names_are_gone(restored: Restored) -> None:
    restored.run("CREATE TABLE stock (i int)", database="warehouse")
    restored.run(READER)
    restored.run("GRANT ALL ON stock TO reader", "GRANT CREATE ON SCHEMA public TO reader",
                 database="warehouse")  # fmt: skip

    warnings = restored.prepare(a_user()).warnings

    for statement in ("SELECT FROM stock", "CREATE TABLE mine ()"):
        assert not restored.may("reader", statement, database="warehouse")
    assert mentions(warnings, "reader_retired_", "keeps grants in", "warehouse")


def test_what_everybody_may_do_elsewhere_is_reported(restored: Restored) -> None:
    restored.run("CREATE TABLE stock (i int)", "GRANT DELETE, SELECT ON stock TO PUBLIC",
                 "GRANT CREATE ON SCHEMA public TO PUBLIC", database="warehouse")  # fmt: skip
    restored.run(
        "GRANT USAGE ON SCHEMA billing TO PUBLIC", "GRANT UPDATE ON billing.invoices TO PUBLIC"
    )

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "In warehouse", "PUBLIC has DELETE, SELECT on public.stock")
    assert mentions(warnings, "In warehouse", "PUBLIC has CREATE on schema public")
    assert mentions(warnings, "In shop", "PUBLIC has UPDATE on billing.invoices")


@pytest.mark.parametrize("place", ["", "IN SCHEMA public"])
def test_what_everybody_may_do_on_the_next_table_is_part_of_the_proof(
    restored: Restored, place: str
) -> None:
    restored.set_up(a_user())
    restored.as_superuser(
        f"ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner {place} GRANT DELETE ON TABLES TO PUBLIC"
    )

    with failing(ValidationFailed, "reader would get DELETE on future tables of shop_owner"):
        prove(restored.server, UsersSecret(users=(a_user(),)))


def test_user_mappings_and_default_privileges_stay_with_the_former_role(
    restored: Restored,
) -> None:
    restored.run(READER, "GRANT reader TO CURRENT_USER")
    restored.as_superuser(
        "CREATE FOREIGN DATA WRAPPER anything",
        "CREATE SERVER production FOREIGN DATA WRAPPER anything",
        f"CREATE USER MAPPING FOR reader SERVER production OPTIONS (password '{OLD_PASSWORD}')",
    )
    restored.run("ALTER DEFAULT PRIVILEGES FOR ROLE reader GRANT ALL ON TABLES TO shop_app")

    warnings = restored.prepare(a_user()).warnings

    mappings = "SELECT umuser::regrole::text FROM pg_user_mapping"
    assert "retired" in restored.as_superuser(mappings)[0][0]
    assert mentions(warnings, "reader_retired_", "user mappings", "default privileges")


def test_settings_and_policies_are_carried_over_to_the_new_role(restored: Restored) -> None:
    restored.run(
        READER,
        """ALTER ROLE reader SET search_path = "$user", public, "odd ""name", billing""",
        "ALTER ROLE reader SET application_name = 'it''s a \\ 7 %s'",
        "ALTER ROLE reader IN DATABASE shop SET work_mem = '5MB'",
        "ALTER ROLE reader SET role = 'shop_owner'",
        "ALTER ROLE reader IN DATABASE warehouse SET search_path = ''",
    )
    as_shop_owner(
        restored,
        "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY of_reader ON orders TO reader, shop_app USING (id = 1)",
        "INSERT INTO orders VALUES (2, 'second')",
    )
    settings = "SELECT setdatabase, setconfig FROM pg_db_role_setting WHERE setrole = '{}'::regrole"
    before = restored.as_superuser(settings.format("reader"))

    restored.set_up(a_user())
    restored.set_up(a_user())

    now = restored.as_superuser(settings.format("reader"))
    assert sorted((place, sorted(these)) for place, these in now) == sorted(
        (place, sorted(set(these) - {"role=shop_owner"})) for place, these in before
    )
    assert restored.run("SELECT id FROM public.orders", user="reader") == [(1,)]
    assert restored.run("SELECT session_user, current_user", user="reader") == [
        ("reader", "reader")
    ]


def test_a_setting_that_only_a_superuser_may_make_is_reported(restored: Restored) -> None:
    restored.run(READER)
    restored.as_superuser("ALTER ROLE reader IN DATABASE shop SET log_statement = 'all'")

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "log_statement of reader in shop")


def test_an_owner_owns_again_what_it_owned_and_no_other_database(restored: Restored) -> None:
    restored.run("GRANT shop_owner TO CURRENT_USER", "ALTER DATABASE warehouse OWNER TO shop_owner")

    restored.set_up(a_user("shop_owner", "owner"))

    owners = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'warehouse'"
    assert restored.as_superuser(owners)[0][0].startswith("shop_owner_retired_")
    assert restored.may("shop_owner", "DROP TABLE orders CASCADE")
    assert not restored.may("shop_owner", "CREATE SCHEMA mine", database="warehouse")


def test_a_changed_template_makes_the_user_anew(restored: Restored) -> None:
    restored.set_up(a_user("reader", "read_write"))
    restored.set_up(a_user("reader", "read_only"))

    assert restored.may("reader", "SELECT FROM orders")
    assert not restored.may("reader", "INSERT INTO orders VALUES (2)")


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT shop_owner TO rds_iam WITH INHERIT FALSE, SET TRUE",
        "GRANT DELETE ON billing.invoices TO rds_iam",
        "ALTER DEFAULT PRIVILEGES GRANT DELETE ON TABLES TO rds_iam",
    ],
)
def test_what_every_iam_user_would_have_is_refused(restored: Restored, statement: str) -> None:
    restored.run(statement)

    with failing(ValidationFailed, "reader logs in by IAM", "rds_iam"):
        restored.prepare(a_user(auth="iam", password=None))


def test_an_iam_users_rights_are_compared_too(restored: Restored) -> None:
    """aws/aws-advanced-jdbc-wrapper#1277"""
    user = a_user(auth="iam", password=None)
    restored.prepare(user)
    restored.run("GRANT DELETE ON by_the_master TO PUBLIC")

    with failing(ValidationFailed, "reader should not have DELETE", "by_the_master"):
        prove(restored.server, UsersSecret(users=(user,)))


def test_a_database_in_which_everybody_works_as_somebody_else_is_reported(
    restored: Restored,
) -> None:
    restored.as_superuser("ALTER DATABASE shop SET role = 'shop_owner'")

    warnings = restored.prepare(a_user("owner", "owner")).warnings

    assert mentions(warnings, "In shop", "role=shop_owner", "starts every session as that role")
