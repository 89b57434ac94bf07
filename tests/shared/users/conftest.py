"""One server installation, one prepared volume, and a fresh copy of it for every test."""

from collections.abc import Iterator

import pytest

from local.postgres import Databases
from tests.local.postgres.clients import MASTER, PASSWORD, running_databases
from tests.shared.users.restored import HOST, OLD_PASSWORD, VOLUME, Restored, has_no_secret

PREPARED = (
    f"CREATE ROLE shop_owner LOGIN PASSWORD '{OLD_PASSWORD}'",
    f"CREATE ROLE shop_app LOGIN PASSWORD '{OLD_PASSWORD}'",
    "CREATE ROLE accountants NOLOGIN",
    "GRANT CREATE ON SCHEMA public TO shop_owner",
    "CREATE SCHEMA billing",
    "GRANT shop_owner TO CURRENT_USER",
    "CREATE TABLE orders (id integer PRIMARY KEY, note text)",
    "ALTER TABLE orders OWNER TO shop_owner",
    "CREATE TABLE by_the_master (id serial PRIMARY KEY)",
    "CREATE TABLE billing.invoices (id integer)",
    "CREATE VIEW order_ids AS SELECT id FROM orders",
    "CREATE SEQUENCE numbers",
    "CREATE TABLE parts (id integer) PARTITION BY RANGE (id)",
    "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (100)",
    "CREATE FUNCTION double(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2'",
    "INSERT INTO orders VALUES (1, 'first')",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO shop_app",
    "REVOKE shop_owner FROM CURRENT_USER",
)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    with running_databases() as running:
        running.create("prepared", MASTER, PASSWORD, "shop")
        port = running.serve("prepared", [HOST], 5432)
        Restored(running, port).run(*PREPARED)
        Restored(running, port).run("CREATE DATABASE warehouse")
        running.stop("prepared")
        yield running


@pytest.fixture
def restored(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[Restored]:
    """A restored cluster; when the test ends, no error and no log has shown a secret."""
    databases.copy("prepared", VOLUME)
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    monkeypatch.setenv("PGSSLROOTCERT", str(databases.ca_file))
    restored = Restored(databases, databases.serve(VOLUME, [HOST], 5432))
    yield restored
    log = restored.log
    databases.delete(VOLUME)
    assert has_no_secret(log)
