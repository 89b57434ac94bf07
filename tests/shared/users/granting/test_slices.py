"""Preparing a database goes on where a call has ended whose time was used up."""

from shared.users.preparation import Unfinished, prepare
from shared.users.slices import Slice
from shared.users.templates import UsersSecret
from shared.users.verification import prove
from tests.local.postgres.clients import MASTER
from tests.shared.users.hostile.test_event_triggers import STATES, make_event_triggers
from tests.shared.users.restored import NOTES, OLD_PASSWORD, Restored, a_user

USERS = (
    a_user(databases=("shop", "warehouse")),
    a_user("writer", "read_write"),
    a_user("owner", "owner", databases=("shop", "warehouse")),
)


def in_slices(restored: Restored, seconds: float = 0) -> tuple[int, list[str], list[int]]:
    """Prepare in slices; how many there were, what was reported, databases that were done."""
    reported: dict[str, None] = {}
    done: list[int] = []
    while True:
        prepared = prepare(restored.server, UsersSecret(users=USERS), NOTES, Slice(seconds))
        reported |= dict.fromkeys(prepared.warnings)
        if not isinstance(prepared, Unfinished):
            return len(done) + 1, [*reported], done
        done.append(prepared.databases_done)


def test_a_call_whose_time_is_up_ends_and_the_next_one_goes_on(restored: Restored) -> None:
    slices, _, done = in_slices(restored)

    assert slices > 4
    assert done == sorted(done)
    assert done[-1] > 0
    prove(restored.server, UsersSecret(users=USERS))


def test_in_slices_as_much_is_reported_as_at_once(restored: Restored) -> None:
    restored.run(
        "CREATE ROLE reader LOGIN",
        "CREATE FUNCTION as_the_master() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
    )
    with restored.connected("shop_app", OLD_PASSWORD):
        _, reported, _ = in_slices(restored)

    words = ("Open sessions of shop_app", "The user reader is a new role", "as_the_master")
    assert [word for word in words if not any(word in text for text in reported)] == []


def test_between_slices_everything_is_as_it_was(restored: Restored) -> None:
    """An event trigger that is disabled for a grant is enabled again whenever a call ends."""
    make_event_triggers(restored, MASTER)
    before = restored.as_superuser(STATES)

    prepared: object = None
    while isinstance(prepared, Unfinished | None):
        prepared = prepare(restored.server, UsersSecret(users=USERS), NOTES, Slice(0))
        assert restored.as_superuser(STATES) == before


def test_a_second_preparation_grants_nothing_again(restored: Restored) -> None:
    slices, _, _ = in_slices(restored)

    again, _, _ = in_slices(restored)

    assert again < slices


def test_what_can_never_be_granted_or_revoked_is_not_tried_for_ever(restored: Restored) -> None:
    """USAGE through PUBLIC on a superuser's schema, and what a former owner has already."""
    restored.run("CREATE ROLE owner LOGIN", "GRANT owner TO CURRENT_USER")
    restored.as_superuser(
        "ALTER SCHEMA public OWNER TO rdsadmin",
        "GRANT CREATE ON SCHEMA public TO owner",
        "SET ROLE owner",
        "CREATE TABLE public.mine (id integer)",
    )
    users = (a_user(), a_user("owner", "owner"))
    slices = 0
    prepared: object = None
    while slices < 30 and isinstance(prepared, Unfinished | None):
        slices += 1
        prepared = prepare(restored.server, UsersSecret(users=users), NOTES, Slice(0))

    assert slices < 15
