"""There are more ways to functions that run with their owner's rights than to call them.

Nothing that a user of the templates does ends in a function that has powers, or it is reported.
"""

from tests.local.postgres.clients import MASTER
from tests.shared.users.attacks import (
    RUN,
    all_warnings,
    as_operators,
    as_shop_owner,
    mentions,
)
from tests.shared.users.restored import Restored, a_user

BACK = "CREATE ROLE back LOGIN CREATEROLE"
WRITER = a_user("writer", "read_write")

FIRE = ("CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        "AS $$ BEGIN EXECUTE NEW.note; RETURN NEW; END $$")  # fmt: skip


def test_a_trigger(restored: Restored) -> None:
    as_operators(restored, FIRE, "REVOKE EXECUTE ON FUNCTION public.fire() FROM PUBLIC",
                 "GRANT EXECUTE ON FUNCTION public.fire() TO shop_owner")  # fmt: skip
    as_shop_owner(restored, "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW"
                  " EXECUTE FUNCTION public.fire()")  # fmt: skip

    warnings = all_warnings(restored, WRITER)

    assert mentions(warnings, "fire") or not restored.may(
        "writer", f"INSERT INTO orders VALUES (5, '{BACK}')"
    )


def test_a_trigger_of_the_master(restored: Restored) -> None:
    restored.run(FIRE, "REVOKE EXECUTE ON FUNCTION public.fire() FROM PUBLIC",
                 "GRANT EXECUTE ON FUNCTION public.fire() TO shop_owner")  # fmt: skip
    as_shop_owner(restored, "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW"
                  " EXECUTE FUNCTION public.fire()")  # fmt: skip

    warnings = all_warnings(restored, WRITER)

    assert mentions(warnings, "fire") or not restored.may(
        "writer", f"INSERT INTO orders VALUES (5, '{BACK}')"
    )


def test_an_aggregate(restored: Restored) -> None:
    """Its owner, not its caller, needs EXECUTE on its parts."""
    as_operators(
        restored,
        "CREATE FUNCTION public.step(text, text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER "
        "AS $$ BEGIN EXECUTE $2; RETURN $2; END $$",
        "REVOKE EXECUTE ON FUNCTION public.step(text, text) FROM PUBLIC",
        "CREATE AGGREGATE public.run_all(text) (SFUNC = public.step, STYPE = text, INITCOND = '')",
    )

    warnings = all_warnings(restored, a_user())

    assert mentions(warnings, "step") or not restored.may("reader", f"SELECT run_all('{BACK}')")


def test_a_range(restored: Restored) -> None:
    """Nobody needs EXECUTE on the difference of a range's type."""
    as_operators(
        restored,
        "CREATE FUNCTION public.diff(text, text) RETURNS float8 IMMUTABLE LANGUAGE plpgsql "
        "SECURITY DEFINER AS $$ BEGIN IF $1 LIKE 'CREATE%' THEN EXECUTE $1; END IF; "
        "IF $2 LIKE 'CREATE%' THEN EXECUTE $2; END IF; RETURN 1; END $$",
        "CREATE TYPE public.texts AS RANGE (subtype = text, subtype_diff = public.diff)",
        "REVOKE EXECUTE ON FUNCTION public.diff(text, text) FROM PUBLIC",
    )

    warnings = all_warnings(restored, a_user())

    assert mentions(warnings, "diff") or not restored.may(
        "reader",
        "CREATE TEMP TABLE t (r public.texts); CREATE INDEX ON t USING gist (r);"
        f"INSERT INTO t SELECT public.texts('{BACK}', 'Z') FROM generate_series(1, 1000)",
    )


def test_a_view_of_a_schema_that_is_closed(restored: Restored) -> None:
    """USAGE on a schema is for finding names; a view has found its function already."""
    as_operators(
        restored, "CREATE SCHEMA hidden", RUN.replace("run(", "hidden.run("),
        "CREATE VIEW public.door AS SELECT 1 AS number"
        " WHERE hidden.run(pg_catalog.current_setting('my.command')) IS NULL",
    )  # fmt: skip

    warnings = all_warnings(restored, a_user())

    assert mentions(warnings, "hidden.run") or not restored.may(
        "reader", f"SET my.command = '{BACK}'; SELECT * FROM door"
    )


def test_a_member_of_an_extension(restored: Restored) -> None:
    """Whoever owns a trusted extension may add functions to it (tried with hstore on 15).

    Without contrib here, the superuser stands in for an extension's owner.
    """
    as_operators(restored, RUN)
    restored.as_superuser("ALTER EXTENSION plpgsql ADD FUNCTION public.run(text)")

    warnings = all_warnings(restored, a_user())

    assert mentions(warnings, "run") or not restored.may("reader", f"SELECT run('{BACK}')")


def test_a_function_in_template1(restored: Restored) -> None:
    """On RDS it belongs to the master user; until 14 everybody may create in it."""
    restored.as_superuser(f"ALTER DATABASE template1 OWNER TO {MASTER}")
    as_operators(restored, RUN, database="template1")

    warnings = all_warnings(restored, a_user())

    assert mentions(warnings, "template1") or not restored.may(
        "reader", f"SELECT run('{BACK}')", database="template1"
    )


def test_a_function_behind_twenty_others(restored: Restored) -> None:
    """Names that sort first push the one that matters out of the sentence."""
    as_shop_owner(restored, RUN, *(
        f"CREATE FUNCTION public.a{n:02}() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
        for n in range(20)
    ))  # fmt: skip

    assert mentions(all_warnings(restored, a_user()), "run(text)")
