"""What tables and views need besides a grant on themselves."""

import pytest

from tests.local.postgres.clients import MASTER
from tests.shared.users.attacks import mentions
from tests.shared.users.restored import Restored, a_user

FUNCTION = (
    "CREATE FUNCTION billing.check_it(integer) RETURNS boolean LANGUAGE sql IMMUTABLE"
    " AS 'SELECT $1 > 0'",
    "REVOKE EXECUTE ON FUNCTION billing.check_it(integer) FROM PUBLIC",
    "GRANT USAGE ON SCHEMA billing TO PUBLIC",
)
USES = {
    "default": "CREATE TABLE uses (id integer, ok boolean DEFAULT billing.check_it(1))",
    "check": "CREATE TABLE uses (id integer CHECK (billing.check_it(id)))",
    "domain": "CREATE DOMAIN positive AS integer CHECK (billing.check_it(VALUE));"
    " CREATE TABLE uses (id positive)",
    "index": "CREATE TABLE uses (id integer); CREATE INDEX ON uses (billing.check_it(id))",
    "policy": "CREATE TABLE uses (id integer); ALTER TABLE uses ENABLE ROW LEVEL SECURITY;"
    " CREATE POLICY mine ON uses USING (billing.check_it(id))",
}


@pytest.mark.parametrize("use", USES)
def test_a_writer_may_call_what_its_tables_call(restored: Restored, use: str) -> None:
    restored.run(*FUNCTION, *USES[use].split("; "))

    warnings = restored.prepare(a_user("writer", "read_write")).warnings

    assert restored.may("writer", "INSERT INTO uses (id) VALUES (1)")
    assert not mentions(warnings, "check_it")


def test_a_reader_may_call_what_its_views_call(restored: Restored) -> None:
    restored.run(*FUNCTION, "CREATE VIEW checked AS SELECT billing.check_it(1)")

    restored.prepare(a_user())

    assert restored.may("reader", "SELECT * FROM checked")


def test_a_function_that_runs_as_its_owner_is_not_granted_but_reported(restored: Restored) -> None:
    restored.run(
        *FUNCTION,
        "ALTER FUNCTION billing.check_it(integer) SECURITY DEFINER",
        USES["check"],
    )

    warnings = restored.prepare(a_user("writer", "read_write")).warnings

    assert mentions(warnings, "In shop", "writer", "may not call", "billing.check_it(integer)")
    assert not restored.may("writer", "SELECT billing.check_it(1)")


def test_a_view_with_its_callers_rights_on_what_the_user_cannot_read_is_reported(
    restored: Restored,
) -> None:
    restored.run(
        "CREATE VIEW totals WITH (security_invoker = true) AS SELECT * FROM billing.invoices",
        "CREATE VIEW fine WITH (security_invoker = true) AS SELECT * FROM by_the_master",
    )

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "reader cannot read", "public.totals (billing.invoices)")
    assert not mentions(warnings, "public.fine")
    assert not restored.may("reader", "SELECT * FROM totals")


def test_what_production_left_open_needs_no_grant(restored: Restored) -> None:
    restored.run(*FUNCTION[:1], USES["check"])

    restored.prepare(a_user("writer", "read_write"))

    acl = "SELECT proacl FROM pg_proc WHERE proname = 'check_it'"
    assert restored.as_superuser(acl) == [(None,)]


def test_what_cannot_be_granted_is_reported_and_stops_nothing(restored: Restored) -> None:
    restored.as_superuser(
        "CREATE SCHEMA hidden",
        "CREATE FUNCTION hidden.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "ALTER FUNCTION hidden.f() OWNER TO shop_owner",
        "REVOKE EXECUTE ON FUNCTION hidden.f() FROM PUBLIC",
        "CREATE VIEW public.calls AS SELECT hidden.f()",
    )

    warnings = restored.prepare(a_user()).warnings

    assert mentions(warnings, "may not call", "hidden.f()")


def test_an_aggregate_with_an_order_can_be_granted(restored: Restored) -> None:
    restored.as_superuser(
        "CREATE AGGREGATE public.middle(float8 ORDER BY anyelement) "
        "(SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, "
        "FINALFUNC_EXTRA)",
        f"ALTER AGGREGATE public.middle(float8 ORDER BY anyelement) OWNER TO {MASTER}",
        "REVOKE EXECUTE ON FUNCTION public.middle(float8, anyelement) FROM PUBLIC",
        "CREATE VIEW public.calls AS "
        "SELECT public.middle(0.5) WITHIN GROUP (ORDER BY id) FROM public.by_the_master",
        f"ALTER VIEW public.calls OWNER TO {MASTER}",
    )

    restored.prepare(a_user())

    assert restored.may("reader", "SELECT * FROM calls")


def test_a_view_on_what_everybody_may_read_is_not_named(restored: Restored) -> None:
    restored.run(
        "GRANT SELECT ON billing.invoices TO PUBLIC",
        "CREATE VIEW open WITH (security_invoker = true) AS SELECT * FROM billing.invoices",
    )

    warnings = restored.prepare(a_user()).warnings

    assert not mentions(warnings, "cannot read", "public.open")
    assert restored.may("reader", "SELECT * FROM open")
