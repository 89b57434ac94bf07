"""The roles of the users, each made new by the operation that it belongs to."""

from psycopg2.sql import SQL, Identifier, Literal

from shared.users.credentials import UserTemplate
from shared.users.notes import Notes
from shared.users.retirement import carry_settings, retire
from shared.users.sessions import Login, Session

_NOTE = """
    SELECT COALESCE(pg_catalog.shobj_description(oid, 'pg_authid'), '')
    FROM pg_catalog.pg_roles WHERE rolname = %s
"""


def ensure_user(session: Session, user: UserTemplate, notes: Notes, admin: str) -> list[str]:
    """Make the user's role, if this operation has not yet; returns what could not be carried over.

    Whatever has its name and was not made by this operation is retired first. All of it is one
    transaction, so a second call finds either everything or nothing.
    """
    name, doing = Identifier(user.username), f"Setting up user {user.username}"
    told: list[str] = []
    existing = session.rows(doing, _NOTE, (user.username,))
    if existing != [(notes.made(user),)]:
        retired = retire(session, user.username, notes, admin) if existing else None
        session.run(doing, SQL("CREATE ROLE {}").format(name))
        session.run(doing, SQL("COMMENT ON ROLE {} IS {}").format(name, Literal(notes.made(user))))
        if retired:
            told = list(carry_settings(session, retired, user.username))
    verifier = (
        Literal(session.verifier(Login(user.username, user.password)))
        if user.password
        else SQL("NULL")
    )
    session.run(
        doing,
        SQL(
            "ALTER ROLE {} LOGIN INHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT -1 "
            "VALID UNTIL 'infinity' PASSWORD {}"
        ).format(name, verifier),
    )
    if user.auth == "iam":
        session.run(doing, SQL("GRANT rds_iam TO {}").format(name))
    return told
