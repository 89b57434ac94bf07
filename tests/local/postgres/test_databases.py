import itertools
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import psycopg2
import pytest

from local.postgres import Databases, VolumeError
from tests.local.postgres.clients import (
    MASTER,
    PASSWORD,
    PROD,
    STAGING,
    connect,
    query,
    running_databases,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Databases]:
    with running_databases() as databases:
        yield databases


@pytest.fixture
def databases(shared: Databases) -> Iterator[Databases]:
    """Databases with one volume, `prod`; every volume goes when the test ends."""
    shared.create("prod", MASTER, PASSWORD, "shop")
    yield shared
    for volume in ("prod", "snapshot", "staging"):
        with suppress(VolumeError):
            shared.delete(volume)


def test_the_engine_is_postgresql_16_as_aurora_has_it(databases: Databases) -> None:
    assert databases.engine_version.startswith("16.")


def test_the_master_user_is_no_superuser_but_makes_roles_and_databases(
    databases: Databases,
) -> None:
    port = databases.serve("prod", [PROD], 5432)

    with closing(connect(databases, port, PROD)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE reporting LOGIN PASSWORD 'secret'")
        cursor.execute("CREATE DATABASE warehouse")
        cursor.execute("GRANT rds_iam, pg_read_all_data TO reporting")
        role = query(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        owners = query(
            connection,
            "SELECT datname, pg_get_userbyid(datdba) FROM pg_database"
            " WHERE datname IN ('postgres', 'shop', 'rdsadmin') ORDER BY datname",
        )

    assert role == [(False,)]
    assert owners == [("postgres", MASTER), ("rdsadmin", "rdsadmin"), ("shop", MASTER)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM pg_authid",
        "ALTER ROLE rdsadmin PASSWORD 'mine'",
        "CREATE ROLE root SUPERUSER",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
    ],
)
def test_what_only_a_superuser_may_do_is_denied(databases: Databases, statement: str) -> None:
    port = databases.serve("prod", [PROD], 5432)

    with (
        closing(connect(databases, port, PROD)) as connection,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        query(connection, statement)


def test_nobody_but_aurora_enters_the_database_rdsadmin(databases: Databases) -> None:
    port = databases.serve("prod", [PROD], 5432)

    with pytest.raises(psycopg2.OperationalError, match="rejects connection"):
        connect(databases, port, PROD, dbname="rdsadmin")


def test_a_wrong_password_is_refused(databases: Databases) -> None:
    port = databases.serve("prod", [PROD], 5432)

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(databases, port, PROD, password="a guess")


@pytest.mark.parametrize("is_served", [True, False])
def test_a_password_is_set_whether_the_volume_is_served_or_not(
    databases: Databases, is_served: bool
) -> None:
    if is_served:
        databases.serve("prod", [PROD], 5432)

    databases.set_password("prod", MASTER, "an'other \\ one")

    port = databases.serve("prod", [PROD], 5432)
    connect(databases, port, PROD, password="an'other \\ one").close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(databases, port, PROD)


def test_the_master_user_needs_connect_like_everybody(databases: Databases) -> None:
    """Since 14.7 and 15.2 membership in rds_superuser is not enough."""
    port = databases.serve("prod", [PROD], 5432)
    with closing(connect(databases, port, PROD)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE dbo")
        cursor.execute("GRANT dbo TO CURRENT_USER")
        cursor.execute("CREATE DATABASE closed OWNER dbo")
        cursor.execute("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
        cursor.execute("REVOKE dbo FROM CURRENT_USER")

    with pytest.raises(psycopg2.OperationalError, match="does not have CONNECT privilege"):
        connect(databases, port, PROD, dbname="closed")


@pytest.mark.parametrize("is_served", [True, False])
def test_an_upgrade_leaves_roles_that_nobody_administers(
    databases: Databases, is_served: bool
) -> None:
    port = databases.serve("prod", [PROD], 5432)
    with closing(connect(databases, port, PROD)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE app_rw; CREATE ROLE lead; CREATE ROLE app; CREATE ROLE dba")
        cursor.execute("GRANT app_rw TO app; GRANT app TO lead WITH ADMIN OPTION")
        cursor.execute("GRANT rds_superuser TO dba")
    if not is_served:
        databases.stop("prod")

    databases.upgrade_roles("prod")

    databases.serve("prod", [PROD], 5432)
    with closing(connect(databases, port, PROD)) as connection:
        memberships = query(
            connection,
            "SELECT roleid::regrole::text, member::regrole::text, admin_option FROM pg_auth_members"
            " WHERE member::regrole::text !~ '^(rds|pg)_' AND grantor::regrole::text = 'rdsadmin'"
            " ORDER BY 1, 2",
        )
        others = query(
            connection,
            "SELECT FROM pg_auth_members WHERE grantor::regrole::text <> 'rdsadmin'",
        )
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            connection.cursor().execute("ALTER ROLE app LOGIN")
    assert others == []
    assert memberships == [
        ("app", "lead", True),
        ("app_rw", "app", False),
        ("rds_superuser", MASTER, True),
        ("rds_superuser", "dba", False),
    ]


def test_a_copy_has_the_data_and_goes_its_own_way(databases: Databases) -> None:
    port = databases.serve("prod", [PROD], 5432)
    databases.pgbench("prod", 1, "shop", MASTER, PASSWORD)

    databases.copy("prod", "snapshot")
    databases.copy("snapshot", "staging")
    databases.serve("staging", [STAGING], 5432)

    count = "SELECT count(*), sum(abalance) FROM pgbench_accounts"
    with (
        closing(connect(databases, port, PROD)) as prod,
        closing(connect(databases, port, STAGING)) as staging,
    ):
        staging.cursor().execute("UPDATE pgbench_accounts SET abalance = 1")
        assert query(prod, count) == [(100_000, 0)]
        assert query(staging, count) == [(100_000, 100_000)]


def test_a_copy_made_while_data_is_written_is_consistent(databases: Databases) -> None:
    port = databases.serve("prod", [PROD], 5432)
    databases.pgbench("prod", 1, "shop", MASTER, PASSWORD)
    enough, acknowledged = threading.Event(), threading.Semaphore(0)

    def transfer() -> None:
        with closing(connect(databases, port, PROD)) as connection:
            for number in itertools.count():
                connection.cursor().execute(
                    "BEGIN;"
                    "UPDATE pgbench_accounts SET abalance = abalance - 1 WHERE aid % 50 = 1;"
                    "UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid % 50 = 2;"
                    f"INSERT INTO pgbench_history (aid) VALUES ({number});"
                    "COMMIT"
                )
                acknowledged.release()
                if enough.is_set():
                    return

    writer = threading.Thread(target=transfer)
    writer.start()
    for _ in range(5):
        acknowledged.acquire()
    try:
        databases.copy("prod", "snapshot")
    finally:
        enough.set()
        writer.join()

    databases.serve("snapshot", [STAGING], 5432)
    with closing(connect(databases, port, STAGING)) as copy:
        (balance,) = query(copy, "SELECT sum(abalance) FROM pgbench_accounts")
        (gaps,) = query(copy, "SELECT count(*) - max(aid) - 1, count(*) >= 5 FROM pgbench_history")
        copy.cursor().execute("REINDEX SCHEMA public")
    assert (balance, gaps) == ((0,), (0, True))


def test_a_stopped_volume_is_out_of_reach_and_keeps_its_data(databases: Databases) -> None:
    port = databases.serve("prod", [PROD], 5432)
    with closing(connect(databases, port, PROD)) as before:
        before.cursor().execute("CREATE TABLE kept AS SELECT 42 AS answer")

        databases.stop("prod")

        with pytest.raises(psycopg2.OperationalError):
            query(before, "SELECT 1")
        with pytest.raises(psycopg2.OperationalError):
            connect(databases, port, PROD)
    databases.serve("prod", [PROD], 5432)
    with closing(connect(databases, port, PROD)) as after:
        assert query(after, "SELECT answer FROM kept") == [(42,)]


def test_a_deleted_volume_is_gone_and_its_name_free(databases: Databases) -> None:
    port = databases.serve("prod", [PROD], 5432)

    databases.delete("prod")

    with pytest.raises(psycopg2.OperationalError):
        connect(databases, port, PROD)
    with pytest.raises(VolumeError, match="no volume prod"):
        databases.serve("prod", [PROD], 5432)
    databases.create("prod", MASTER, PASSWORD, None)


def test_a_name_is_given_once(databases: Databases) -> None:
    with pytest.raises(VolumeError, match="a volume prod already"):
        databases.create("prod", MASTER, PASSWORD, None)


def test_data_is_loaded_directly_past_tls_whatever_the_environment_says(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.9")
    databases.serve("prod", [PROD], 5432)

    with closing(psycopg2.connect(databases.dsn("prod", "shop", MASTER, PASSWORD))) as connection:
        assert query(connection, "SELECT current_user") == [(MASTER,)]


def test_a_volume_that_is_not_served_has_no_direct_connection(databases: Databases) -> None:
    with pytest.raises(VolumeError, match="not served"):
        databases.dsn("prod", "shop", MASTER, PASSWORD)
