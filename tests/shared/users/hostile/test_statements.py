"""Every statement that is sent is parsed: each name in it is resolved in pg_catalog alone."""

from collections.abc import Sequence

import pytest
from pglast import ast, parse_sql
from pglast.visitors import Skip, Visitor

from tests.local.postgres.clients import MASTER
from tests.shared.users.disarming.test_reaching_out import SUBSCRIPTION, install_pg_cron
from tests.shared.users.hostile.test_event_triggers import make_event_triggers
from tests.shared.users.restored import OLD_PASSWORD, Restored, a_user, statements_sent


class Unqualified(Visitor):
    """The names in a statement that the search path decides about.

    Operators are among them in principle: that each session begins with a pinned path is tested
    beside this. What SQL spells with words of its own (COALESCE, CURRENT_USER, a cast to `bool`
    written as a keyword) is no name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str | None] = []
        self.of_the_statement: set[str | None] = set()

    def visit_CommonTableExpr(self, _: object, node: ast.CommonTableExpr) -> None:  # noqa: N802
        self.of_the_statement.add(node.ctename)

    def visit_RangeVar(self, _: object, node: ast.RangeVar) -> None:  # noqa: N802
        if node.schemaname is None:
            self.names.append(node.relname)

    def visit_FuncCall(self, _: object, node: ast.FuncCall) -> None:  # noqa: N802
        self._check(node.funcname)

    def visit_ObjectWithArgs(self, _: object, node: ast.ObjectWithArgs) -> object:  # noqa: N802
        """The types of its arguments are as the server itself wrote them for this search path."""
        self._check(node.objname)
        return Skip

    def visit_TypeName(self, _: object, node: ast.TypeName) -> None:  # noqa: N802
        self._check(node.names)

    def _check(self, name: Sequence[ast.String] | None) -> None:
        if name and len(name) == 1:
            self.names.append(name[0].sval)


def unqualified(statement: str) -> set[str | None]:
    visitor = Unqualified()
    visitor(parse_sql(statement))
    return set(visitor.names) - visitor.of_the_statement


@pytest.fixture
def eventful(restored: Restored) -> Restored:
    """A database in which as much of our SQL as possible is needed."""
    restored.run(
        f"CREATE ROLE dba LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'",
        f"CREATE ROLE reader LOGIN CREATEROLE PASSWORD '{OLD_PASSWORD}'",
        "ALTER ROLE reader SET search_path = public",
        "GRANT rds_superuser, shop_owner TO reader",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "ALTER DATABASE shop SET work_mem = '5MB'",
    )
    restored.run(
        "CREATE POLICY mine ON orders TO reader",
        "CREATE FUNCTION run(text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT $1'",
        user="shop_owner",
        password=OLD_PASSWORD,
    )
    install_pg_cron(restored, "shop_owner")
    restored.as_superuser(
        *SUBSCRIPTION,
        f"GRANT pg_create_subscription TO {MASTER}",
        f"ALTER SUBSCRIPTION from_production OWNER TO {MASTER}",
        "CREATE PUBLICATION orders_only FOR TABLE orders",
        f"ALTER PUBLICATION orders_only OWNER TO {MASTER}",
        "CREATE FOREIGN DATA WRAPPER anything",
        "CREATE SERVER production FOREIGN DATA WRAPPER anything",
        "ALTER SERVER production OWNER TO shop_owner",
        "CREATE USER MAPPING FOR PUBLIC SERVER production OPTIONS (password 'secret')",
        "SELECT pg_create_physical_replication_slot('a_slot', true)",
        "GRANT INSERT ON by_the_master TO PUBLIC",
    )
    make_event_triggers(restored, MASTER)
    return restored


def test_every_name_is_qualified(eventful: Restored) -> None:
    users = (
        a_user(),
        a_user("writer", "read_write"),
        a_user("owner", "owner"),
        a_user("shop_owner", "owner"),
        a_user("token", auth="iam", password=None),
    )

    with statements_sent(eventful) as sent:
        eventful.prepare(*users, public_functions="revoke", public_grants="revoke")

    wrong = {statement: unqualified(statement) for statement in set(sent)}
    assert len(wrong) > 60
    assert {statement: names for statement, names in wrong.items() if names} == {}


def test_the_reading_notices_what_is_not_qualified() -> None:
    names = unqualified("SELECT f(a::text) FROM pg_roles, pg_catalog.pg_class")
    assert names == {"f", "text", "pg_roles"}
    assert unqualified("REVOKE ALL ON FUNCTION f(text) FROM PUBLIC") == {"f"}
    assert unqualified("WITH a AS (SELECT 1) SELECT * FROM a WHERE x = 'y'") == set()
