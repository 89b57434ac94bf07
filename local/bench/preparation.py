"""Preparing large databases, over networks that take their time."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from local.bench.figures import Figure, stated
from local.postgres import Databases

_HOST = "aurora-large.cluster-abc123.us-west-2.rds.amazonaws.com"
_VOLUME = "large"
_MASTER, _PASSWORD = "app_master", "measured-here"
_ROUND_TRIPS = (0.0, 0.001, 0.005)
_LONGEST_SECONDS = 60
_MOST_MEGABYTES = 128

# As the function does it, in a process of its own, whose memory is then known.
_PREPARE = """
import json, re, sys
from pathlib import Path
from pydantic import SecretStr
from shared.users.master.connecting import Login
from shared.users.master.notes import Notes
from shared.users.master.server import Server
from shared.users.preparation import Prepared, prepare
from shared.users.slices import Slice
from shared.users.templates import UsersSecret

host, port, user, password, templates = json.load(sys.stdin)
server = Server(host, port, Login(user, SecretStr(password)), "16.14")
users, notes, slices = UsersSecret.model_validate(templates), Notes("restore-bench (0)"), 1
while not isinstance(prepare(server, users, notes, Slice(600)), Prepared):
    slices += 1
# What `getrusage` gives counts the process that started this one.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(json.dumps([slices, int(peak[1]) // 1024]))
"""

# The master user administers the owners, and is a member of theirs only meanwhile.
_OWNER = "CREATE ROLE all_owner; GRANT CREATE ON SCHEMA public TO all_owner"
_TABLES = """
    GRANT all_owner TO CURRENT_USER;
    SET LOCAL ROLE all_owner;
    FOR number IN {first}..{last} LOOP
        EXECUTE pg_catalog.format('CREATE TABLE public.t%s (id integer)', number);
    END LOOP;
    SET LOCAL ROLE NONE;
    REVOKE all_owner FROM CURRENT_USER;
"""
_SCHEMAS = """
    FOR number IN {first}..{last} LOOP
        owner := pg_catalog.format('{owner}', number);
        EXECUTE pg_catalog.format('GRANT %s TO CURRENT_USER', owner);
        EXECUTE pg_catalog.format('CREATE SCHEMA s%s AUTHORIZATION %s', number, owner);
        EXECUTE pg_catalog.format('SET LOCAL ROLE %s', owner);
        FOR inner_number IN 1..3 LOOP
            EXECUTE pg_catalog.format('CREATE TABLE s%s.t%s (id integer)', number, inner_number);
        END LOOP;
        SET LOCAL ROLE NONE;
        EXECUTE pg_catalog.format('REVOKE %s FROM CURRENT_USER', owner);
    END LOOP;
"""
_ROLES = """
    FOR number IN {first}..{last} LOOP
        EXECUTE pg_catalog.format('CREATE ROLE {role}', number);
    END LOOP;
"""
_BLOCK = "DO $made$ DECLARE owner text; BEGIN {} END $made$"
_AT_ONCE = 500
"""What is made in one transaction takes locks, too."""


def _many(block: str, count: int, **names: str) -> list[str]:
    """A block for every few hundred of what is to be made."""
    return [
        _BLOCK.format(block.format(first=n, last=min(n + _AT_ONCE - 1, count), **names))
        for n in range(1, count + 1, _AT_ONCE)
    ]


@dataclass(frozen=True)
class _Case:
    """A cluster, and the schemas and databases in which three users are to work."""

    what: str
    made_by: Sequence[str]
    schemas: tuple[str, ...] = ("public",)
    copies: int = 1
    """How many databases there are like this one."""

    @property
    def databases(self) -> list[str]:
        return [f"d{number}" for number in range(1, self.copies + 1)]

    @property
    def templates(self) -> dict[str, Any]:
        kinds = {"reader": "read_only", "writer": "read_write", "owner": "owner"}
        places = {"databases": self.databases, "schemas": self.schemas}
        return {
            "users": [
                {"username": name, "password": _PASSWORD, "template": template, **places}
                for name, template in kinds.items()
            ]
        }


def _named(count: int) -> tuple[str, ...]:
    return tuple(f"s{number}" for number in range(1, count + 1))


_MANY_TABLES = _Case("10,000 tables in one schema", [_OWNER, *_many(_TABLES, 10_000)])
_MANY_SCHEMAS = _Case(
    "2,000 schemas of 3 tables", [_OWNER, *_many(_SCHEMAS, 2000, owner="all_owner")], _named(2000)
)
_MANY_OWNERS = _Case(
    "200 schemas, each with an owner of its own",
    [*_many(_ROLES, 200, role="owner%s"), *_many(_SCHEMAS, 200, owner="owner%s")],
    _named(200),
)
_MANY_DATABASES = _Case(
    "50 databases, 500 logins, 100,000 tables",
    [_OWNER, *_many(_ROLES, 500, role="login%s LOGIN"), *_many(_TABLES, 2000)],
    copies=50,
)


def measure_preparation() -> Iterator[Figure]:
    """Prepare each database for three users, from scratch and once more."""
    for case in (_MANY_TABLES, _MANY_SCHEMAS):
        for delay in _ROUND_TRIPS:
            for how, measured in _prepared_twice(case, delay):
                yield Figure(
                    f"preparing {case.what}, {delay * 1000:.0f} ms a round trip, {how}",
                    f"under {_LONGEST_SECONDS} s",
                    str(measured),
                    measured.seconds < _LONGEST_SECONDS,
                )
    megabytes = 0
    for case in (_MANY_OWNERS, _MANY_DATABASES):
        for how, measured in _prepared_twice(case, _ROUND_TRIPS[-1]):
            megabytes = max(megabytes, measured.megabytes)
            yield stated(f"preparing {case.what}, 5 ms a round trip, {how}", str(measured))
    yield Figure(
        "memory for that, at most",
        f"under {_MOST_MEGABYTES} MB",
        f"{megabytes} MB",
        megabytes < _MOST_MEGABYTES,
    )


@dataclass(frozen=True)
class _Measured:
    seconds: float
    statements: int
    slices: int
    megabytes: int

    def __str__(self) -> str:
        slices = f", {self.slices} slices" if self.slices > 1 else ""
        return f"{self.seconds:.1f} s, {self.statements:,} statements{slices}"


def _prepared_twice(case: _Case, delay: float) -> Iterator[tuple[str, _Measured]]:
    with _serving(case) as (databases, port):
        for how in ("first", "again"):
            databases.front.clear_interruptions()
            databases.front.delay(delay)
            begun = time.monotonic()
            slices, megabytes = _prepare(case, port, databases.ca_file)
            seconds = time.monotonic() - begun
            statements = sum(talk.statements for talk in databases.front.talks())
            yield how, _Measured(seconds, statements, slices, megabytes)


@contextmanager
def _serving(case: _Case) -> Iterator[tuple[Databases, int]]:
    with (
        tempfile.TemporaryDirectory(prefix="aurora-restore-") as place,
        closing(Databases(Path(place))) as databases,
    ):
        Path(place).chmod(0o755)
        first, *others = case.databases
        databases.create(_VOLUME, _MASTER, _PASSWORD, first)
        port = databases.serve(_VOLUME, [_HOST], 5432)
        _execute(databases, first, case.made_by)
        _execute(
            databases, "postgres", [f"CREATE DATABASE {name} TEMPLATE {first}" for name in others]
        )
        yield databases, port


def _execute(databases: Databases, database: str, statements: Sequence[str]) -> None:
    """Execute statements as the master user, past TLS."""
    with (
        closing(psycopg2.connect(databases.dsn(_VOLUME, database, _MASTER, _PASSWORD))) as opened,
        opened.cursor() as cursor,
    ):
        opened.autocommit = True
        for statement in statements:
            cursor.execute(statement)


def _prepare(case: _Case, port: int, authority: Path) -> list[int]:
    """Slices and megabytes that it took."""
    given = [_HOST, port, _MASTER, _PASSWORD, case.templates]
    environment = {**os.environ, "PGHOSTADDR": "127.0.0.1", "PGSSLROOTCERT": str(authority)}
    done = subprocess.run(
        [sys.executable, "-c", _PREPARE],
        input=json.dumps(given),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: list[int] = json.loads(done.stdout)
    return answer
