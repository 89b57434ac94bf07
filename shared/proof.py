"""The proof that every user of the templates can do what it should, and not more."""

from collections.abc import Sequence
from typing import Any

from psycopg2.sql import SQL, Composed, Identifier

from shared.credentials import Template, UserTemplate
from shared.errors import ValidationFailed
from shared.postgres import Login, LoginRefused, Server, Session

_TABLE_RIGHTS = {
    Template.READ_ONLY: {"SELECT"},
    Template.READ_WRITE: {"SELECT", "INSERT", "UPDATE", "DELETE"},
    Template.OWNER: {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"},
}
_SEQUENCE_RIGHTS = {
    Template.READ_ONLY: {"SELECT"},
    Template.READ_WRITE: {"SELECT", "USAGE", "UPDATE"},
    Template.OWNER: {"SELECT", "USAGE", "UPDATE"},
}
_SCHEMA_RIGHTS = {
    Template.READ_ONLY: {"USAGE"},
    Template.READ_WRITE: {"USAGE"},
    Template.OWNER: {"USAGE", "CREATE"},
}
_DATABASE_RIGHTS = {
    Template.READ_ONLY: {"CONNECT"},
    Template.READ_WRITE: {"CONNECT", "TEMPORARY"},
    Template.OWNER: {"CONNECT", "TEMPORARY", "CREATE"},
}
# Everybody may make temporary tables unless somebody forbids it, and they hurt nobody.
_HARMLESS = {"TEMPORARY"}

# A right on one column is enough to do what must not be done, and too little for what must.
_WRONG_ON_TABLES = """
    SELECT c.relname, wanted.privilege, wanted.is_given,
           has_table_privilege('public', c.oid, wanted.privilege)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
         unnest(%s::text[], %s::bool[]) AS wanted(privilege, is_given)
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND pg_get_userbyid(c.relowner) !~ '^(pg_|rds)'
      AND CASE WHEN wanted.is_given THEN NOT has_table_privilege(c.oid, wanted.privilege)
               WHEN wanted.privilege IN ('DELETE', 'TRUNCATE', 'TRIGGER')
               THEN has_table_privilege(c.oid, wanted.privilege)
               ELSE has_any_column_privilege(c.oid, wanted.privilege) END
    ORDER BY c.relname, wanted.privilege LIMIT 1
"""
_WRONG_ON_SEQUENCES = """
    SELECT c.relname, wanted.privilege, wanted.is_given,
           has_sequence_privilege('public', c.oid, wanted.privilege)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
         unnest(%s::text[], %s::bool[]) AS wanted(privilege, is_given)
    WHERE n.nspname = %s AND c.relkind = 'S'
      AND pg_get_userbyid(c.relowner) !~ '^(pg_|rds)'
      AND has_sequence_privilege(c.oid, wanted.privilege) <> wanted.is_given
    ORDER BY c.relname, wanted.privilege LIMIT 1
"""
_WRONG_ON_SCHEMA = """
    SELECT n.nspname, wanted.privilege, wanted.is_given,
           has_schema_privilege('public', n.oid, wanted.privilege)
    FROM pg_namespace n, unnest(%s::text[], %s::bool[]) AS wanted(privilege, is_given)
    WHERE n.nspname = %s AND has_schema_privilege(n.oid, wanted.privilege) <> wanted.is_given
"""
_WRONG_ON_DATABASE = """
    SELECT d.datname, wanted.privilege, wanted.is_given,
           has_database_privilege('public', d.oid, wanted.privilege)
    FROM pg_database d, unnest(%s::text[], %s::bool[]) AS wanted(privilege, is_given)
    WHERE d.datname = %s AND has_database_privilege(d.oid, wanted.privilege) <> wanted.is_given
"""
_A_TABLE = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p')
      AND pg_get_userbyid(c.relowner) !~ '^(pg_|rds)'
    ORDER BY c.relname LIMIT 1
"""
_SPECIAL_POWERS = """
    SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
    FROM pg_roles WHERE rolname = current_user
"""
_GROUPS = """
    SELECT pg_get_userbyid(roleid) FROM pg_auth_members
    WHERE pg_get_userbyid(member) = current_user ORDER BY 1
"""
_PROBE = "aurora_restore_probe"


def prove(server: Server, users: Sequence[UserTemplate]) -> None:
    """Log in as every password user: what must work works, what must not is refused.

    Raises `ValidationFailed` naming the user, the place, and what is wrong. Whatever is tried is
    undone.
    """
    for user in users:
        if user.password is None:
            continue
        login = Login(user.username, user.password)
        for database in user.databases:
            try:
                with server.session(login, database) as session:
                    Proof(session, user, database).run()
            except LoginRefused as refused:
                raise ValidationFailed(
                    f"User {user.username} cannot log in to {database}: {refused}."
                ) from None


class Proof:
    """What one user is tried for in one database."""

    def __init__(self, session: Session, user: UserTemplate, database: str) -> None:
        self._session = session
        self._user = user
        self._who = f"User {user.username}"
        self._database = database

    def run(self) -> None:
        """Raise `ValidationFailed` for the first thing that is wrong."""
        template = self._user.template
        self._prove_role()
        self._compare(_WRONG_ON_DATABASE, _DATABASE_RIGHTS, self._database, "database ")
        for schema in self._user.schemas:
            place = f"{self._database}.{schema}"
            self._compare(_WRONG_ON_SCHEMA, _SCHEMA_RIGHTS, schema, f"schema {self._database}.")
            self._compare(_WRONG_ON_TABLES, _TABLE_RIGHTS, schema, f"table {place}.")
            self._compare(_WRONG_ON_SEQUENCES, _SEQUENCE_RIGHTS, schema, f"sequence {place}.")
            for (table,) in self._rows(_A_TABLE, (schema,)):
                name = Identifier(schema, table)
                # Planned but not executed: rights are checked, and no trigger fires.
                read = SQL("EXPLAIN SELECT FROM {}").format(name)
                delete = SQL("EXPLAIN DELETE FROM {}").format(name)
                self._attempt(f"reading {place}.{table}", read, expected=True)
                may_write = template is not Template.READ_ONLY
                self._attempt(f"deleting from {place}.{table}", delete, expected=may_write)
            probe = SQL("CREATE TABLE {} ()").format(Identifier(schema, _PROBE))
            may_create = template is Template.OWNER
            self._attempt(f"creating tables in {place}", probe, expected=may_create)

    def _prove_role(self) -> None:
        if self._rows(_SPECIAL_POWERS) != [(False,)]:
            raise ValidationFailed(f"{self._who} has powers over roles, databases or replication.")
        groups = ", ".join(name for (name,) in self._rows(_GROUPS))
        if groups and self._user.template is not Template.OWNER:
            raise ValidationFailed(f"{self._who} is a member of {groups}.")
        is_read_only = self._rows("SELECT current_setting('transaction_read_only')") == [("on",)]
        if is_read_only and self._user.template is not Template.READ_ONLY:
            raise ValidationFailed(
                f"{self._who} cannot write to {self._database}: its transactions are read-only by "
                "a setting of the role or the database (default_transaction_read_only)."
            )

    def _compare(self, query: str, rights: dict[Template, set[str]], name: str, place: str) -> None:
        given = rights[self._user.template]
        asked = sorted(rights[Template.OWNER] - (_HARMLESS - given))
        values = (asked, [right in given for right in asked], name)
        for where, right, is_missing, is_public in self._rows(query, values):
            problem = "may not" if is_missing else "may"
            reason = "; everybody may, by a grant to PUBLIC" if is_public else ""
            raise ValidationFailed(f"{self._who} {problem} {right} on {place}{where}{reason}.")

    def _attempt(self, doing: str, statement: Composed, *, expected: bool) -> None:
        if self._session.is_allowed(statement) is not expected:
            raise ValidationFailed(
                f"{self._who} is {'refused' if expected else 'allowed'} {doing}."
            )

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._session.rows(f"Finding out what {self._user.username} may do", query, values)
