"""How the tests reach the databases: as a client on AWS does, and a place that is fast."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812

from local.postgres import Databases

PROD = "aurora-prod.cluster-abc123.us-east-1.rds.amazonaws.com"
STAGING = "aurora-staging.cluster-abc123.us-west-2.rds.amazonaws.com"
MASTER = "app_master"
PASSWORD = "it's a \\ 100% s3cret"


@contextmanager
def running_databases() -> Iterator[Databases]:
    """Databases in memory where that is possible: their many small files come and go fast."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as place:
        Path(place).chmod(0o755)
        with closing(Databases(Path(place))) as databases:
            yield databases


def connect(databases: Databases, port: int, hostname: str, **changes: Any) -> Connection:
    """Connect through TLS, as strictly as the functions do."""
    settings: dict[str, Any] = {
        "host": hostname,
        "hostaddr": "127.0.0.1",
        "port": port,
        "user": MASTER,
        "password": PASSWORD,
        "dbname": "shop",
        "sslmode": "verify-full",
        "sslrootcert": str(databases.ca_file),
        "connect_timeout": 10,
    }
    connection: Connection = psycopg2.connect(**(settings | changes))
    connection.autocommit = True
    return connection


def query(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
