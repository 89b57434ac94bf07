"""Nothing that a role or a database sets reaches a session of ours."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import psycopg2
import pytest
from psycopg2.sql import SQL, Composable, Identifier, Literal
from pydantic import SecretStr

from shared.errors import ValidationFailed
from shared.users.master.connecting import Login
from shared.users.master.pins import READ_ONLY, SEARCH_PATH
from tests.local.postgres.clients import MASTER
from tests.shared.users.restored import USER_PASSWORD, Restored, a_user, failing

# What somebody without special rights can set for a role or a database, and what only a superuser
# can, or on RDS whoever is in `rds_superuser`.
SETTABLE = """
    SELECT name, vartype, setting, min_val, max_val, enumvals, boot_val FROM pg_settings
    WHERE context IN ('user', 'superuser') ORDER BY name
"""
TEXTS = {
    "DateStyle": "German, DMY",
    "TimeZone": "Asia/Kathmandu",
    "client_encoding": "LATIN1",
    "default_text_search_config": "pg_catalog.german",
    "search_path": "public, pg_catalog",
    "application_name": "hostile",
    "log_timezone": "Asia/Kathmandu",
    "timezone_abbreviations": "India",
    "default_table_access_method": "heap",
    "createrole_self_grant": "set, inherit",
    "restrict_nonsystem_relation_kind": 'view, "foreign-table"',
    "dynamic_library_path": "/nowhere",
}
LISTS = {"search_path", "createrole_self_grant", "restrict_nonsystem_relation_kind"}
BATCH = 12
SINGLE = (
    "role = shop_owner",
    "session_authorization = shop_owner",
    "statement_timeout = 1",
    "lock_timeout = 1",
    "idle_in_transaction_session_timeout = 1",
    "idle_session_timeout = 1",
    "default_transaction_read_only = on",
    "default_transaction_isolation = 'serializable'",
    "row_security = off",
    "session_replication_role = replica",
    "client_encoding = 'EUC_JP'",
    "standard_conforming_strings = off",
    "quote_all_identifiers = on",
    "bytea_output = escape",
    "password_encryption = md5",
    "check_function_bodies = off",
)
PLACES = ("DATABASE shop", "DATABASE postgres", f"ROLE {MASTER}")
EACH_IN_ONE_PLACE = [(PLACES[number % 3], setting) for number, setting in enumerate(SINGLE)]
IN_FORCE = "SELECT name, setting FROM pg_catalog.pg_settings"
WHO = "SELECT session_user, current_user, pg_catalog.current_setting('search_path')"


class Hostile(NamedTuple):
    """A setting, a value that nobody of ours wants, and PostgreSQL's own default."""

    name: str
    value: str
    default: str

    def set_for(self, restored: Restored, whose: str) -> bool:
        """Set it; whether this machine takes the value."""
        value: Composable = SQL(self.value) if self.name in LISTS else Literal(self.value)
        statement = SQL("ALTER " + whose + " SET {} TO {}").format(Identifier(self.name), value)
        try:
            restored.as_superuser(statement)
        except (
            psycopg2.errors.InvalidParameterValue,
            psycopg2.errors.ActiveSqlTransaction,
            psycopg2.errors.CantChangeRuntimeParam,
        ):
            return False
        return True


def hostile_values(restored: Restored) -> Iterator[Hostile]:
    """Two values for every setting where there are two: each as far from the present as it goes."""
    for name, kind, setting, low, high, choices, default in restored.as_superuser(SETTABLE):
        match kind:
            case "bool":
                values = {"on", "off"}
            case "integer" | "real":
                values = {low, high}
            case "enum":
                values = set(choices)
            case _:
                values = {TEXTS[name]} if name in TEXTS else set()
        for value in sorted(values - {setting}):
            yield Hostile(name, value, default)


def in_force(restored: Restored) -> dict[str, str]:
    with restored.server.as_admin("shop") as session:
        assert session.rows("Checking", WHO) == [(MASTER, MASTER, SEARCH_PATH)]
        return dict(session.rows("Checking", IN_FORCE))


@pytest.fixture
def settable(restored: Restored) -> Restored:
    """As on RDS: what the master user may set, it may set back."""
    grant = SQL("GRANT SET ON PARAMETER {} TO rds_superuser")
    settings = restored.as_superuser(SETTABLE)
    restored.as_superuser(*(grant.format(Identifier(name)) for name, *_ in settings))
    return restored


def batches(restored: Restored) -> Iterator[list[Hostile]]:
    """The hostile values, some settings at a time, and none of them twice in a batch."""
    values = list(hostile_values(restored))
    lowest = {hostile.name: hostile for hostile in reversed(values)}
    for turn in ([*lowest.values()], [one for one in values if one != lowest[one.name]]):
        for start in range(0, len(turn), BATCH):
            yield turn[start : start + BATCH]


@pytest.mark.parametrize("whose", ["DATABASE shop", f"ROLE {MASTER}", "ROLE ALL"])
def test_no_setting_of_a_role_or_database_is_in_force(settable: Restored, whose: str) -> None:
    usual = in_force(settable)
    tried: set[str] = set()

    for batch in batches(settable):
        hostile = {one.name: one for one in batch if one.set_for(settable, whose)}
        now = in_force(settable)
        settable.as_superuser("ALTER " + whose + " RESET ALL")
        assert {name for name in usual if now[name] != usual[name]} <= hostile.keys()
        for one in hostile.values():
            # Its own default may differ from what the server's configuration says.
            assert now[one.name] in (usual[one.name], one.default), one
        tried |= hostile.keys()

    assert len(tried) > 150


def test_every_setting_at_once_changes_no_result(settable: Restored) -> None:
    users = (a_user(), a_user("writer", "read_write"), a_user("owner", "owner"))
    for index, hostile in enumerate(hostile_values(settable)):
        # A writer whose transactions are read-only is refused, and rightly so.
        if hostile.name != READ_ONLY:
            places = ("DATABASE shop", f"ROLE {MASTER}", "DATABASE postgres")
            hostile.set_for(settable, places[index % 3])

    locked = settable.set_up(*users)

    assert locked == ("shop_app", "shop_owner")
    settable.as_superuser("ALTER DATABASE shop RESET ALL")
    assert not settable.may("reader", "DELETE FROM orders")
    assert settable.may("writer", "DELETE FROM orders")


@pytest.mark.parametrize(
    ("whose", "setting"),
    [
        pytest.param(*cell, marks=() if cell in EACH_IN_ONE_PLACE else pytest.mark.thorough)
        for cell in product(PLACES, SINGLE)
    ],
)
def test_a_single_one_changes_no_result(restored: Restored, whose: str, setting: str) -> None:
    restored.run("GRANT shop_owner TO CURRENT_USER")
    restored.as_superuser(f"ALTER {whose} SET {setting}")

    if setting.startswith(READ_ONLY) and whose == "DATABASE shop":
        with failing(ValidationFailed, "owner cannot write", READ_ONLY):
            restored.set_up(a_user(), a_user("owner", "owner"))
    else:
        restored.set_up(a_user(), a_user("owner", "owner"))
    restored.as_superuser(f"ALTER {whose} RESET ALL")

    assert restored.may("reader", "SELECT FROM orders")
    assert not restored.may("reader", "DELETE FROM orders")
    assert restored.may("owner", "ALTER TABLE orders ADD more text")


def test_a_users_own_session_is_pinned_too(restored: Restored) -> None:
    restored.set_up(a_user())
    restored.as_superuser("GRANT shop_owner TO reader", "ALTER ROLE reader SET role = shop_owner")

    login = Login("reader", SecretStr(USER_PASSWORD))
    with restored.server.as_user(login, "shop") as session:
        assert session.rows("Checking", WHO) == [("reader", "reader", SEARCH_PATH)]


def test_what_only_a_superuser_may_set_back_stays(restored: Restored) -> None:
    restored.as_superuser("ALTER DATABASE shop SET log_min_duration_statement = 1000")

    restored.set_up(a_user())

    with restored.server.as_admin("shop") as session:
        now = session.rows(
            "Checking", "SELECT pg_catalog.current_setting('log_min_duration_statement')"
        )
    assert now == [("1s",)]
