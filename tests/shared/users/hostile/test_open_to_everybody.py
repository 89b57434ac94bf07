"""What everybody may do, and what reaches other systems, is reported, whatever it is."""

from collections.abc import Sequence

import pytest

from tests.shared.users.attacks import DBA, SERVER, all_warnings, mentions
from tests.shared.users.restored import OLD_PASSWORD, Restored, a_user

WRITER = a_user("writer", "read_write")


def test_where_everybody_may_not_connect_but_the_user_may(restored: Restored) -> None:
    restored.run("REVOKE CONNECT ON DATABASE shop FROM PUBLIC",
                 "GRANT USAGE ON SCHEMA billing TO PUBLIC",
                 "GRANT ALL ON billing.invoices TO PUBLIC")  # fmt: skip

    warnings = all_warnings(restored, a_user())

    assert mentions(warnings, "billing.invoices") or not restored.may(
        "reader", "DELETE FROM billing.invoices"
    )


def test_make_schemas_in_another_database(restored: Restored) -> None:
    restored.run("GRANT CREATE ON DATABASE warehouse TO PUBLIC")

    warnings = all_warnings(restored, a_user())

    assert mentions(warnings, "warehouse") or not restored.may(
        "reader", "CREATE SCHEMA mine", database="warehouse"
    )


IN_BILLING = "GRANT USAGE ON SCHEMA billing TO PUBLIC"


@pytest.mark.parametrize(
    ("given", "word", "done"),
    [
        ((IN_BILLING, "CREATE SEQUENCE billing.bills",
          "GRANT ALL ON SEQUENCE billing.bills TO PUBLIC"),
         "billing.bills", "SELECT setval('billing.bills', 7)"),
        ((IN_BILLING, "GRANT TRIGGER ON billing.invoices TO PUBLIC"), "billing.invoices",
         "CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
         "CREATE TRIGGER t BEFORE INSERT ON billing.invoices FOR EACH ROW"
         " EXECUTE FUNCTION pg_temp.f()"),
        (("SELECT lo_create(4711)", "GRANT ALL ON LARGE OBJECT 4711 TO PUBLIC"), "arge object",
         "SELECT lo_put(4711, 0, 'x')"),
        ((*SERVER, "GRANT USAGE ON FOREIGN SERVER production TO PUBLIC"), "production",
         "CREATE USER MAPPING FOR CURRENT_USER SERVER production"),
        ((*SERVER, "CREATE USER MAPPING FOR PUBLIC SERVER production OPTIONS (user 'x')"),
         "production", "SELECT"),
        (("GRANT SET ON PARAMETER session_replication_role TO PUBLIC",), "session_replication_role",
         "SET session_replication_role = replica"),
    ],
    ids=["sequences", "triggers", "large objects", "foreign servers",
         "user mappings", "parameters"],
)  # fmt: skip
def test_other_kinds(restored: Restored, given: Sequence[str], word: str, done: str) -> None:
    if given:
        restored.as_superuser(*given)

    warnings = all_warnings(restored, a_user())

    assert mentions(warnings, word) or not restored.may("reader", done)


def test_a_view_of_an_owner_with_powers_over_data(restored: Restored) -> None:
    restored.run("CREATE ROLE operators", "GRANT pg_read_all_data, pg_write_all_data TO operators",
                 "GRANT operators TO CURRENT_USER", "GRANT CREATE ON SCHEMA public TO operators",
                 "SET ROLE operators",
                 "CREATE VIEW public.door AS SELECT * FROM billing.invoices")  # fmt: skip
    restored.run("REVOKE operators FROM CURRENT_USER")

    warnings = all_warnings(restored, WRITER)

    assert mentions(warnings, "door") or not restored.may("writer", "DELETE FROM door")


def test_publications_and_user_mappings_are_reported(restored: Restored) -> None:
    restored.as_superuser(*SERVER, "CREATE USER MAPPING FOR shop_app SERVER production")
    restored.run("CREATE PUBLICATION cdc FOR TABLE by_the_master")

    warnings = restored.prepare(a_user(), publications="keep").warnings

    assert mentions(
        warnings, "connect to other systems", "publication cdc", "mapping of shop_app", "production"
    )


def test_a_subscription_of_a_locked_login(restored: Restored) -> None:
    restored.run(DBA, "GRANT CREATE ON DATABASE shop TO dba")
    restored.as_superuser("GRANT pg_create_subscription TO dba")
    with restored.connected("dba", OLD_PASSWORD) as opened:
        opened.cursor().execute(
            "CREATE SUBSCRIPTION pull CONNECTION 'host=prod user=x password=y'"
            " PUBLICATION p WITH (connect = false, slot_name = 's')"
        )
        opened.cursor().execute("ALTER SUBSCRIPTION pull ENABLE")

    warnings = all_warnings(restored, a_user())

    enabled = restored.as_superuser("SELECT subenabled FROM pg_subscription")
    assert mentions(warnings, "pull") or enabled == [(False,)]
