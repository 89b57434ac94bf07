"""Logins inherited from the snapshot: locked, and proven to be."""

from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest
from pydantic import SecretStr

from shared.errors import DatabaseUnreachable, ValidationFailed
from shared.users.lockout.logins import Lockout
from shared.users.master.connecting import Login
from shared.users.master.notes import Notes
from tests.local.postgres.clients import MASTER
from tests.shared.users.restored import HOST, NOTES, OLD_PASSWORD, Restored, a_user, failing


def lock_out(lockout: Lockout) -> None:
    with lockout.enforced([]):
        pass


def test_every_other_login_is_locked_under_a_password_that_nobody_knows(
    restored: Restored,
) -> None:
    verifier = "SELECT rolpassword FROM pg_authid WHERE rolname = 'shop_app'"
    before = restored.as_superuser(verifier)

    locked = restored.set_up(a_user())

    assert locked == ("shop_app", "shop_owner")
    assert restored.refuses("shop_app", OLD_PASSWORD)
    assert restored.as_superuser(verifier) not in (before, [(None,)])
    assert restored.run("SELECT shobj_description('shop_app'::regrole, 'pg_authid')") == [
        (NOTES.locked,)
    ]


def test_roles_that_are_not_ours_to_change_are_left_alone(restored: Restored) -> None:
    query = (
        "SELECT rolname, rolcanlogin, rolpassword, shobj_description(oid, 'pg_authid')"
        " FROM pg_authid WHERE rolname NOT IN ('shop_app', 'shop_owner', 'reader') ORDER BY 1"
    )
    restored.as_superuser("CREATE ROLE root LOGIN SUPERUSER; CREATE ROLE rds_ad LOGIN")
    before = restored.as_superuser(query)

    restored.set_up(a_user())

    assert restored.as_superuser(query) == before
    assert {"accountants", "root", "rds_ad", "rdsadmin", MASTER} <= {row[0] for row in before}


def test_sessions_of_locked_logins_end(restored: Restored) -> None:
    with restored.connected("shop_app", OLD_PASSWORD) as theirs, theirs.cursor() as cursor:
        restored.set_up(a_user())

        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")


def test_a_login_of_iam_is_locked_though_no_password_would_let_it_in(restored: Restored) -> None:
    [(file,)] = restored.as_superuser("SHOW hba_file")
    rules = Path(file)
    rules.write_text(f"local all shop_app reject\n{rules.read_text()}")
    restored.as_superuser("SELECT pg_reload_conf()")

    locked = restored.set_up(a_user())

    assert locked == ("shop_app", "shop_owner")


@pytest.mark.parametrize("unlocked", ["shop_app", "shop_owner"])
def test_the_proof_notices_a_login_that_is_not_locked(restored: Restored, unlocked: str) -> None:
    lock_out(restored.lockout())
    restored.run(f"ALTER ROLE {unlocked} LOGIN")

    logins = [Login(name, SecretStr("a guess")) for name in ("shop_app", "shop_owner")]
    with (
        failing(ValidationFailed, unlocked, "not locked"),
        restored.server.as_admin() as session,
    ):
        restored.lockout().check(session, logins)


def test_the_proof_tries_the_right_password(restored: Restored) -> None:
    lock_out(restored.lockout())
    with restored.lockout().enforced([]) as session:
        logins = restored.lockout().set_unknown_passwords(session)
    restored.run("ALTER ROLE shop_app LOGIN")

    with failing(ValidationFailed, "shop_app", "not locked"):
        restored.lockout().prove_refused(logins)


def test_a_login_that_the_admin_cannot_lock_is_named(restored: Restored) -> None:
    restored.as_superuser("CREATE ROLE untouchable LOGIN")

    with failing(ValidationFailed, "untouchable"):
        restored.set_up(a_user())


@pytest.mark.parametrize("dying_after", [1, 4, 8])
def test_dying_halfway_and_again_reports_the_same(restored: Restored, dying_after: int) -> None:
    users = [a_user(), a_user("shop_app", "read_write")]
    restored.databases.front.drop_next(HOST, dying_after)
    with suppress(DatabaseUnreachable):
        restored.set_up(*users)

    again = restored.set_up(*users)

    assert again == restored.set_up(*users) == ("shop_owner",)


def test_locks_of_an_earlier_restore_are_not_reported_again(restored: Restored) -> None:
    lock_out(restored.lockout(notes=Notes("restore-of-yesterday")))

    assert restored.set_up(a_user()) == ()


def test_logins_stay_when_the_templates_say_so(restored: Restored) -> None:
    restored.set_up(a_user(), lock=False)

    assert not restored.refuses("shop_app", OLD_PASSWORD)
