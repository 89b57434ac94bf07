"""The places of a run, as one fact sees them: it gets what it has declared, and nothing else."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import psycopg2.extensions

from tests.contract.harness.needs import Need
from tests.contract.harness.place import USERNAME, Place
from tests.contract.harness.run import Undecided


@dataclass(frozen=True)
class Places:
    """Where a run looks: at home, in another region, and in another account if there is one."""

    home: Place
    away: Place
    other: Place | None

    @property
    def elsewhere(self) -> tuple[Place, ...]:
        return (self.away, self.other) if self.other else (self.away,)

    def __iter__(self) -> Iterator[Place]:
        return iter((self.home, *self.elsewhere))


class Unreachable(Undecided):
    """No database server was reached: its name leads nowhere, or the network does not."""


class Aws:
    """What a fact gets to see of a cloud."""

    def __init__(
        self, places: Places, needs: frozenset[Need], stock: Callable[[Need], str]
    ) -> None:
        self.home = places.home
        self.away = places.away
        self._other = places.other
        self._needs = needs
        self._stock = stock
        for place in places:
            place.answers.clear()

    def has(self, need: Need) -> str:
        """The identifier of something that the fact needs: an id, an ARN, a name."""
        self._check_declared(need)
        return self._stock(need)

    @property
    def other(self) -> Place:
        """The same region in another account."""
        self._check_declared(Need.OTHER_ACCOUNT)
        if self._other is None:
            raise Undecided("There was no second account.")
        return self._other

    def _check_declared(self, need: Need) -> None:
        if need not in self._needs:
            raise ValueError(f"The fact does not declare that it needs {need.title}.")

    @property
    def answers(self) -> Mapping[str, Any]:
        """What AWS has answered to the fact's questions, the last answer to each action."""
        return {
            action: answer
            for place in (self.away, self._other, self.home)
            if place
            for action, answer in place.answers.items()
        }

    def note(self, what: str, value: object) -> None:
        """Keep something that was seen in other ways than as an answer of an API."""
        self.home.answers[what] = value

    @contextmanager
    def session(
        self,
        host: str,
        port: int,
        *,
        user: str = USERNAME,
        password: str | None = None,
        database: str = "postgres",
    ) -> "Iterator[Session]":
        """Log in as users do, with the certificate verified.

        Raises psycopg2's errors when the server refuses, `Unreachable` when no server is reached.
        """
        self._check_declared(Need.CONNECTION)
        connection = self._connected(host, port, user, password or self.home.run.password, database)
        connection.autocommit = True
        try:
            yield Session(connection)
        finally:
            connection.close()

    @staticmethod
    def _connected(host: str, port: int, user: str, password: str, database: str) -> Any:
        try:
            return psycopg2.connect(
                host=host,
                port=port,
                user=user,
                password=password,
                dbname=database,
                sslmode="verify-full",
                connect_timeout=15,
            )
        except psycopg2.OperationalError as error:
            text = str(error)
            if "timeout expired" in text or "could not translate" in text:
                raise Unreachable(f"{host} is out of reach from this machine: {text}") from error
            raise

    @contextmanager
    def session_on(self, cluster: str, **how: Any) -> "Iterator[Session]":
        """Log in at the endpoint of a cluster at home."""
        described = self.home.cluster(cluster)
        with self.session(described["Endpoint"], described["Port"], **how) as execute:
            yield execute


class Session:
    """Executes statements, each a transaction of its own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __call__(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that a statement has, if any."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def verifier(self, user: str, password: str) -> str:
        """What a server keeps in place of a password."""
        verifier: str = psycopg2.extensions.encrypt_password(
            password, user, scope=self._connection, algorithm="scram-sha-256"
        )
        return verifier
