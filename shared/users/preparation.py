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

from shared.errors import ConfigurationError
from shared.users.credentials import UsersSecret, UserTemplate
from shared.users.event_triggers import fires_at_login, silenced
from shared.users.exposure import exposure
from shared.users.grants import Grants, check_schemas
from shared.users.lockout import Lockout
from shared.users.notes import Notes
from shared.users.retirement import Retired, hand_over, retired_roles
from shared.users.roles import ensure_user
from shared.users.sessions import Server, Session
from shared.users.verification import prove

# template0 and template1 hold nothing of anybody, and AWS lets nobody into rdsadmin.
_NOT_OURS_TO_SERVE = ("template0", "template1", "rdsadmin")
_DATABASES = """
    SELECT datname, {} FROM pg_catalog.pg_database
    WHERE datallowconn AND datname <> ALL (%s::pg_catalog.text[]) ORDER BY 1
"""
_FIRES = "it has an event trigger that fires at every login"
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
    users, admin = templates.users, server.admin.username
    if admin in {user.username for user in users}:
        raise ConfigurationError(
            f"The user templates name the master user, {admin}, which they cannot change."
        )
    told: list[str] = []
    lockout = Lockout(server, users, notes, everybody=templates.lock_other_logins)
    with lockout.enforced(told) as session:
        databases = _databases(session)
        _check_databases(users, set(databases))
        for user in users:
            told += ensure_user(session, user, notes, admin)
        retired = retired_roles(session, users, notes)
        logins = lockout.set_unknown_passwords(session)
        if not _users_of(server.maintenance_database, users):
            # Nobody works there, and we are there already.
            databases.pop(server.maintenance_database, None)
            told += _serve(session, server.maintenance_database, [], retired, templates, admin)
    for database, fires in databases.items():
        here = _users_of(database, users)
        if fires and here:
            raise fires_at_login(database)
        if fires:
            told.append(f"Database {database} was not looked into: {_FIRES}.")
            continue
        with server.as_admin(database) as session:
            told += _serve(session, database, here, retired, templates, admin)
    prove(server, users)
    lockout.try_in_vain(logins)
    with server.as_admin() as session:
        locked = lockout.check(session, logins)
        for old in retired:
            told += _about(session, old)
    return Prepared(locked, tuple(told))


def _users_of(database: str, users: Sequence[UserTemplate]) -> list[UserTemplate]:
    return [user for user in users if database in user.databases]


def _databases(session: Session) -> dict[str, bool]:
    """The databases that people can connect to, and whether one fires a trigger at the login."""
    query = _DATABASES.format("dathasloginevt" if session.has_login_triggers else "false")
    rows = session.rows("Listing the databases", query, (list(_NOT_OURS_TO_SERVE),))
    return dict(rows)


def _check_databases(users: Sequence[UserTemplate], there: set[str]) -> None:
    missing = {name for user in users for name in user.databases} - there
    if missing:
        raise ConfigurationError(
            f"The user templates name databases that the snapshot does not have: "
            f"{', '.join(sorted(missing))}. It has {', '.join(sorted(there))}."
        )


def _serve(
    session: Session,
    database: str,
    here: Sequence[UserTemplate],
    retired: Sequence[Retired],
    templates: UsersSecret,
    admin: str,
) -> Iterator[str]:
    """Give its users what they get in a database, and tell what all users may do there."""
    if here:
        with silenced(session, database):
            check_schemas(session, here, database)
            for old in retired:
                yield from hand_over(session, old, here)
            others_are_locked = templates.lock_other_logins
            yield from Grants(session, here, database, admin, others_are_locked).give()
    names = [user.username for user in templates.users]
    revoke = templates.public_functions == "revoke"
    yield from exposure(session, database, names, admin, revoke_functions=revoke)


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
