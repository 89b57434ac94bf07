"""The proof notices whatever was done to the rights after they were set up."""

from shared.errors import ValidationFailed
from shared.users.master.notes import Notes
from shared.users.templates import UsersSecret
from shared.users.verification import prove
from tests.shared.users.attacks import mentions
from tests.shared.users.restored import Restored, a_user, failing, has_no_secret

USERS = (a_user(), a_user("writer", "read_write"), a_user("owner", "owner"))


# How to make it wrong, and what the error says.
WRONG: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("REVOKE SELECT ON orders FROM reader", ("reader lacks SELECT", "shop.public.orders")),
    ("GRANT INSERT ON order_ids TO reader", ("reader should not have INSERT", "order_ids")),
    ("GRANT UPDATE (note) ON orders TO reader", ("reader should not have UPDATE", "orders")),
    ("GRANT TRUNCATE ON orders TO writer", ("writer should not have TRUNCATE", "orders")),
    ("GRANT TRIGGER ON orders TO writer", ("writer should not have TRIGGER", "orders")),
    ("REVOKE INSERT ON orders FROM writer", ("writer lacks INSERT", "orders")),
    ("REVOKE UPDATE ON orders FROM writer", ("writer lacks UPDATE", "orders")),
    ("REVOKE DELETE ON parts_1 FROM writer", ("writer lacks DELETE", "parts_1")),
    ("REVOKE TRUNCATE ON by_the_master FROM owner", ("owner lacks TRUNCATE",)),
    (
        "GRANT USAGE ON SEQUENCE numbers TO reader",
        ("reader should not have USAGE", "sequence", "numbers"),
    ),
    ("REVOKE USAGE ON SEQUENCE numbers FROM writer", ("writer lacks USAGE", "numbers")),
    (
        "GRANT CREATE ON SCHEMA public TO reader",
        ("reader should not have CREATE", "schema shop.public"),
    ),
    ("GRANT CREATE ON SCHEMA public TO PUBLIC", ("reader should not have CREATE", "PUBLIC")),
    ("GRANT CREATE ON DATABASE shop TO writer", ("writer should not have CREATE", "database shop")),
    ("GRANT shop_owner TO reader WITH INHERIT FALSE", ("reader", "member of shop_owner")),
    ("GRANT pg_write_all_data TO writer", ("writer", "member of pg_write_all_data")),
    ("ALTER ROLE owner CREATEDB", ("owner", "powers")),
    ("ALTER ROLE owner CREATEROLE", ("owner", "powers")),
    ("ALTER ROLE writer NOLOGIN", ("writer cannot log in to shop", "not permitted")),
    ("ALTER ROLE writer PASSWORD 'another'", ("writer cannot log in to shop", "password")),
    ("REVOKE CONNECT ON DATABASE shop FROM PUBLIC, reader", ("reader cannot log in to shop",)),
    ("REVOKE USAGE ON SCHEMA public FROM PUBLIC, reader", ("reader lacks USAGE",)),
)


def test_every_wrong_right_is_named(restored: Restored) -> None:
    restored.set_up(*USERS)
    prove(restored.server, UsersSecret(users=USERS))

    for number, (statement, words) in enumerate(WRONG):
        concerned = tuple(user for user in USERS if words[0].startswith(user.username))
        restored.run(statement)
        with failing(ValidationFailed, *words):
            prove(restored.server, UsersSecret(users=concerned))
        # another operation makes the users anew
        restored.prepare(*USERS, notes=Notes(f"restore-{number}"))

    prove(restored.server, UsersSecret(users=USERS))


def test_what_is_tried_is_undone_and_fires_no_trigger(restored: Restored) -> None:
    restored.run(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'fired'; END$$",
        "GRANT shop_owner TO CURRENT_USER",
        "CREATE TRIGGER each_time BEFORE DELETE ON orders EXECUTE FUNCTION refuse()",
    )
    tables = "SELECT array_agg(oid ORDER BY oid) FROM pg_class"
    restored.set_up(*USERS)
    before = restored.run(tables)

    prove(restored.server, UsersSecret(users=USERS))

    assert restored.run(tables) == before
    assert restored.run("SELECT count(*) FROM orders") == [(1,)]


def test_a_schema_without_tables_is_proven_too(restored: Restored) -> None:
    restored.run("CREATE SCHEMA empty")

    restored.set_up(a_user(schemas=("empty",)))

    assert not restored.may("reader", "CREATE TABLE empty.mine ()")


def test_tables_of_extensions_keep_the_grants_of_their_extension(restored: Restored) -> None:
    restored.as_superuser(
        "CREATE TABLE public.spatial_reference (id serial)",
        "ALTER EXTENSION plpgsql ADD TABLE public.spatial_reference",
        "ALTER EXTENSION plpgsql ADD SEQUENCE public.spatial_reference_id_seq",
        "GRANT SELECT ON public.spatial_reference TO PUBLIC",
    )

    warnings = restored.prepare(*USERS).warnings

    assert warnings == ()
    assert not restored.may("writer", "INSERT INTO spatial_reference VALUES (1)")


def test_what_the_master_user_cannot_grant_is_reported(restored: Restored) -> None:
    restored.as_superuser("CREATE TABLE public.of_aws (id integer)")

    warnings = restored.prepare(*USERS).warnings

    assert mentions(warnings, "public.of_aws", "rdsadmin")


def test_a_server_shows_no_password(restored: Restored) -> None:
    assert has_no_secret(repr(restored.server))
