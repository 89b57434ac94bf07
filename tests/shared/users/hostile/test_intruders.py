"""Nobody of production gets in, and nobody stays: logins, sessions, prepared transactions."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psycopg2
import pytest

from shared.errors import ValidationFailed
from tests.local.postgres.clients import MASTER, PASSWORD
from tests.shared.users.attacks import DBA, LEFT_BEHIND, mentions
from tests.shared.users.restored import OLD_PASSWORD, USER_PASSWORD, Restored, a_user, failing


@contextmanager
def restless(restored: Restored, database: str = "postgres") -> Iterator[list[str]]:
    """Sessions of an administrator that make logins for as long as they can."""
    made: list[str] = []
    stop = threading.Event()

    def make_logins(user: str, number: int) -> None:
        with suppress(psycopg2.Error):
            password = OLD_PASSWORD
            with restored.connected(user, password, database) as opened:
                cursor = opened.cursor()
                while not stop.wait(0.005) and number < 500:
                    number += 1
                    name = f"late_{user}_{number}"[-60:]
                    cursor.execute(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{password}'")
                    made.append(name)

    threads = [threading.Thread(target=make_logins, args=("dba", start)) for start in (0, 500)]
    for thread in threads:
        thread.start()
    try:
        while not made:
            stop.wait(0.01)
        yield made
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_logins_that_are_made_during_the_lockout_are_locked_too(restored: Restored) -> None:
    restored.run(DBA)

    with restless(restored) as made:
        locked = restored.set_up(a_user())

    assert made
    assert set(made) <= set(locked)
    assert restored.as_superuser(LEFT_BEHIND) == []
    assert restored.refuses(made[-1], OLD_PASSWORD)


@pytest.mark.parametrize("lock", [True, False])
def test_open_sessions_end_whoever_they_belong_to(restored: Restored, lock: bool) -> None:
    restored.run(
        f"CREATE ROLE reader LOGIN PASSWORD '{OLD_PASSWORD}'", "GRANT shop_owner TO reader"
    )
    with (
        restored.connected("reader", OLD_PASSWORD) as theirs,
        restored.connected(MASTER, PASSWORD) as the_masters,
        closing(psycopg2.connect(restored.direct_dsn)) as of_aws,
    ):
        theirs.cursor().execute("SET ROLE shop_owner")
        the_masters.cursor().execute("SELECT 1")
        of_aws.cursor().execute("SELECT 1")

        warnings = restored.prepare(a_user(), lock_other_logins=lock).warnings

        for session in (theirs, the_masters):
            with pytest.raises(psycopg2.OperationalError):
                session.cursor().execute("DELETE FROM orders")
        of_aws.cursor().execute("SELECT 1")
    assert mentions(warnings, "Open sessions of reader were ended")


def test_a_lock_of_an_open_session_delays_nothing(restored: Restored) -> None:
    with restored.connected("shop_owner", OLD_PASSWORD) as theirs:
        cursor = theirs.cursor()
        cursor.execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")

        restored.set_up(a_user())

    assert restored.may("reader", "SELECT FROM orders")


def test_a_prepared_transaction_is_rolled_back(restored: Restored) -> None:
    restored.restart(max_prepared_transactions=5)
    restored.run(DBA)
    with restored.connected("dba", OLD_PASSWORD, "warehouse") as opened:
        cursor = opened.cursor()
        cursor.execute("BEGIN")
        cursor.execute(f"CREATE ROLE late LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'")
        cursor.execute("PREPARE TRANSACTION 'it''s %s'")

    warnings = restored.prepare(a_user()).warnings

    assert restored.as_superuser("SELECT FROM pg_prepared_xacts") == []
    assert restored.as_superuser("SELECT FROM pg_roles WHERE rolname = 'late'") == []
    assert mentions(warnings, "dba", "prepared in warehouse", "rolled back", "it's %s")


def test_one_that_cannot_be_rolled_back_is_named(restored: Restored) -> None:
    restored.restart(max_prepared_transactions=5)
    restored.as_superuser("BEGIN", "CREATE ROLE late LOGIN", "PREPARE TRANSACTION 'of_aws'")

    with failing(ValidationFailed, "of_aws", "rdsadmin", "shop"):
        restored.set_up(a_user())


def test_a_login_that_another_administrator_made_is_locked(restored: Restored) -> None:
    restored.run(DBA)
    restored.run(f"CREATE ROLE child LOGIN PASSWORD '{OLD_PASSWORD}'", user="dba",
                 password=OLD_PASSWORD)  # fmt: skip

    locked = restored.set_up(a_user())

    assert locked == ("child", "dba", "shop_app", "shop_owner")


def test_a_customers_role_whose_name_begins_like_aws_is_locked_and_reported(
    restored: Restored,
) -> None:
    restored.run(f"CREATE ROLE rdsapp LOGIN PASSWORD '{OLD_PASSWORD}'")

    prepared = restored.prepare(a_user())

    assert "rdsapp" in prepared.locked_logins
    assert restored.refuses("rdsapp", OLD_PASSWORD)
    assert mentions(prepared.warnings, "rdsapp is not a known AWS login")


def test_one_that_may_be_awss_and_cannot_be_locked_is_reported(restored: Restored) -> None:
    restored.as_superuser("CREATE ROLE rdsfuture LOGIN")

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "rdsfuture could not be locked")


def test_locked_logins_lose_their_powers_and_keep_their_views(restored: Restored) -> None:
    restored.run(
        DBA,
        "CREATE ROLE bookkeepers",
        "GRANT bookkeepers TO dba",
        "GRANT USAGE ON SCHEMA billing TO bookkeepers",
        "GRANT SELECT ON billing.invoices TO bookkeepers",
        "GRANT CREATE ON SCHEMA public TO dba",
    )
    restored.run("CREATE VIEW sums AS SELECT count(*) FROM billing.invoices", user="dba",
                 password=OLD_PASSWORD)  # fmt: skip

    restored.set_up(a_user())

    assert restored.run("SELECT * FROM sums", user="reader") == [(0,)]
    powers = "SELECT rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname = 'dba'"
    assert restored.run(powers) == [(False, False)]


def test_who_may_stay_keeps_login_and_powers(restored: Restored) -> None:
    restored.run(DBA)

    restored.set_up(a_user(), lock=False)

    assert not restored.refuses("dba", OLD_PASSWORD)
    powers = "SELECT rolcreaterole FROM pg_roles WHERE rolname = 'dba'"
    assert restored.run(powers) == [(True,)]


def test_a_login_that_appears_at_the_end_is_noticed(restored: Restored) -> None:
    restored.set_up(a_user())
    restored.run("CREATE ROLE late LOGIN")

    with (
        failing(ValidationFailed, "late", "can still log in"),
        restored.server.as_admin() as session,
    ):
        restored.lockout(a_user()).check(session, [])


def test_a_role_that_pretends_to_be_made_by_a_restore_is_retired(restored: Restored) -> None:
    restored.run(
        f"CREATE ROLE reader LOGIN PASSWORD '{OLD_PASSWORD}'",
        "GRANT INSERT ON by_the_master TO reader",
        "COMMENT ON ROLE reader IS 'Made by Aurora restore restore-20260301-120000-abcdef'",
    )

    restored.set_up(a_user())

    assert not restored.may("reader", "INSERT INTO by_the_master VALUES (1)")


def test_a_customers_login_with_a_name_of_aws_is_locked(restored: Restored) -> None:
    """Where customers may grant it, as it shows since PostgreSQL 16, it is not AWS's."""
    restored.run(f"CREATE ROLE rdsproxyadmin LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'")

    restored.prepare(a_user())

    assert restored.refuses("rdsproxyadmin", OLD_PASSWORD)


def test_an_open_transaction_on_a_role_delays_nothing(restored: Restored) -> None:
    with restored.connected("shop_app", OLD_PASSWORD) as opened:
        opened.cursor().execute("BEGIN; ALTER ROLE shop_app PASSWORD 'another'")

        restored.prepare(a_user())


def test_a_login_with_a_name_of_aws_that_nobody_can_lock_is_reported(restored: Restored) -> None:
    """Once its creator is dropped, only what it was granted shows that it was a customer's."""
    restored.run(
        "CREATE ROLE maker CREATEROLE",
        "GRANT maker TO CURRENT_USER",
        "SET ROLE maker",
        f"CREATE ROLE rdsproxyadmin LOGIN PASSWORD '{OLD_PASSWORD}'",
        "RESET ROLE",
        "DROP ROLE maker",
    )
    restored.run("GRANT SELECT ON orders TO rdsproxyadmin", user="shop_owner",
                 password=OLD_PASSWORD)  # fmt: skip

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "rdsproxyadmin", "Check who created it")


@pytest.mark.parametrize("lock", [True, False])
def test_a_user_who_has_left_the_templates_is_locked(restored: Restored, lock: bool) -> None:
    restored.prepare(a_user(), a_user("writer", "read_write"), lock_other_logins=lock)

    restored.prepare(a_user(), lock_other_logins=lock)

    assert restored.refuses("writer", USER_PASSWORD)
