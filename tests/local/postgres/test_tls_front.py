import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import trustme

from local.postgres import Databases
from local.postgres.interruptions import Interruption, Refusal
from tests.local.postgres.clients import (
    MASTER,
    PASSWORD,
    PROD,
    STAGING,
    connect,
    query,
    running_databases,
)


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with running_databases() as databases:
        for volume in ("prod", "staging"):
            databases.create(volume, MASTER, PASSWORD, "shop")
        yield databases


@pytest.fixture
def port(databases: Databases) -> int:
    databases.serve("prod", [PROD], 5432)
    return databases.serve("staging", [STAGING], 5432)


def test_a_host_name_leads_to_its_own_cluster(databases: Databases, port: int) -> None:
    with (
        closing(connect(databases, port, PROD)) as prod,
        closing(connect(databases, port, STAGING.upper().replace(".RDS.", ".rds."))) as staging,
    ):
        directories = [query(each, "SHOW unix_socket_directories") for each in (prod, staging)]

    assert directories[0] != directories[1]


def test_a_client_needs_only_its_environment_to_find_a_cluster(
    databases: Databases, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    monkeypatch.setenv("PGSSLROOTCERT", str(databases.ca_file))
    dsn = f"host={PROD} port={port} dbname=shop user={MASTER} sslmode=verify-full"

    with closing(psycopg2.connect(dsn, password=PASSWORD)) as connection:
        assert query(connection, "SELECT 1") == [(1,)]


def test_a_host_name_that_leads_nowhere_is_refused(databases: Databases, port: int) -> None:
    with pytest.raises(psycopg2.OperationalError):
        connect(databases, port, PROD.replace("prod", "unknown"))


def test_a_host_name_is_refused_on_the_port_of_another_cluster(
    databases: Databases, port: int
) -> None:
    other_port = databases.serve("staging", [STAGING], 5433)

    connect(databases, other_port, STAGING).close()
    with pytest.raises(psycopg2.OperationalError):
        connect(databases, port, STAGING)


def test_a_renamed_cluster_is_reached_by_its_new_name_only(databases: Databases, port: int) -> None:
    renamed = STAGING.replace("staging", "renamed")
    with closing(connect(databases, port, STAGING)) as before:
        databases.serve("staging", [renamed], 5432)

        connect(databases, port, renamed).close()
        with pytest.raises(psycopg2.OperationalError):
            connect(databases, port, STAGING)
        assert query(before, "SELECT 1") == [(1,)]


def test_the_certificate_is_for_exactly_the_name_asked_for(databases: Databases, port: int) -> None:
    trusted = ssl.create_default_context(cafile=str(databases.ca_file))

    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        plain.sendall(struct.pack("!II", 8, 80877103))
        assert plain.recv(1) == b"S"
        with trusted.wrap_socket(plain, server_hostname=PROD) as encrypted:
            certificate = encrypted.getpeercert()

    assert certificate is not None
    assert certificate["subjectAltName"] == (("DNS", PROD),)


def test_a_client_that_trusts_another_authority_turns_away(
    databases: Databases, port: int, tmp_path: Path
) -> None:
    unknown = tmp_path / "unknown.pem"
    trustme.CA().cert_pem.write_to_path(str(unknown))

    with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
        connect(databases, port, PROD, sslrootcert=str(unknown))


def test_a_connection_without_tls_is_refused_as_aurora_does(
    databases: Databases, port: int
) -> None:
    refusal = f'no pg_hba.conf entry for host "127.0.0.1", user "{MASTER}".* no encryption'

    with pytest.raises(psycopg2.OperationalError, match=refusal):
        connect(databases, port, PROD, sslmode="disable")


def test_encryption_by_kerberos_is_declined(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(struct.pack("!II", 8, 80877104))
        first = client.recv(1)
        client.sendall(struct.pack("!II", 8, 80877103))
        second = client.recv(1)

    assert (first, second) == (b"N", b"S")


def test_a_port_that_is_taken_is_replaced_by_one_free_port(databases: Databases) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        taken = occupied.getsockname()[1]

        prod_port = databases.serve("prod", [PROD], taken)
        staging_port = databases.serve("staging", [STAGING], taken)

    assert prod_port == staging_port != taken
    connect(databases, prod_port, PROD).close()


def test_open_connections_of_one_cluster_are_dropped(databases: Databases, port: int) -> None:
    with (
        closing(connect(databases, port, PROD)) as prod,
        closing(connect(databases, port, STAGING)) as staging,
    ):
        dropped = databases.front.drop_connections(PROD)

        with pytest.raises(psycopg2.OperationalError):
            query(prod, "SELECT 1")
        assert query(staging, "SELECT 1") == [(1,)]
        assert dropped == 1


def test_the_next_connection_breaks_at_once_and_the_one_after_works(
    databases: Databases, port: int
) -> None:
    databases.front.drop_next("aurora-prod.*")

    connect(databases, port, STAGING).close()
    with pytest.raises(psycopg2.OperationalError):
        connect(databases, port, PROD)
    connect(databases, port, PROD).close()


def test_a_connection_breaks_after_some_statements(databases: Databases, port: int) -> None:
    databases.front.drop_next(PROD, after_statements=2)

    with closing(connect(databases, port, PROD)) as connection:
        answers = [query(connection, "SELECT 1"), query(connection, "SELECT 2")]
        with pytest.raises(psycopg2.OperationalError):
            query(connection, "CREATE TABLE never_made ()")
    with closing(connect(databases, port, PROD)) as again:
        made = query(again, "SELECT to_regclass('never_made')")

    assert answers == [[(1,)], [(2,)]]
    assert made == [(None,)]


def test_much_data_passes_unchanged(databases: Databases, port: int) -> None:
    with closing(connect(databases, port, PROD)) as connection:
        [(answer,)] = query(connection, "SELECT repeat('0123456789', 1000000)")

    assert answer == "0123456789" * 1_000_000


def test_a_statement_takes_effect_and_its_answer_is_lost(databases: Databases, port: int) -> None:
    databases.front.interrupt(Interruption(PROD, after_statements=0, takes_effect=True))

    with closing(connect(databases, port, PROD)) as connection:
        connection.autocommit = True
        with pytest.raises(psycopg2.OperationalError):
            query(connection, "CREATE TABLE made ()")
    with closing(connect(databases, port, PROD)) as again:
        made = query(again, "SELECT to_regclass('made')")

    assert made == [("made",)]


def test_a_connection_is_refused_in_the_words_of_a_server(databases: Databases, port: int) -> None:
    struck: list[str] = []
    refusal = Refusal("57P03", "the database system is starting up")
    databases.front.interrupt(
        Interruption(PROD, refusal=refusal, act=lambda: struck.append("struck"))
    )

    with pytest.raises(psycopg2.OperationalError, match="starting up"):
        connect(databases, port, PROD)
    connect(databases, port, PROD).close()

    assert struck == ["struck"]


def test_a_statement_is_refused_and_the_connection_goes_on(databases: Databases, port: int) -> None:
    refusal = Refusal("XX000", "on request", is_final=False)
    databases.front.interrupt(Interruption(PROD, after_statements=0, refusal=refusal))

    with closing(connect(databases, port, PROD)) as connection:
        with pytest.raises(psycopg2.errors.InternalError_, match="on request"):
            query(connection, "SELECT 1")
        connection.rollback()

        assert query(connection, "SELECT 2") == [(2,)]


def test_only_the_connection_that_is_meant_breaks(databases: Databases, port: int) -> None:
    databases.front.clear_interruptions()
    databases.front.interrupt(Interruption("aurora-*", nth=2))

    connect(databases, port, PROD).close()
    with pytest.raises(psycopg2.OperationalError):
        connect(databases, port, STAGING)
    connect(databases, port, PROD).close()

    assert [talk.hostname for talk in databases.front.talks()] == [PROD, STAGING, PROD]


def test_statements_are_counted(databases: Databases, port: int) -> None:
    databases.front.clear_interruptions()

    with closing(connect(databases, port, PROD)) as connection:
        connection.autocommit = True
        for number in range(3):
            query(connection, f"SELECT {number}")

    assert [talk.statements for talk in databases.front.talks()] == [3]
