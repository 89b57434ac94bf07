"""The proof that every user of the templates can do what it should, and not more."""

from collections.abc import Sequence

from psycopg2.sql import SQL, Composed, Identifier

from shared.credentials import Template, UserTemplate
from shared.errors import ValidationFailed
from shared.postgres import Login, LoginRefused, Server, Session

_TABLES = """
    SELECT c.relname, has_table_privilege(c.oid, 'SELECT'),
           has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p')
      AND pg_get_userbyid(c.relowner) NOT LIKE 'rds%%'
    ORDER BY c.relname
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
                    for schema in user.schemas:
                        _prove_rights(session, user, database, schema)
            except LoginRefused as refused:
                raise ValidationFailed(
                    f"User {user.username} cannot log in to {database}: {refused}."
                ) from None


def _prove_rights(session: Session, user: UserTemplate, database: str, schema: str) -> None:
    who, may_write = f"User {user.username}", user.template is not Template.READ_ONLY
    tables = session.rows(f"Listing what {user.username} may do", _TABLES, (schema,))
    for name, can_read, can_write in tables:
        if not can_read:
            raise ValidationFailed(f"{who} cannot read {database}.{schema}.{name}.")
        if can_write is not may_write:
            problem = "cannot write" if may_write else "can write"
            raise ValidationFailed(f"{who} {problem} {database}.{schema}.{name}.")
    if tables:
        table = Identifier(schema, tables[0][0])
        place = f"{database}.{schema}.{tables[0][0]}"
        read, delete = SQL("SELECT FROM {} LIMIT 1"), SQL("DELETE FROM {} WHERE false")
        _attempt(session, who, f"reading {place}", read.format(table), expected=True)
        _attempt(session, who, f"deleting from {place}", delete.format(table), expected=may_write)
    probe = SQL("CREATE TABLE {} ()").format(Identifier(schema, _PROBE))
    may_create = user.template is Template.OWNER
    _attempt(session, who, f"creating tables in {database}.{schema}", probe, expected=may_create)


def _attempt(
    session: Session, who: str, doing: str, statement: Composed, *, expected: bool
) -> None:
    if session.is_allowed(statement) is not expected:
        raise ValidationFailed(f"{who} is {'refused' if expected else 'allowed'} {doing}.")
