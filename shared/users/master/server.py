"""PostgreSQL behind a cluster's endpoint: who connects to it, and what can go wrong on the way.

libpq checks the server's certificate against the file that `PGSSLROOTCERT` names. Every session is
pinned (`shared.users.master.pins`).
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2.extensions import connection

from shared.errors import DatabaseUnreachable, ValidationFailed
from shared.users.master.connecting import Login, LoginRefused, NoAnswer, connect, refusal
from shared.users.master.pins import LIBRARIES, READ_ONLY, startup_options
from shared.users.master.sessions import Session, is_transient, named

_UNKNOWN_SETTING = "42704"


@dataclass(frozen=True, slots=True)
class Server:
    """A cluster's writer endpoint, and the login that may change things there."""

    host: str
    port: int
    admin: Login
    engine_version: str = ""
    """As RDS gives it, such as `16.4`: what a session can pin depends on it."""
    # Roles are common to all databases. Every Aurora PostgreSQL cluster begins with these two. The
    # second will do where the master user has no CONNECT in the first, or somebody dropped it.
    maintenance_databases: tuple[str, ...] = ("postgres", "template1")

    @contextmanager
    def as_admin(self, database: str | None = None) -> Iterator[Session]:
        """One transaction as the admin, in a maintenance database unless told where.

        Raises `DatabaseUnreachable` if it cannot connect, `ValidationFailed` if it may not.
        """
        databases = (database,) if database else self.maintenance_databases
        with self._let_in(), self._session(self.admin, databases) as session:
            yield session

    @contextmanager
    def as_admin_outside_transactions(self, database: str) -> Iterator[Session]:
        """A session in which every statement is committed at once."""
        with self._let_in(), closing(self._connect(self.admin, database)) as opened:
            session = Session(opened, self.admin.username, database)
            session.forget_settings()
            opened.commit()
            opened.autocommit = True
            yield session

    @contextmanager
    def as_user(self, login: Login, database: str) -> Iterator[Session]:
        """One transaction as `login`; raises `LoginRefused` or `DatabaseUnreachable`.

        The settings that decide whether people can work as this user are left as they are.
        """
        with self._session(login, (database,), READ_ONLY, LIBRARIES) as session:
            yield session

    def refuses(self, login: Login) -> bool:
        """Whether it refuses a login as such; raises `DatabaseUnreachable` while it does not tell.

        That is decided before it is looked at what the login may connect to.
        """
        try:
            refused = refusal(**self._parameters(login, self.maintenance_databases[0], ""))
        except NoAnswer as silence:
            raise self._unreachable(_why_not(str(silence))) from None
        if refused and is_transient(refused.code):
            raise self._unreachable(f"accepts no connections right now ({refused.code}).")
        return refused is not None and refused.is_of_the_login

    @contextmanager
    def _session(self, login: Login, databases: tuple[str, ...], *keep: str) -> Iterator[Session]:
        """A session in the first of these databases that can be entered."""
        database, *others = databases
        try:
            opened = self._connect(login, database, *keep)
        except LoginRefused as refused:
            if not (others and refused.is_of_the_database):
                raise self._passing(refused) if is_transient(refused.code) else refused from None
            with self._session(login, tuple(others), *keep) as session:
                yield session
            return
        try:
            with opened:
                session = Session(opened, login.username, database)
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
            if why := refused.lasting_reason:
                raise ValidationFailed(
                    f"{self.host} does not let the master user {self.admin.username} in: "
                    f"{refused}, since {why}. Change that in production, then restore again."
                ) from None
            if refused.is_of_the_login:
                raise DatabaseUnreachable(
                    f"{self.host} does not let {self.admin.username} in: {refused}. "
                    "A new master password takes a moment to take effect. If it lasts, its "
                    "password may have expired in production (ALTER ROLE … VALID UNTIL)."
                ) from None
            raise ValidationFailed(
                f"{self.host} does not let the master user {self.admin.username} in: {refused}. "
                f"It needs a database that exists and in which it has CONNECT, also as a member of "
                "rds_superuser. Change that in production, then restore again."
            ) from None

    def _connect(self, login: Login, database: str, *keep: str) -> connection:
        options = startup_options(self.engine_version, *keep)
        try:
            return self._open(login, database, options)
        except LoginRefused as refused:
            if refused.code != _UNKNOWN_SETTING:
                raise
            return self._open(login, database, startup_options("", *keep))

    def _open(self, login: Login, database: str, options: str) -> connection:
        try:
            return connect(**self._parameters(login, database, options))
        except LoginRefused as refused:
            if refused.is_of_the_database or not is_transient(refused.code):
                raise
            raise self._passing(refused) from None
        except NoAnswer as silence:
            raise self._unreachable(_why_not(str(silence))) from None

    def _passing(self, refused: LoginRefused) -> DatabaseUnreachable:
        remedy = f" If that lasts, in production: {refused.remedy}." if refused.remedy else ""
        return self._unreachable(f"accepts no connections right now: {refused}.{remedy}")

    def _unreachable(self, why: str) -> DatabaseUnreachable:
        return DatabaseUnreachable(f"{self.host} port {self.port} {why}")

    def _parameters(self, login: Login, database: str, options: str) -> dict[str, Any]:
        return {
            "host": self.host,
            "port": self.port,
            "dbname": database,
            "user": login.username,
            "password": login.password.get_secret_value(),
            "sslmode": "verify-full",
            "application_name": "aurora-restore",
            "client_encoding": "utf8",
            "options": options,
        }


def _why_not(silence: str) -> str:
    """Why nothing was answered; libpq's texts are English, since its wheel has no translations."""
    if "certificate" in silence:
        return "presents a certificate for another host name, or from a CA that is not trusted."
    return (
        "does not respond. Check the security groups and the subnets of the setup-db-users "
        "function if this lasts."
    )
