"""Functions that run with their owner's rights have no powers, are reported, and can be closed."""

from tests.shared.users.attacks import LEFT_BEHIND, READER, RUN, as_shop_owner, mentions
from tests.shared.users.restored import OLD_PASSWORD, Restored, a_user


def test_a_function_of_the_former_user_does_not_become_the_masters(restored: Restored) -> None:
    restored.run(READER, "GRANT CREATE ON SCHEMA public TO reader")
    restored.run(RUN, user="reader", password=OLD_PASSWORD)

    warnings = restored.prepare(a_user()).warnings

    for command in ("CREATE ROLE back LOGIN", "INSERT INTO public.orders VALUES (7)"):
        assert not restored.may("reader", f"SELECT run('{command}')")
    assert mentions(warnings, "reader is a new role", "reader_retired_", "1 functions in shop")
    assert mentions(warnings, "with the privileges of reader_retired_", "public.run(text)")


def test_a_function_of_a_former_administrator_has_no_powers(restored: Restored) -> None:
    restored.run(
        READER.replace("LOGIN", "LOGIN CREATEROLE"),
        "GRANT rds_superuser TO reader WITH ADMIN OPTION",
        "GRANT CREATE ON SCHEMA public TO reader",
    )
    restored.run(RUN, user="reader", password=OLD_PASSWORD)

    restored.set_up(a_user())

    for command in ("CREATE ROLE back LOGIN", "GRANT rds_superuser TO reader"):
        assert not restored.may("reader", f"SELECT run('{command}')")
    assert restored.as_superuser(LEFT_BEHIND) == []


def test_a_function_of_another_administrator_has_no_powers_either(restored: Restored) -> None:
    restored.run(
        f"CREATE ROLE dba LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'",
        "GRANT rds_superuser TO dba",
        "GRANT CREATE ON SCHEMA public TO dba",
    )
    restored.run(RUN, user="dba", password=OLD_PASSWORD)

    warnings = restored.prepare(a_user()).warnings

    assert not restored.may("reader", "SELECT run('CREATE ROLE back LOGIN')")
    assert mentions(warnings, "Powers", "dba")


def test_a_function_of_a_group_has_no_powers_either(restored: Restored) -> None:
    restored.run(
        "CREATE ROLE operators CREATEROLE", "GRANT operators TO CURRENT_USER", RUN,
        "GRANT CREATE ON SCHEMA public TO operators",
        "ALTER FUNCTION run(text) OWNER TO operators",
        "REVOKE operators FROM CURRENT_USER",
    )  # fmt: skip

    warnings = restored.prepare(a_user()).warnings

    assert not restored.may("reader", "SELECT run('CREATE ROLE back LOGIN')")
    assert mentions(warnings, "Powers", "operators")
    assert mentions(warnings, "privileges of operators", "public.run(text) (open to everybody)")


def test_a_function_that_writes_for_everybody_is_reported(restored: Restored) -> None:
    as_shop_owner(restored, RUN)

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "with the privileges of shop_owner", "public.run(text)")


def test_functions_that_write_for_everybody_are_closed_on_request(restored: Restored) -> None:
    restored.run(
        "CREATE FUNCTION billing.ping(inout a int, b text DEFAULT 'x') LANGUAGE sql"
        " SECURITY DEFINER AS 'SELECT 1'"
    )
    as_shop_owner(
        restored,
        RUN,
        'CREATE PROCEDURE "we""ird %s"(text) LANGUAGE sql SECURITY DEFINER'
        " AS 'DELETE FROM orders'",
    )

    warnings = restored.prepare(a_user(), public_functions="revoke").warnings

    assert not restored.may("reader", "SELECT run('DELETE FROM orders')")
    assert not restored.may("reader", """CALL "we""ird %s"('')""")
    assert restored.run("SELECT double(21)", user="reader") == [(42,)]
    assert mentions(warnings, "In shop", "was revoked", "public.run(text)", "ird")


def test_functions_that_others_opened_to_everybody_are_closed_too(restored: Restored) -> None:
    as_shop_owner(
        restored,
        RUN,
        "REVOKE EXECUTE ON FUNCTION run(text) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION run(text) TO shop_app WITH GRANT OPTION",
        "CREATE PROCEDURE p(IN a int) SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
        "CREATE PROCEDURE p(OUT a int) SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
    )
    grant = "GRANT EXECUTE ON FUNCTION run(text) TO PUBLIC"
    restored.run(grant, user="shop_app", password=OLD_PASSWORD)

    restored.prepare(a_user(), public_functions="revoke")

    assert not restored.may("reader", "SELECT run('DELETE FROM orders')")
