"""Servers whose messages are in another language are understood by the codes of their errors."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from local.postgres.interruptions import Interruption, Refusal
from local.postgres.languages import GERMAN, RUSSIAN, RUSSIAN_IN_KOI8
from shared.errors import DatabaseUnreachable, ValidationFailed
from shared.users.master.connecting import Login
from shared.users.templates import UsersSecret
from shared.users.verification import prove
from tests.local.postgres.clients import MASTER
from tests.shared.users.restored import HOST, OLD_PASSWORD, Restored, a_user, failing
from tests.shared.users.test_connections import prepare_at

LANGUAGES = {"Russian": RUSSIAN, "Russian in KOI8-R": RUSSIAN_IN_KOI8, "German": GERMAN}


@pytest.fixture(params=LANGUAGES)
def foreign(restored: Restored, request: pytest.FixtureRequest) -> Iterator[Restored]:
    """A restored cluster that speaks another language."""
    restored.databases.front.speak(LANGUAGES[request.param])
    yield restored
    restored.databases.front.clear_interruptions()


def test_users_are_set_up_and_logins_are_locked(foreign: Restored) -> None:
    assert foreign.prepare(a_user()).locked_logins == ("shop_app", "shop_owner")

    assert foreign.may("reader", "SELECT FROM orders")
    assert not foreign.may("reader", "DELETE FROM orders")


def test_a_master_password_that_is_not_in_effect_yet_is_tried_again(foreign: Restored) -> None:
    early = replace(foreign.server, admin=Login(MASTER, SecretStr("not yet")))

    with failing(DatabaseUnreachable, MASTER, "28P01", "takes a moment to take effect"):
        prepare_at(early)


def test_a_database_that_lets_nobody_in_is_final(foreign: Restored) -> None:
    foreign.as_superuser(
        "ALTER DATABASE postgres OWNER TO rdsadmin",
        "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC",
    )

    with failing(ValidationFailed, MASTER, "42501", "CONNECT"):
        foreign.prepare(a_user())


def test_a_maintenance_database_that_is_gone_is_not_needed(foreign: Restored) -> None:
    foreign.as_superuser("ALTER DATABASE postgres RENAME TO maintenance")

    foreign.prepare(a_user())

    assert foreign.may("reader", "SELECT FROM orders")


def test_a_master_user_that_may_not_log_in_is_final(foreign: Restored) -> None:
    foreign.as_superuser(f"ALTER ROLE {MASTER} NOLOGIN")

    with failing(ValidationFailed, MASTER, "28000", "ALTER ROLE … LOGIN"):
        foreign.prepare(a_user())


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ((f"ALTER ROLE {MASTER} CONNECTION LIMIT 0",), "ALTER ROLE … CONNECTION LIMIT -1"),
        (
            (
                "ALTER DATABASE postgres CONNECTION LIMIT 0",
                "ALTER DATABASE template1 CONNECTION LIMIT 0",
            ),
            "ALTER DATABASE … CONNECTION LIMIT -1",
        ),
    ],
    ids=["of the role", "of the databases"],
)
def test_a_connection_limit_may_pass_and_is_told(
    foreign: Restored, changes: tuple[str, ...], remedy: str
) -> None:
    foreign.as_superuser(*changes)

    with failing(DatabaseUnreachable, HOST, "53300", remedy):
        foreign.prepare(a_user())


def test_a_database_that_is_full_of_sessions_is_prepared_once_these_have_ended(
    foreign: Restored,
) -> None:
    foreign.as_superuser("ALTER DATABASE shop CONNECTION LIMIT 1")
    with foreign.connected("shop_app", OLD_PASSWORD):
        foreign.prepare(a_user())

    assert foreign.may("reader", "SELECT FROM orders")


def test_users_that_are_at_work_already_are_no_reason_to_fail_the_proof(foreign: Restored) -> None:
    foreign.prepare(a_user(), a_user("owner", "owner"))
    foreign.as_superuser("ALTER DATABASE shop CONNECTION LIMIT 1")

    with foreign.connected("owner"), failing(DatabaseUnreachable, "53300", "CONNECTION LIMIT"):
        prove(foreign.server, UsersSecret(users=(a_user(),)))


def test_a_maintenance_database_that_is_full_is_not_needed(foreign: Restored) -> None:
    foreign.as_superuser("ALTER DATABASE postgres CONNECTION LIMIT 0")

    foreign.prepare(a_user())

    assert foreign.may("reader", "SELECT FROM orders")


def test_a_user_that_cannot_log_in_is_final(foreign: Restored) -> None:
    foreign.prepare(a_user())
    foreign.run("ALTER ROLE reader NOLOGIN")

    with failing(ValidationFailed, "reader cannot log in to shop", "28000"):
        prove(foreign.server, UsersSecret(users=(a_user(),)))


@pytest.mark.parametrize("code", ["57P03", "57P01", "53300", "08006"])
def test_a_server_that_is_not_ready_is_tried_again(foreign: Restored, code: str) -> None:
    for nth in (1, 2):
        foreign.databases.front.interrupt(Interruption(HOST, nth=nth, refusal=Refusal(code, "…")))

    with failing(DatabaseUnreachable, HOST, "accepts no connections right now", code):
        foreign.prepare(a_user())


def test_a_setting_that_the_server_does_not_know_is_left_out(foreign: Restored) -> None:
    newer = replace(foreign.server, engine_version="17.4")

    with newer.as_admin("shop") as session:
        assert session.rows("Checking", "SELECT 1") == [(1,)]


def test_a_login_that_works_is_not_taken_for_a_refused_one(foreign: Restored) -> None:
    foreign.run("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC", database="postgres")
    login = Login("shop_app", SecretStr(OLD_PASSWORD))

    assert not foreign.server.refuses(login)
    assert foreign.server.refuses(login._replace(password=SecretStr("a guess")))
