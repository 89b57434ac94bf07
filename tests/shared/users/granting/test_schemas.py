"""Schemas that are named, and patterns that stand for all that are there."""

from shared.errors import ConfigurationError, ValidationFailed
from shared.users.templates import UsersSecret
from shared.users.verification import prove
from tests.shared.users.attacks import mentions
from tests.shared.users.restored import Restored, a_user, failing

TENANTS = ("tenant_1", "tenant_2", "tenants")


def make_tenants(restored: Restored, *names: str) -> None:
    for name in names:
        restored.run(f"CREATE SCHEMA {name}", f"CREATE TABLE {name}.customers (id integer)")


def test_a_pattern_stands_for_every_schema_that_is_there(restored: Restored) -> None:
    make_tenants(restored, *TENANTS)
    user = a_user(schemas=("tenant_*", "billing"))

    warnings = restored.prepare(user).warnings

    assert restored.may("reader", "SELECT * FROM tenant_1.customers")
    assert restored.may("reader", "SELECT * FROM tenant_2.customers")
    assert restored.may("reader", "SELECT * FROM billing.invoices")
    assert not restored.may("reader", "SELECT * FROM tenants.customers")
    assert mentions(warnings, "In shop, tenant_* of reader stands for tenant_1, tenant_2.")


def test_a_tenant_that_goes_stops_nothing(restored: Restored) -> None:
    warnings = restored.prepare(a_user(schemas=("tenant_*", "public"))).warnings

    assert mentions(warnings, "tenant_* of reader stands for no schema")


def test_a_tenant_that_comes_gets_its_grants_with_the_next_restore(restored: Restored) -> None:
    user = a_user(schemas=("tenant_*",))
    make_tenants(restored, "tenant_1")
    restored.prepare(user)
    make_tenants(restored, "tenant_2")

    restored.prepare(user)

    assert restored.may("reader", "SELECT * FROM tenant_2.customers")


def test_what_a_pattern_stands_for_is_proven(restored: Restored) -> None:
    user = a_user(schemas=("tenant_*",))
    make_tenants(restored, "tenant_1")
    restored.prepare(user)
    restored.run("REVOKE SELECT ON tenant_1.customers FROM reader")

    with failing(ValidationFailed, "reader lacks SELECT", "tenant_1.customers"):
        prove(restored.server, UsersSecret(users=(user,)))


def test_nothing_but_the_star_is_special(restored: Restored) -> None:
    restored.run('CREATE SCHEMA "odd[1]x"', "CREATE SCHEMA odd1x", 'CREATE SCHEMA "odd?x"')

    warnings = restored.prepare(a_user(schemas=("odd[1]*",)), a_user("b", schemas=("odd?*",)))

    assert mentions(warnings.warnings, "odd[1]* of reader stands for odd[1]x.")
    assert mentions(warnings.warnings, "odd?* of b stands for odd?x.")


def test_a_name_that_is_not_there_is_refused(restored: Restored) -> None:
    with failing(ConfigurationError, "tenant_9", "It has billing, public"):
        restored.prepare(a_user(schemas=("tenant_9",)))


def test_a_tenant_that_a_user_makes_after_the_set_up_is_not_proven(restored: Restored) -> None:
    """Between a cut-over and its proof users work already."""
    reader = a_user(schemas=("public", "tenant_*"))
    owner = a_user("owner", "owner", schemas=("public", "tenant_*"))
    restored.prepare(reader, owner)
    restored.run("CREATE SCHEMA tenant_2", user="owner")

    prove(restored.server, UsersSecret(users=(reader, owner)))

    assert restored.may("owner", "CREATE TABLE tenant_2.customers ()")


def test_a_pattern_leaves_out_what_nobody_can_grant(restored: Restored) -> None:
    make_tenants(restored, "tenant_1")
    restored.as_superuser("CREATE SCHEMA tenant_of_an_extension")

    warnings = restored.prepare(a_user(schemas=("*",))).warnings

    assert restored.may("reader", "SELECT * FROM tenant_1.customers")
    assert not mentions(warnings, "tenant_of_an_extension")


def test_a_schema_that_is_named_and_cannot_be_granted_is_named(restored: Restored) -> None:
    restored.as_superuser("CREATE SCHEMA of_an_extension")

    with failing(ValidationFailed, "reader lacks USAGE", "shop.of_an_extension"):
        restored.prepare(a_user(schemas=("of_an_extension",)))
