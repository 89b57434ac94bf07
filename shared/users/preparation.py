"""A restored database is prepared: from hostile to safe, in this order.

    locked out ── nobody of production gets in, nobody is in
    users made ── each a new role; grants of the templates
    exposure   ── what production leaves open to everybody is reported, or closed
    proven     ── users can do what they should and not more; who is locked out is refused

The master user acts in every stage, so none may run what the snapshot holds. Every stage may be
repeated, and a call that died leaves nothing that the next one does not see.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.users.credentials import UsersSecret
from shared.users.exposure import report_exposure
from shared.users.grants import set_up
from shared.users.lockout import Lockout
from shared.users.roles import Notes, Retired, retired_roles
from shared.users.sessions import Server, Session
from shared.users.verification import prove

# What a role owns or appears in, by catalog; other databases' names are in pg_shdepend, too.
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


class Prepared(NamedTuple):
    """What came of it: the logins that were locked, and what people should know."""

    locked_logins: tuple[str, ...]
    warnings: tuple[str, ...]


def prepare(server: Server, templates: UsersSecret, notes: Notes) -> Prepared:
    """Prepare the database behind `server` for the users of the templates.

    Raises `ConfigurationError` for templates that do not fit the database, `ValidationFailed`
    naming what cannot be made safe or proven, `DatabaseUnreachable` when a session breaks.
    """
    users = templates.users
    names = tuple(user.username for user in users)
    lockout = Lockout(server, users, notes, everybody=templates.lock_other_logins)
    told = lockout.enforce()
    told += set_up(server, users, notes, others_are_locked=templates.lock_other_logins)
    with server.as_admin() as session:
        for retired in retired_roles(session, users, notes):
            told += _about(session, retired)
    revoke = templates.public_functions == "revoke"
    told += report_exposure(server, names, revoke_functions=revoke)
    prove(server, users)
    locked = lockout.prove()
    return Prepared(locked, tuple(told))


def _about(session: Session, retired: Retired) -> Iterator[str]:
    rows = session.rows(f"Looking at {retired.role}", _HELD, (retired.role,))
    held = [
        f"{count} {_WORDS.get(catalog, catalog)} in {place}"
        for place, catalog, is_owner, count in rows
        if is_owner
    ]
    granted = sorted({place for place, _, is_owner, _ in rows if not is_owner})
    yield (
        f"The user {retired.username} is a new role. The one of the snapshot is {retired.role}, "
        f"which nobody can log in as; {_sentence(held, granted)}."
    )


def _sentence(held: Sequence[str], granted: Sequence[str]) -> str:
    parts = []
    if held:
        parts.append(f"it owns {', '.join(held)}")
    if granted:
        parts.append(f"keeps grants in {', '.join(granted)}")
    return " and ".join(parts) or "it holds nothing"
