"""PostgreSQL 16 and roles that nobody administers: from before an upgrade, or without creator.

The master user of these tests has what PostgreSQL gives it. Whether RDS gives its own more was
never seen, so the tests hold that it is tried.
"""

import pytest

from shared.errors import ValidationFailed
from tests.local.postgres.clients import MASTER
from tests.shared.users.attacks import DBA, as_shop_owner, mentions
from tests.shared.users.restored import (
    OLD_PASSWORD,
    VOLUME,
    Restored,
    a_user,
    failing,
    statements_sent,
)

HAS_LOGIN = "SELECT rolcanlogin FROM pg_roles WHERE rolname = '{}'"


def upgrade(restored: Restored, *administered: str) -> None:
    """Upgrade from 15, where the master user had been granted ADMIN on some roles."""
    restored.databases.upgrade_roles(VOLUME)
    for role in administered:
        restored.as_superuser(f"GRANT {role} TO {MASTER} WITH ADMIN OPTION")


def test_all_roles_that_cannot_be_altered_are_named_at_once(restored: Restored) -> None:
    restored.run("CREATE ROLE reader NOLOGIN")
    upgrade(restored)

    with failing(ValidationFailed, MASTER, "3 of", "reader, shop_app, shop_owner", "ADMIN",
                 "upgrade from 15", f"GRANT … TO {MASTER} WITH ADMIN OPTION"):  # fmt: skip
        restored.prepare(a_user())


def test_only_namesakes_are_named_where_the_others_may_stay(restored: Restored) -> None:
    upgrade(restored)

    with failing(ValidationFailed, "1 of", ": shop_app."):
        restored.set_up(a_user("shop_app"), lock=False)


def test_what_can_be_locked_is_locked_before_that(restored: Restored) -> None:
    upgrade(restored, "shop_app")

    with failing(ValidationFailed, "shop_owner"):
        restored.prepare(a_user())

    assert restored.as_superuser(HAS_LOGIN.format("shop_app")) == [(False,)]


@pytest.mark.parametrize(
    "way",
    [
        f'GRANT "shop_app" TO {MASTER} WITH ADMIN',
        "GRANT rds_password TO",
    ],
)
def test_all_that_could_let_the_master_user_in_is_tried(restored: Restored, way: str) -> None:
    upgrade(restored)

    with statements_sent(restored) as sent, failing(ValidationFailed, "shop_app"):
        restored.prepare(a_user())

    last = [statement for statement in sent if "shop_app" in statement][-1]
    assert [each for each in sent if each.startswith(way.replace(MASTER, "CURRENT_USER"))]
    assert last.startswith('ALTER ROLE "shop_app" NOLOGIN')


def test_roles_that_the_master_user_administers_are_no_obstacle(restored: Restored) -> None:
    restored.run("CREATE ROLE reader NOLOGIN")
    upgrade(restored, "shop_app", "shop_owner", "reader")

    assert restored.prepare(a_user()).locked_logins == ("shop_app", "shop_owner")


def test_a_membership_that_only_opens_a_door_is_no_obstacle(restored: Restored) -> None:
    """dba administers child; the master user is in dba, and may not make itself inherit from it."""
    restored.run(DBA)
    restored.run("CREATE ROLE child LOGIN", user="dba", password=OLD_PASSWORD)
    restored.as_superuser(
        f"REVOKE dba FROM {MASTER}",
        f"GRANT dba TO {MASTER} WITH INHERIT FALSE",
        "CREATE ROLE boss",
        "GRANT dba TO boss WITH ADMIN OPTION",
    )

    with failing(ValidationFailed, "1 of", ": dba."):
        restored.prepare(a_user())

    assert restored.as_superuser(HAS_LOGIN.format("child")) == [(False,)]


def test_memberships_of_a_superuser_are_revoked_or_named_at_once(restored: Restored) -> None:
    """gravitational/teleport#48949"""
    restored.run(DBA, DBA.replace("dba", "other"), "GRANT rds_superuser TO dba, other")
    upgrade(restored, "dba", "other", "shop_app", "shop_owner")
    restored.as_superuser("ALTER TABLE orders OWNER TO dba",
                          "ALTER TABLE billing.invoices OWNER TO other")  # fmt: skip
    owner = a_user("owner", "owner", schemas=("public", "billing"))

    with (
        statements_sent(restored) as sent,
        failing(ValidationFailed, "member of dba, other", "alone can end them",
                "dba in rds_superuser, by rdsadmin", "other in rds_superuser, by rdsadmin"),
    ):  # fmt: skip
        restored.prepare(owner)

    assert 'REVOKE "rds_superuser" FROM "dba" GRANTED BY "rdsadmin" CASCADE' in sent


def test_powers_that_cannot_be_taken_are_reported(restored: Restored) -> None:
    restored.run(DBA, "GRANT rds_superuser TO dba")
    upgrade(restored, "dba", "shop_app", "shop_owner")

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "Not all powers", "dba in rds_superuser, by rdsadmin")


def test_functions_of_all_owners_with_such_powers_are_named_at_once(restored: Restored) -> None:
    restored.run(DBA, DBA.replace("dba", "other"), "GRANT rds_superuser TO dba, other",
                 "GRANT CREATE ON SCHEMA public TO dba, other")  # fmt: skip
    for user in ("dba", "other"):
        restored.run(f"CREATE FUNCTION by_{user}() RETURNS int LANGUAGE sql SECURITY DEFINER "
                     "AS 'SELECT 1'", user=user, password=OLD_PASSWORD)  # fmt: skip
    upgrade(restored, "dba", "other", "shop_app", "shop_owner")

    with failing(ValidationFailed, "by_dba()", "by_other()", "rdsadmin"):
        restored.prepare(a_user())


def test_an_owner_that_cannot_be_made_a_member_is_reported(restored: Restored) -> None:
    """gravitational/teleport#48949"""
    restored.run("CREATE ROLE app_rw", "GRANT app_rw TO shop_app")
    upgrade(restored, "shop_app", "shop_owner")
    restored.as_superuser("ALTER TABLE orders OWNER TO app_rw")

    warnings = restored.prepare(a_user("shop_app", "owner")).warnings

    assert mentions(warnings, "shop_app", "cannot alter or drop", "app_rw", "ADMIN")
    assert restored.may("shop_app", "DELETE FROM orders")


def test_an_owner_that_is_a_member_of_the_master_user_is_told_as_that(restored: Restored) -> None:
    restored.restart(max_prepared_transactions=5)
    restored.as_superuser(f"CREATE ROLE boss LOGIN IN ROLE {MASTER} PASSWORD '{OLD_PASSWORD}'")
    restored.run("BEGIN", "CREATE TABLE late (i int)", "PREPARE TRANSACTION 'x'",
                 user="boss", password=OLD_PASSWORD)  # fmt: skip

    with failing(ValidationFailed, "boss: boss is a member of the master user,"):
        restored.prepare(a_user())


def test_an_owner_that_nobody_administers_is_told_as_that(restored: Restored) -> None:
    restored.restart(max_prepared_transactions=5)
    as_shop_owner(restored, "BEGIN", "CREATE TABLE late (i int)", "PREPARE TRANSACTION 'x'")
    upgrade(restored)

    with failing(ValidationFailed, "cannot become a member of shop_owner", "upgrade from 15"):
        restored.prepare(a_user())
