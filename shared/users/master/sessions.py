"""PostgreSQL behind a cluster's endpoint: connecting with TLS verified, and what can go wrong.

libpq checks the server's certificate against the file that `PGSSLROOTCERT` names. Every session is
pinned (`shared.users.master.pins`), and every statement qualifies its names.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extensions import connection, encrypt_password
from psycopg2.sql import Composable
from pydantic import SecretStr

from shared.errors import DatabaseUnreachable, RestoreError, ValidationFailed
from shared.users.master.pins import (
    INHERITED_SETTINGS,
    LIBRARIES,
    READ_ONLY,
    RESET_SUPERUSER_SETTING,
    RESET_USER_SETTINGS,
    startup_options,
)

# Transient SQLSTATEs, by class: connection, rollback, resources, operator intervention; by code:
# somebody holds a lock, and the endpoint leads to a reader for the moment (a failover).
_TRANSIENT = ("08", "40", "53", "57", "55P03", "25006")
# A login that fails for one of these is not refused: the server is not ready, or is full.
_TRANSIENT_REASONS = (
    "starting up",
    "shutting down",
    "recovery",
    "not yet accepting",
    "too many",
    "connection slots",
    "terminating connection",
)


Values = tuple[Any, ...] | Mapping[str, object]


class LoginRefused(Exception):
    """The server answered, and refused this login; the text is the server's."""


class Login(NamedTuple):
    """A user name and its password."""

    username: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class Server:
    """A cluster's writer endpoint, and the login that may change things there."""

    host: str
    port: int
    admin: Login
    engine_version: str = ""
    """As RDS gives it, such as `16.4`: what a session can pin depends on it."""
    # Every Aurora PostgreSQL cluster has it, and roles are common to all databases.
    maintenance_database: str = "postgres"

    @contextmanager
    def as_admin(self, database: str | None = None) -> Iterator["Session"]:
        """One transaction as the admin; raises `DatabaseUnreachable` if it cannot connect."""
        with self._let_in(), self._session(self.admin, database) as session:
            yield session

    @contextmanager
    def as_admin_outside_transactions(self, database: str) -> Iterator["Session"]:
        """A session in which every statement is committed at once."""
        with self._let_in(), closing(self._connect(self.admin, database)) as opened:
            session = Session(opened, f"{self.admin.username} in {database}")
            session.forget_settings()
            opened.commit()
            opened.autocommit = True
            yield session

    @contextmanager
    def as_user(self, login: Login, database: str | None = None) -> Iterator["Session"]:
        """One transaction as `login`; raises `LoginRefused` or `DatabaseUnreachable`.

        The settings that decide whether people can work as this user are left as they are.
        """
        with self._session(login, database, READ_ONLY, LIBRARIES) as session:
            yield session

    @contextmanager
    def _session(self, login: Login, database: str | None, *keep: str) -> Iterator["Session"]:
        database = database or self.maintenance_database
        opened = self._connect(login, database, *keep)
        try:
            with opened:
                session = Session(opened, f"{login.username} in {database}")
                session.forget_settings(*keep)
                yield session
        except psycopg2.Error as error:
            raise named(error, f"Ending the transaction of {login.username}") from None
        finally:
            opened.close()

    @contextmanager
    def _let_in(self) -> Iterator[None]:
        try:
            yield
        except LoginRefused as refused:
            if re.search(
                r"permission denied for database|database .* does not exist", str(refused)
            ):
                raise ValidationFailed(
                    f"{self.host} does not let the master user {self.admin.username} in: {refused}."
                ) from None
            raise DatabaseUnreachable(
                f"{self.host} does not let {self.admin.username} in: {refused}. "
                "A new master password takes a moment to take effect."
            ) from None

    def _connect(self, login: Login, database: str, *keep: str) -> connection:
        options = startup_options(self.engine_version, *keep)
        try:
            return self._open(login, database, options)
        except LoginRefused as refused:
            if "unrecognized configuration parameter" not in str(refused):
                raise
            return self._open(login, database, startup_options("", *keep))

    def _open(self, login: Login, database: str, options: str) -> connection:
        try:
            return psycopg2.connect(
                host=self.host,
                port=self.port,
                dbname=database,
                user=login.username,
                password=login.password.get_secret_value(),
                sslmode="verify-full",
                connect_timeout=10,
                application_name="aurora-restore",
                client_encoding="utf8",
                options=options,
            )
        except psycopg2.OperationalError as error:
            _, is_refusal, reason = str(error).partition("FATAL:")
            # Without quoted names, one of which might be "recovery".
            words = re.sub(r'"[^"]*"', "", reason)
            if is_refusal and not any(transient in words for transient in _TRANSIENT_REASONS):
                raise LoginRefused(reason.strip().splitlines()[0]) from None
            raise DatabaseUnreachable(
                f"{self.host} port {self.port} {_why_not(str(error), reason)}"
            ) from None


class Session:
    """An open transaction."""

    def __init__(self, open_connection: connection, whose: str) -> None:
        self._connection = open_connection
        self._whose = whose

    @property
    def has_grantors(self) -> bool:
        """Whether only its grantor can end a membership, as since PostgreSQL 16."""
        return self.major_version >= 16

    @property
    def major_version(self) -> int:
        """PostgreSQL's, such as 16."""
        return int(self._connection.server_version) // 10000

    def forget_settings(self, *keep: str) -> None:
        """Reset what a role or a database has set, except for the settings to `keep`.

        A setting that even the master user may not reset stays: in production nobody but AWS and
        `rds_superuser` can have made it.
        """
        doing = "Forgetting the settings of roles and databases"
        inherited = self.rows(doing, INHERITED_SETTINGS, (list(keep),))
        if any(context == "user" for _, context, _ in inherited):
            self.rows(doing, RESET_USER_SETTINGS, (list(keep),))
        for name, context, default in inherited:
            if context == "superuser":
                refusals = (
                    psycopg2.errors.InsufficientPrivilege,
                    psycopg2.errors.InvalidParameterValue,
                )
                self.attempt(doing, RESET_SUPERUSER_SETTING, (name, default), *refusals)

    def run(self, doing: str, statement: Composable | str, values: Values = ()) -> None:
        """Execute a statement; `doing` describes it in errors, where its text never appears."""
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(statement, values or None)
            except psycopg2.Error as error:
                raise named(error, f"{doing} as {self._whose}") from None

    def rows(
        self, doing: str, statement: Composable | str, values: Values = ()
    ) -> list[tuple[Any, ...]]:
        """Execute a query and return its rows."""
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(statement, values or None)
                return list(cursor.fetchall())
            except psycopg2.Error as error:
                raise named(error, f"{doing} as {self._whose}") from None
            except UnicodeDecodeError:
                raise ValidationFailed(
                    f"{doing} as {self._whose}: a name is not valid UTF-8. Names shared by all "
                    "databases may be in another database's encoding; rename it in production."
                ) from None

    def commit(self) -> None:
        """Commit what was done so far; what follows is another transaction."""
        try:
            self._connection.commit()
        except psycopg2.Error as error:
            raise named(error, f"Ending a transaction of {self._whose}") from None

    def attempt(
        self,
        doing: str,
        statement: Composable | str,
        values: Values = (),
        *refusals: type[psycopg2.Error],
    ) -> bool:
        """Execute a statement; returns False if it fails with one of `refusals`, else True."""
        return self.refusal(doing, statement, values, *refusals) is None

    def refusal(
        self,
        doing: str,
        statement: Composable | str,
        values: Values = (),
        *refusals: type[psycopg2.Error],
    ) -> psycopg2.Error | None:
        """Execute a statement; returns the one of `refusals` that it fails with, undone."""
        with self._connection.cursor() as cursor:
            cursor.execute("SAVEPOINT attempt")
            try:
                cursor.execute(statement, values or None)
            except refusals as refused:
                cursor.execute("ROLLBACK TO SAVEPOINT attempt")
                return refused
            except psycopg2.Error as error:
                raise named(error, f"{doing} as {self._whose}") from None
            cursor.execute("RELEASE SAVEPOINT attempt")
        return None

    def verifier(self, login: Login) -> str:
        """The SCRAM verifier of a password: what the server stores, and all that is sent to it."""
        return str(
            encrypt_password(
                login.password.get_secret_value(),
                login.username,
                scope=self._connection,
                algorithm="scram-sha-256",
            )
        )


def _why_not(error: str, reason: str) -> str:
    if reason:
        return f"accepts no connections right now: {reason.strip().splitlines()[0]}."
    if "certificate" in error:
        return "presents a certificate for another host name, or from a CA that is not trusted."
    return (
        "does not respond. Check the security groups and the subnets of the setup-db-users "
        "function if this lasts."
    )


def named(error: psycopg2.Error, doing: str) -> RestoreError:
    """Turn a driver's error into ours, without its text, which may quote the statement."""
    code = error.pgcode
    if code is None or code.startswith(_TRANSIENT):
        return DatabaseUnreachable(
            f"{doing}: the database is not available right now ({code or 'no answer'})."
        )
    return ValidationFailed(f"{doing}: PostgreSQL refused with {code} ({type(error).__name__}).")
