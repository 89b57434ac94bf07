"""What a template gives, on existing tables and on later ones."""

import pytest
from psycopg2.sql import SQL, Identifier

from shared.errors import ConfigurationError
from tests.local.postgres.clients import MASTER
from tests.shared.users.restored import OLD_PASSWORD, Restored, a_user, failing

READER, WRITER, OWNER = a_user(), a_user("writer", "read_write"), a_user("owner", "owner")
EVERYBODY = (READER, WRITER, OWNER)
READS = ("SELECT * FROM {}",)
WRITES = ("UPDATE {} SET id = id", "INSERT INTO {} SELECT id + 10 FROM {}", "DELETE FROM {}")
OWNS = ("TRUNCATE {}", "COMMENT ON TABLE {} IS 'mine'", "DROP TABLE {} CASCADE")
MAY = {"reader": READS, "writer": READS + WRITES, "owner": READS + WRITES + OWNS}
ODD_NAMES = ('we"ird Grüße', "select", "100% %s", "it's a \\ back\tslash")


def permitted(restored: Restored, table: str) -> dict[str, tuple[str, ...]]:
    """What each user may do with a table."""
    everything = {text.format(table, table): text for text in READS + WRITES + OWNS}
    return {
        user.username: tuple(
            everything[text] for text in restored.allowed(user.username, [*everything])
        )
        for user in EVERYBODY
    }


@pytest.mark.parametrize("table", ["orders", "parts", "parts_1"])
def test_a_template_gives_what_it_says_on_every_table(restored: Restored, table: str) -> None:
    restored.run(
        "GRANT shop_owner TO CURRENT_USER",
        "ALTER TABLE parts OWNER TO shop_owner",
        "ALTER TABLE parts_1 OWNER TO shop_owner",
        "REVOKE shop_owner FROM CURRENT_USER",
    )

    restored.set_up(*EVERYBODY)

    assert permitted(restored, table) == MAY


@pytest.mark.parametrize("maker", [MASTER, "owner", "shop_owner"])
def test_a_table_made_later_is_like_an_existing_table(restored: Restored, maker: str) -> None:
    restored.set_up(*EVERYBODY)

    user = "owner" if maker == "shop_owner" else maker
    restored.run(f'SET ROLE "{maker}"', "CREATE TABLE later (id serial)", user=user)

    masters_own = {**MAY, "owner": (*READS, *WRITES, "TRUNCATE {}")}
    assert permitted(restored, "later") == (masters_own if maker == MASTER else MAY)
    assert restored.may("writer", "INSERT INTO later DEFAULT VALUES")
    assert not restored.may("reader", "SELECT nextval('later_id_seq')")


def test_views_sequences_and_functions_are_served_too(restored: Restored) -> None:
    restored.set_up(*EVERYBODY)

    for user in EVERYBODY:
        assert restored.run("SELECT * FROM order_ids", user=user.username) == [(1,)]
        assert restored.run("SELECT double(21)", user=user.username) == [(42,)]
        assert restored.may(user.username, "SELECT last_value FROM numbers")
    assert not restored.may("reader", "SELECT nextval('numbers')")
    assert restored.may("writer", "SELECT nextval('numbers')")


def test_only_an_owner_makes_and_changes_tables(restored: Restored) -> None:
    restored.set_up(*EVERYBODY)

    for statement in ("CREATE TABLE mine ()", "ALTER TABLE orders ADD more text"):
        allowed = [user.username for user in EVERYBODY if restored.may(user.username, statement)]
        assert allowed == ["owner"], statement
    assert not restored.may("reader", "CREATE SCHEMA mine")
    assert not restored.may("writer", "CREATE SCHEMA mine")


def test_a_template_gives_nothing_outside_its_schemas_and_databases(restored: Restored) -> None:
    restored.set_up(
        *EVERYBODY,
        a_user("accountant", schemas=("billing",)),
        a_user("stocktaker", "owner", databases=("warehouse",)),
    )

    assert restored.may("accountant", "SELECT * FROM billing.invoices")
    assert not restored.may("accountant", "SELECT * FROM orders")
    assert not restored.may("owner", "SELECT * FROM billing.invoices")
    assert restored.may("stocktaker", "CREATE TABLE stock ()", database="warehouse")
    assert not restored.may("stocktaker", "CREATE TABLE stock ()")


def test_an_owner_of_one_schema_joins_only_that_schemas_owners(restored: Restored) -> None:
    restored.run(
        "CREATE ROLE bookkeeper",
        "GRANT bookkeeper TO CURRENT_USER",
        "CREATE SCHEMA books AUTHORIZATION bookkeeper",
        "CREATE TABLE books.ledger (id integer)",
        "ALTER TABLE books.ledger OWNER TO bookkeeper",
    )

    restored.set_up(a_user("owner", "owner"), a_user("auditor", schemas=("books",)))

    assert not restored.may("owner", "SELECT * FROM books.ledger")
    assert restored.may("auditor", "SELECT * FROM books.ledger")


def test_tables_of_roles_that_only_another_role_administers_are_served(restored: Restored) -> None:
    restored.run(
        f"CREATE ROLE deployer LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'",
        "GRANT CREATE ON SCHEMA billing TO deployer",
    )
    restored.run(
        "CREATE ROLE tables_owner",
        "CREATE TABLE billing.deployed (id integer)",
        user="deployer",
        password=OLD_PASSWORD,
    )
    restored.as_superuser("ALTER TABLE billing.deployed OWNER TO tables_owner")

    restored.set_up(a_user(schemas=("billing",)), a_user("owner", "owner", schemas=("billing",)))

    assert restored.may("reader", "SELECT * FROM billing.deployed")
    assert restored.may("owner", "ALTER TABLE billing.deployed ADD more text")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_is_quoted(restored: Restored, name: str) -> None:
    schema, table = Identifier(name), Identifier(name, name)
    restored.run(SQL("CREATE DATABASE {}").format(schema))
    restored.run(
        SQL("CREATE ROLE {} LOGIN").format(Identifier(f"old {name}")),
        SQL("CREATE ROLE {} LOGIN").format(Identifier(f"reader {name}")),
        SQL("CREATE SCHEMA {}").format(schema),
        SQL("CREATE TABLE {} (id serial)").format(table),
        SQL("GRANT ALL ON {} TO {}").format(table, Identifier(f"reader {name}")),
        SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT ALL ON TABLES TO {}").format(
            schema, Identifier(f"reader {name}")
        ),
        database=name,
    )
    users = [
        a_user(f"{template} {name}", template, databases=(name,), schemas=(name,))
        for template in ("read_only", "read_write", "owner")
    ]
    users.append(a_user(f"reader {name}", databases=(name,), schemas=(name,)))

    locked = restored.set_up(*users)

    assert locked == (f"old {name}", "shop_app", "shop_owner")


def test_doing_everything_twice_is_as_once(restored: Restored) -> None:
    restored.set_up(*EVERYBODY)
    restored.run("CREATE TABLE mine (id integer)", user="owner")
    state = (
        "SELECT (SELECT array_agg(relname || relacl::text ORDER BY relname) FROM pg_class),"
        "(SELECT array_agg(nspname || nspacl::text ORDER BY nspname) FROM pg_namespace),"
        "(SELECT array_agg(d::text ORDER BY d::text) FROM (SELECT defaclrole, defaclnamespace,"
        " defaclobjtype, defaclacl FROM pg_default_acl) d),"
        "(SELECT array_agg(m::text ORDER BY m::text) FROM (SELECT roleid, member, grantor,"
        " admin_option FROM pg_auth_members) m),"
        "(SELECT array_agg(r::text ORDER BY r::text) FROM pg_roles r)"
    )
    once = restored.run(state)

    restored.set_up(*EVERYBODY)
    first_again = restored.run(state)
    restored.set_up(*EVERYBODY)

    assert restored.run(state) == first_again
    assert first_again[0][3:] == once[0][3:]
    assert restored.may("owner", "ALTER TABLE mine ADD more text")


def test_two_owners_do_not_become_each_other(restored: Restored) -> None:
    users = (a_user("owner", "owner"), a_user("other_owner", "owner"))
    restored.set_up(*users)
    restored.run("CREATE TABLE mine (id integer)", user="owner")
    restored.run("CREATE TABLE theirs (id integer)", user="other_owner")

    restored.set_up(*users)

    assert restored.may("owner", "TRUNCATE theirs")
    assert not restored.may("owner", "DROP TABLE theirs")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"databases": ("shop", "lost")}, ("lost", "shop", "warehouse")),
        ({"databases": ("rdsadmin",)}, ("rdsadmin", "shop")),
        ({"schemas": ("public", "lost")}, ("lost", "shop", "billing")),
        ({"schemas": ("pg_catalog",)}, ("pg_catalog",)),
        ({"username": MASTER}, (MASTER, "master user")),
    ],
)
def test_templates_that_cannot_be_met_are_refused(
    restored: Restored, changes: dict[str, object], words: tuple[str, ...]
) -> None:
    user = a_user().model_copy(update=changes)

    with failing(ConfigurationError, *words):
        restored.set_up(user)


def test_an_iam_user_gets_rds_iam_and_no_password(restored: Restored) -> None:
    by_iam = a_user("reader", auth="iam", password=None)

    restored.set_up(by_iam)

    member = "SELECT pg_has_role('reader', 'rds_iam', 'MEMBER')"
    assert restored.run(member) == [(True,)]
    assert restored.as_superuser("SELECT rolpassword FROM pg_authid WHERE rolname='reader'") == [
        (None,)
    ]
    restored.set_up(a_user("reader"))
    assert restored.run(member) == [(False,)]
    assert restored.may("reader", "SELECT * FROM orders")


def test_a_monitoring_user_sees_what_others_do_and_nothing_more(restored: Restored) -> None:
    """canonical/postgresql-operator#991"""
    monitor = a_user("monitor", roles=("pg_monitor",))

    restored.prepare(monitor, WRITER)

    with restored.connected("writer"):
        query = "SELECT query FROM pg_stat_activity WHERE usename = 'writer'"
        assert restored.run(query, user="monitor") != [("<insufficient privilege>",)]
        assert restored.run(query, user="writer") != []
    assert not restored.may("monitor", "INSERT INTO orders VALUES (2)")


def test_what_an_owner_makes_elsewhere_as_a_member_of_an_owner_is_readable(
    restored: Restored,
) -> None:
    restored.run(
        "CREATE ROLE dbo",
        "GRANT dbo, shop_owner TO CURRENT_USER",
        "ALTER SCHEMA billing OWNER TO shop_owner",
        "ALTER DATABASE shop OWNER TO dbo",
        "REVOKE dbo, shop_owner FROM CURRENT_USER",
    )
    reader = a_user(schemas=("public", "billing"))
    restored.prepare(reader, OWNER)

    restored.run("CREATE TABLE billing.fresh (id integer)", user="owner")

    assert restored.may("reader", "SELECT * FROM billing.fresh")


def test_a_role_that_the_master_user_cannot_give_is_named(restored: Restored) -> None:
    with failing(ConfigurationError, "reader", "pg_read_all_stats", "pg_monitor"):
        restored.prepare(a_user(roles=("pg_read_all_stats",)))
