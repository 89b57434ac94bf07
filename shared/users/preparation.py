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
from shared.users.exposure import exposure
from shared.users.grants import Grants, check_schemas
from shared.users.lockout.event_triggers import (
    event_triggers,
    fires_at_login,
    login_triggers,
    silenced,
)
from shared.users.lockout.logins import Lockout
from shared.users.master.notes import Notes
from shared.users.master.powers import can_join
from shared.users.master.sessions import Server, Session
from shared.users.roles import Retired, ensure_user, hand_over, retired_roles
from shared.users.templates import UsersSecret, UserTemplate
from shared.users.verification import prove

# Nobody can connect to template0, and AWS lets nobody into rdsadmin.
_NOT_OURS = ("template0", "rdsadmin")
# A limit of 0 lets nobody in but superusers; less than -1 is a half-dropped database's.
_DATABASES = """
    SELECT datname, pg_catalog.pg_get_userbyid(datdba), datconnlimit,
           pg_catalog.pg_encoding_to_char(encoding) = 'MULE_INTERNAL'
    FROM pg_catalog.pg_database
    WHERE datallowconn AND datname <> ALL (%s::pg_catalog.text[]) ORDER BY 1
"""
# Databases in which whoever may works as somebody else.
_SOMEBODY_ELSE = """
    SELECT d.datname, setting FROM pg_catalog.pg_db_role_setting s
    JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase,
         pg_catalog.unnest(s.setconfig) AS settings(setting)
    WHERE s.setrole = 0
      AND (pg_catalog.starts_with(setting, 'role=')
           OR pg_catalog.starts_with(setting, 'session_authorization=')) ORDER BY 1, 2
"""
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
        databases = _databases(session, templates, told)
        for user in users:
            told += ensure_user(session, user, notes, admin)
        retired = retired_roles(session, users, notes)
        logins = lockout.set_unknown_passwords(session)
        preparing = _Preparing(templates, retired, admin)
        here = server.maintenance_database
        if here in databases and not preparing.users_of(here):
            # Nobody works there, and we are there already.
            databases.remove(here)
            told += preparing.serve(session, here)
        session.commit()
        for database in databases:
            with server.as_admin(database) as there:
                told += preparing.serve(there, database)
        prove(server, users)
        lockout.try_in_vain(logins)
        locked = lockout.check(session, logins)
        for old in retired:
            told += _about(session, old)
    return Prepared(locked, tuple(dict.fromkeys(_on_one_line(sentence) for sentence in told)))


def _databases(session: Session, templates: UsersSecret, told: list[str]) -> list[str]:
    """The databases that the master user can enter, after joining the owners of those it cannot.

    Raises `ConfigurationError` for one of the templates that is not there, or lets nobody in.
    """
    named = {name for user in templates.users for name in user.databases}
    rows = session.rows("Listing the databases", _DATABASES, (list(_NOT_OURS),))
    there = {name for name, *_ in rows} - {"template1"}
    if missing := named - there:
        raise ConfigurationError(
            f"The user templates name databases that the snapshot does not have: "
            f"{', '.join(sorted(missing))}. It has {', '.join(sorted(there))}."
        )
    settings = session.rows("Looking for settings of databases", _SOMEBODY_ELSE)
    told += (
        f"In {name}, {setting} is set for everybody, so who may works as somebody else."
        for name, setting in settings
    )
    barred = login_triggers(session)
    entered = []
    for name, owner, limit, is_mule in rows:
        if name in barred and name in named:
            raise fires_at_login(name)
        problem = "an event trigger of it fires at every login" if name in barred else ""
        if limit == 0 or limit < -1:
            problem = "it allows no connections"
        elif is_mule:
            problem = "PostgreSQL cannot turn its encoding into UTF-8"
        elif not _may_connect(session, name, owner):
            problem = f"the master user may not connect, and {owner} does not let it"
        if problem and name in named:
            raise ConfigurationError(
                f"The user templates name database {name}, which the master user cannot enter: "
                f"{problem}. Change that in production, or leave it out."
            )
        if problem:
            told.append(f"Database {name} was not looked into: {problem}.")
        else:
            entered.append(name)
    return entered


def _may_connect(session: Session, database: str, owner: str) -> bool:
    statement = "SELECT pg_catalog.has_database_privilege(%s, 'CONNECT')"
    doing = f"Looking whether {database} can be entered"
    if session.rows(doing, statement, (database,)) == [(True,)]:
        return True
    return can_join(session, owner) and session.rows(doing, statement, (database,)) == [(True,)]


class _Preparing(NamedTuple):
    """What is known when the databases are served."""

    templates: UsersSecret
    retired: tuple[Retired, ...]
    admin: str

    def users_of(self, database: str) -> list[UserTemplate]:
        return [user for user in self.templates.users if database in user.databases]

    def serve(self, session: Session, database: str) -> Iterator[str]:
        """Give its users what they get in a database, and tell what else is open there."""
        others_are_locked = self.templates.lock_other_logins
        triggers = event_triggers(session)
        yield from (trigger.told_of(database) for trigger in triggers)
        if here := self.users_of(database):
            with silenced(session, database, triggers):
                check_schemas(session, here, database)
                for old in self.retired:
                    yield from hand_over(session, old, here, database, self.admin)
                grants = Grants(session, here, database, self.admin, others_are_locked)
                yield from grants.give()
        yield from exposure(
            session,
            database,
            [user.username for user in self.templates.users],
            self.admin,
            triggers,
            revoke_functions=self.templates.public_functions == "revoke",
            others_are_locked=others_are_locked,
        )


def _on_one_line(sentence: str) -> str:
    """A name may hold line breaks, and then look like a sentence of ours."""
    return " ".join(sentence.split())


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
