"""Sessions in PostgreSQL: their statements, and what is made of a statement's error.

Every statement qualifies its names. Errors are known by their codes: texts are in the server's
language (`lc_messages`), and may quote what a statement holds.
"""

from collections.abc import Mapping
from typing import Any

import psycopg2
from psycopg2.extensions import connection, encrypt_password
from psycopg2.sql import Composable

from shared.errors import DatabaseUnreachable, InternalError, RestoreError, ValidationFailed
from shared.users.master.connecting import Login
from shared.users.master.pins import (
    INHERITED_SETTINGS,
    RESET_SUPERUSER_SETTING,
    RESET_USER_SETTINGS,
)

# Transient SQLSTATEs, by class: connection, rollback, resources, operator intervention; by code:
# somebody holds a lock, and the endpoint leads to a reader for the moment (a failover).
_TRANSIENT = ("08", "40", "53", "57", "55P03", "25006")
# What each means when a statement fails with it, and is tried again.
_MEANINGS = {
    "25006": "the server accepts no writes at the moment, as a reader after a failover",
    "40": "another transaction was in its way",
    "53100": "the server has no disk space left",
    "53200": "the server has no memory left, or no room for more locks (max_locks_per_transaction)",
    "53300": "the server accepts no more connections",
    "55P03": "somebody holds a lock that it needs",
    "57014": "it was cancelled, by somebody or after a minute",
}
# What the driver raises by itself, without a code, when it is used wrongly. A lost connection is
# an OperationalError, an InterfaceError or a bare DatabaseError
# (https://github.com/psycopg/psycopg2/issues/1496).
_OF_OUR_MAKING = (
    psycopg2.DataError,
    psycopg2.IntegrityError,
    psycopg2.NotSupportedError,
    psycopg2.ProgrammingError,
)

# What a statement on something that was listed fails with when it has been dropped since.
_GONE = (
    psycopg2.errors.UndefinedTable,
    psycopg2.errors.UndefinedObject,
    psycopg2.errors.UndefinedFunction,
    psycopg2.errors.InvalidSchemaName,
)
# Who holds locks in this database that others wait for: sessions, and prepared transactions, whose
# locks have no session. (PostgreSQL documentation, 54.12, `pg_locks`)
_LOCK_HOLDERS = """
    SELECT DISTINCT COALESCE('a session of ' || a.usename,
                             'transaction ' || p.gid || ', which ' || p.owner || ' prepared')
    FROM pg_catalog.pg_locks l
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    LEFT JOIN pg_catalog.pg_locks t
      ON l.pid IS NULL AND t.locktype = 'transactionid' AND t.pid IS NULL
     AND t.virtualtransaction = l.virtualtransaction
    LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = t.transactionid
    WHERE l.granted AND l.locktype = 'relation' AND l.relation >= 16384
      AND l.database = (SELECT oid FROM pg_catalog.pg_database
                        WHERE datname = pg_catalog.current_database())
      AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
      AND COALESCE(l.pid <> pg_catalog.pg_backend_pid(), true)
      AND COALESCE(a.usename::pg_catalog.text, p.gid) IS NOT NULL ORDER BY 1
"""

Values = tuple[Any, ...] | Mapping[str, object]


class Session:
    """An open transaction."""

    def __init__(self, open_connection: connection, username: str, database: str) -> None:
        self._connection = open_connection
        self._whose = f"{username} in {database}"
        self.database = database

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
            except psycopg2.errors.LockNotAvailable as error:
                raise self._locked(error, doing) from None
            except psycopg2.Error as error:
                raise named(error, f"{doing} as {self._whose}") from None

    def run_on_listed(self, doing: str, statement: Composable) -> None:
        """Execute a statement on what the catalog has just listed.

        Where others are at work, something may be gone by now, or have another name: that is
        `DatabaseUnreachable`, since the next try lists it again.
        """
        try:
            self.run(doing, statement)
        except ValidationFailed as refused:
            if not isinstance(refused.__context__, _GONE):
                raise
            raise DatabaseUnreachable(
                f"{refused} Somebody dropped or renamed it meanwhile."
            ) from None

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

    def _locked(self, error: psycopg2.Error, doing: str) -> RestoreError:
        """The error for a lock that somebody else holds, and who that may be."""
        self._connection.rollback()
        with self._connection.cursor() as cursor:
            cursor.execute(_LOCK_HOLDERS)
            holders = [name for (name,) in cursor.fetchall()]
        held = f" (held by {', '.join(holders)})" if holders else ""
        return named(error, f"{doing} as {self._whose}{held}")

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


def is_transient(code: str) -> bool:
    """Whether what fails with a code may succeed when it is tried again."""
    return code.startswith(_TRANSIENT)


def named(error: psycopg2.Error, doing: str) -> RestoreError:
    """Turn a driver's error into ours, without its text, which may quote the statement."""
    code = error.pgcode
    if _is_of_concurrent_ddl(error):
        return DatabaseUnreachable(f"{doing}: somebody changed the same thing at once ({code}).")
    if is_transient(code) if code else not isinstance(error, _OF_OUR_MAKING):
        meanings = (
            meaning for known, meaning in _MEANINGS.items() if (code or "").startswith(known)
        )
        why = next(meanings, "the database is not available right now")
        return DatabaseUnreachable(f"{doing}: {why} ({code or 'no answer'}).")
    if not code:
        return InternalError(f"{doing}: the driver refused ({type(error).__name__}).")
    return ValidationFailed(f"{doing}: PostgreSQL refused with {code} ({type(error).__name__}).")


def _is_of_concurrent_ddl(error: psycopg2.Error) -> bool:
    """Whether two sessions have changed the same row of the catalog.

    That is an internal error, whose text is in no language but English, or a name that was taken
    a moment before. (PostgreSQL, src/backend/access/heap/heapam.c, `simple_heap_update`)
    """
    if isinstance(error, psycopg2.errors.InternalError_):
        return str(error.diag.message_primary).startswith("tuple concurrently ")
    is_taken = isinstance(error, psycopg2.errors.UniqueViolation)
    return is_taken and error.diag.schema_name == "pg_catalog"
