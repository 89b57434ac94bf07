"""Event triggers fire at what the master user does; their functions may be anybody's."""

import pytest

from shared.errors import ValidationFailed
from tests.local.postgres.clients import MASTER
from tests.shared.users.attacks import LEFT_BEHIND, mentions, trap
from tests.shared.users.restored import Restored, a_user, failing

FIRES = trap("public.fire", "", "event_trigger", "NULL").replace("RETURN NULL;", "")
STATES = "SELECT evtname, evtenabled FROM pg_event_trigger ORDER BY 1"


def make_event_triggers(restored: Restored, owner: str) -> None:
    """As on RDS, where `rds_superuser` may make them; PostgreSQL's own want a superuser's."""
    restored.as_superuser(
        f"ALTER ROLE {owner} SUPERUSER",
        f"SET ROLE {owner}",
        FIRES,
        "CREATE EVENT TRIGGER at_the_end ON ddl_command_end EXECUTE FUNCTION public.fire()",
        "CREATE EVENT TRIGGER at_the_start ON ddl_command_start EXECUTE FUNCTION public.fire()",
        "ALTER EVENT TRIGGER at_the_start ENABLE ALWAYS",
        "CREATE EVENT TRIGGER off ON sql_drop EXECUTE FUNCTION public.fire()",
        "ALTER EVENT TRIGGER off DISABLE",
        "RESET ROLE",
        f"ALTER ROLE {owner} NOSUPERUSER",
        "ALTER FUNCTION public.fire() OWNER TO shop_owner",
    )


def test_they_are_silent_while_the_master_user_works_and_as_they_were_afterwards(
    restored: Restored,
) -> None:
    make_event_triggers(restored, MASTER)
    before = restored.as_superuser(STATES)

    restored.set_up(a_user(), a_user("owner", "owner"))

    assert restored.as_superuser(LEFT_BEHIND) == []
    assert restored.as_superuser(STATES) == before == [
        ("at_the_end", "O"), ("at_the_start", "A"), ("off", "D"),
    ]  # fmt: skip


def test_one_that_belongs_to_another_administrator_is_silenced_too(restored: Restored) -> None:
    restored.run("CREATE ROLE dba CREATEROLE")
    make_event_triggers(restored, "dba")

    restored.set_up(a_user())

    assert restored.as_superuser(LEFT_BEHIND) == []


def test_one_that_cannot_be_silenced_is_refused_with_its_name(restored: Restored) -> None:
    restored.as_superuser(
        FIRES,
        "CREATE EVENT TRIGGER audit ON ddl_command_end EXECUTE FUNCTION public.fire()",
        "ALTER FUNCTION public.fire() OWNER TO shop_owner",
    )

    with failing(ValidationFailed, "audit", "shop", "public.fire()", "shop_owner", "rdsadmin"):
        restored.set_up(a_user())
    assert restored.as_superuser(LEFT_BEHIND) == []


def test_those_of_extensions_go_on(restored: Restored) -> None:
    restored.as_superuser(
        "CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION public.watch()",
    )

    restored.set_up(a_user())

    assert restored.as_superuser(STATES) == [("watching", "O")]


@pytest.mark.parametrize("error", ["42501", "22000"])
def test_what_fires_in_a_users_own_session_changes_no_verdict(
    restored: Restored, error: str
) -> None:
    """A trigger that answers as if a right were missing hides one that is there."""
    restored.run("GRANT CREATE ON SCHEMA billing TO PUBLIC")
    restored.as_superuser(
        "CREATE FUNCTION public.hide() RETURNS event_trigger LANGUAGE plpgsql AS "
        f"$$BEGIN IF current_user = 'reader' THEN RAISE SQLSTATE '{error}'; END IF; END$$",
        "CREATE EVENT TRIGGER hiding ON ddl_command_start EXECUTE FUNCTION public.hide()",
    )
    restored.set_up(a_user())
    restored.as_superuser("GRANT CREATE ON SCHEMA public TO reader")

    with failing(ValidationFailed, "reader should not have CREATE", "schema shop.public"):
        restored.set_up(a_user())


def test_one_that_goes_on_afterwards_is_reported(restored: Restored) -> None:
    """Whoever acts for its function's owner can replace it, and the master user's work fires it."""
    make_event_triggers(restored, MASTER)

    warnings = restored.prepare(a_user("owner", "owner")).warnings

    assert mentions(warnings, "In shop", "at_the_end", "public.fire()", "shop_owner")
