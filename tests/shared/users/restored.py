"""A restored database as `setup_db_users` finds it, and people who try things in it."""

import re
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.sql import Composable
from pydantic import SecretStr

from local.postgres import Databases
from shared.errors import RestoreError
from shared.users.lockout.logins import Lockout
from shared.users.master.connecting import Login
from shared.users.master.notes import Notes
from shared.users.master.server import Server
from shared.users.preparation import Prepared, prepare
from shared.users.slices import Slice
from shared.users.templates import UsersSecret, UserTemplate
from tests.local.postgres.clients import MASTER, PASSWORD, connect

HOST = "aurora-staging.cluster-abc123.us-west-2.rds.amazonaws.com"
VOLUME = "restored"
NOTES = Notes("restore-20260301-120000-abcdef (0123456789ab)")
USER_PASSWORD = "the user's \\ 100% pässword"
OLD_PASSWORD = "from-production"
LONG = 600.0
"""Seconds that a call may spend."""


_SENT = re.compile(r"LOG:  statement: (.*?)(?=\n\d{4}-\d\d-\d\d |\Z)", re.DOTALL)


@dataclass(frozen=True)
class Restored:
    """The restored database."""

    databases: Databases
    port: int

    @property
    def server(self) -> Server:
        return Server(HOST, self.port, Login(MASTER, SecretStr(PASSWORD)), "16.14")

    def set_up(self, *users: UserTemplate, lock: bool = True) -> tuple[str, ...]:
        """What the step does; returns the locked logins."""
        return self.prepare(*users, lock_other_logins=lock).locked_logins

    def prepare(self, *users: UserTemplate, notes: Notes = NOTES, **choices: Any) -> Prepared:
        """What the step does; returns its warnings, too."""
        templates = UsersSecret.model_construct(users=users, **choices)
        prepared = prepare(self.server, templates, notes, Slice(LONG))
        assert isinstance(prepared, Prepared)
        return prepared

    def lockout(self, *users: UserTemplate, notes: Notes = NOTES) -> Lockout:
        return Lockout(self.server, users, notes, everybody=True)

    @contextmanager
    def connected(
        self, user: str, password: str = USER_PASSWORD, database: str = "shop"
    ) -> Iterator[Connection]:
        opened = connect(
            self.databases, self.port, HOST, user=user, password=password, dbname=database
        )
        with closing(opened):
            yield opened

    def may(self, user: str, statement: str, database: str = "shop") -> bool:
        """Whether a user is permitted a statement, which is undone."""
        return self.allowed(user, (statement,), database) == [statement]

    def allowed(self, user: str, statements: Sequence[str], database: str = "shop") -> list[str]:
        """The statements that a user is permitted; each is undone."""
        allowed = []
        with self.connected(user, database=database) as opened, opened.cursor() as cursor:
            for statement in statements:
                cursor.execute("BEGIN READ WRITE")
                with suppress(InsufficientPrivilege):
                    cursor.execute(statement)
                    allowed.append(statement)
                cursor.execute("ROLLBACK")
        return allowed

    def refuses(self, user: str, password: str) -> bool:
        """Whether a login is refused."""
        try:
            self.run("SELECT", user=user, password=password)
        except psycopg2.OperationalError:
            return True
        return False

    @property
    def direct_dsn(self) -> str:
        """A connection that nobody has on Aurora: past TLS, as the superuser."""
        return self._direct_dsn("shop")

    def _direct_dsn(self, database: str) -> str:
        return self.databases.dsn(VOLUME, database, "rdsadmin", self.databases._password)

    def as_superuser(
        self, *statements: str | Composable, database: str = "shop"
    ) -> list[tuple[Any, ...]]:
        """What only a superuser sees or does; returns the rows of the last statement.

        Whatever the database sets, names of the catalog mean what they should.
        """
        pins = (
            "-c search_path=pg_catalog,public -c role=none -c default_transaction_read_only=off "
            "-c statement_timeout=0 -c idle_session_timeout=0"
        )
        with (
            closing(psycopg2.connect(self._direct_dsn(database), options=pins)) as opened,
            opened.cursor() as cursor,
        ):
            opened.autocommit = True
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def restart(self, **settings: object) -> None:
        """Restart the server with other settings, so that it closes every session."""
        for name, value in settings.items():
            self.as_superuser(f"ALTER SYSTEM SET {name} = '{value}'")
        self.databases.stop(VOLUME)
        assert self.databases.serve(VOLUME, [HOST], 5432) == self.port

    @property
    def log(self) -> str:
        """What the server has logged."""
        with self.databases._existing(VOLUME) as server:
            return server._log.read_text()

    def run(
        self,
        *statements: str | Composable,
        user: str = MASTER,
        password: str | None = None,
        database: str = "shop",
    ) -> list[tuple[Any, ...]]:
        """Run statements as a user, the master user by default; returns the rows of the last."""
        secret = password or (PASSWORD if user == MASTER else USER_PASSWORD)
        with self.connected(user, secret, database) as opened, opened.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def statements_sent(restored: Restored) -> Iterator[list[str]]:
    """The statements that reach the server in the block, as it logs them.

    They hold verifiers, so they are taken out of the log.
    """
    sent: list[str] = []
    with restored.databases._existing(VOLUME) as server:
        log = server._log
    restored.as_superuser(
        "ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_catalog.pg_reload_conf()"
    )
    try:
        yield sent
    finally:
        restored.as_superuser(
            "ALTER SYSTEM RESET log_statement", "SELECT pg_catalog.pg_reload_conf()"
        )
        sent.extend(_SENT.findall(log.read_text()))
        log.write_text("")


def a_user(username: str = "reader", template: str = "read_only", **changes: Any) -> UserTemplate:
    fields: dict[str, Any] = {
        "username": username,
        "password": USER_PASSWORD,
        "template": template,
        "databases": ("shop",),
    }
    return UserTemplate.model_validate(fields | changes)


def has_no_secret(text: str) -> bool:
    """Whether a text holds neither a password of these tests nor a verifier."""
    secrets = (PASSWORD, USER_PASSWORD, OLD_PASSWORD)
    return not any(secret in text for secret in secrets) and not re.search(r"SCRAM-SHA-256\$", text)


@contextmanager
def failing(error: type[RestoreError], *words: str) -> Iterator[None]:
    """Expect an error whose message has all these words, and nowhere a secret."""
    with pytest.raises(error) as raised:
        yield
    trace = "".join(traceback.format_exception(raised.value))
    assert has_no_secret(trace)
    assert [word for word in words if word not in str(raised.value)] == []
