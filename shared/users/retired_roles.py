"""Roles of the snapshot that had the name of a user: renamed, without login and powers.

A retired role keeps what it owns and was granted, since views and functions of its own need it.
"""

import secrets
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from psycopg2.sql import SQL, Identifier, Literal

from shared.users.master.alterations import must_alter
from shared.users.master.notes import Notes
from shared.users.master.powers import open_doors, take_powers
from shared.users.master.sessions import Session
from shared.users.templates import UserTemplate

# PostgreSQL truncates longer names. (PostgreSQL documentation, 4.1.1)
_LONGEST_NAME = 63

_WITH_NOTES = """
    SELECT rolname, pg_catalog.shobj_description(oid, 'pg_authid') FROM pg_catalog.pg_roles
    WHERE pg_catalog.shobj_description(oid, 'pg_authid') = ANY (%s::pg_catalog.text[]) ORDER BY 1
"""
# What a role owns or was granted, by catalog; pg_shdepend covers the other databases, too.
_HELD = """
    SELECT COALESCE(d.datname, 'all databases'),
           s.classid::pg_catalog.regclass::pg_catalog.text, s.deptype = 'o',
           pg_catalog.count(*)
    FROM pg_catalog.pg_shdepend s
    JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
    LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
    WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND r.rolname = %s
      AND s.deptype IN ('o', 'a')
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_WORDS = {
    "pg_class": "tables, views and sequences",
    "pg_proc": "functions",
    "pg_namespace": "schemas",
    "pg_database": "databases",
    "pg_type": "types",
    "pg_default_acl": "default privileges",
    "pg_subscription": "subscriptions",
    "pg_publication": "publications",
    "pg_foreign_server": "foreign servers",
    "pg_foreign_data_wrapper": "foreign-data wrappers",
    "pg_user_mapping": "user mappings",
    "pg_event_trigger": "event triggers",
    "pg_largeobject": "large objects",
}


class Retired(NamedTuple):
    """A role that had the name of a user of the templates, and its name now."""

    username: str
    role: str


def retire(session: Session, username: str, notes: Notes, admin: str) -> str:
    """Free the name of a user, and return the name that its role has from now on."""
    doing = f"Retiring the role {username} of the snapshot"
    suffix = f"_retired_{secrets.token_hex(4)}"
    shortened = username.encode()[: _LONGEST_NAME - len(suffix)].decode(errors="ignore")
    role = shortened + suffix
    open_doors(session, username)
    old, new = Identifier(username), Identifier(role)
    rename = SQL("ALTER ROLE {} RENAME TO {}").format(old, new)
    must_alter(session, doing, username, rename)
    session.run(doing, SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(new))
    note = Literal(notes.retired(username))
    session.run(doing, SQL("COMMENT ON ROLE {} IS {}").format(new, note))
    take_powers(session, [role], admin)
    return role


def retired_roles(
    session: Session, users: Sequence[UserTemplate], notes: Notes
) -> tuple[Retired, ...]:
    """The roles that had the users' names until this operation retired them."""
    by_note = {notes.retired(user.username): user.username for user in users}
    rows = session.rows("Listing retired roles", _WITH_NOTES, ([*by_note],))
    return tuple(Retired(by_note[note], role) for role, note in rows)


def report_retired(session: Session, retired: Retired) -> Iterator[str]:
    """Yield a warning that names the retired role, and says what it still holds."""
    rows = session.rows(f"Listing what {retired.role} holds", _HELD, (retired.role,))
    owned = [
        f"{count} {_WORDS.get(catalog, catalog)} in {place}"
        for place, catalog, is_owner, count in rows
        if is_owner
    ]
    granted = sorted({place for place, _, is_owner, _ in rows if not is_owner})
    yield (
        f"The user {retired.username} is a new role. The snapshot's role of that name is now "
        f"{retired.role}, which nobody can log in as; it {_predicate(owned, granted)}."
    )


def _predicate(owned: Sequence[str], granted: Sequence[str]) -> str:
    parts = []
    if owned:
        parts.append(f"owns {', '.join(owned)}")
    if granted:
        parts.append(f"keeps grants in {', '.join(granted)}")
    return " and ".join(parts) or "holds nothing"
