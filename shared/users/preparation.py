"""A restored database is prepared: from hostile to safe, in this order.

    locked out ── nobody from production is connected or can log in
    users made ── each as a new role, with the grants of its template
    exposure   ── what production leaves open to everybody is reported, or closed
    proven     ── users can do what they should and not more; locked logins are refused

The master user acts at every stage, so no stage may run anything that the snapshot holds. Every
stage may be repeated, and what a call that died has done is seen by the next one.
"""

from collections.abc import Iterator
from typing import NamedTuple

from shared.errors import ConfigurationError
from shared.users.databases import enterable_databases
from shared.users.exposure.definer_functions import report_definer_functions
from shared.users.exposure.public_rights import report_public_rights
from shared.users.grants import Grants, check_schemas
from shared.users.hand_over import hand_over
from shared.users.lockout.event_triggers import event_triggers, silenced
from shared.users.lockout.logins import Lockout
from shared.users.master.notes import Notes
from shared.users.master.server import Server
from shared.users.master.sessions import Session
from shared.users.retired_roles import Retired, report_retired, retired_roles
from shared.users.roles import ensure_user
from shared.users.templates import UsersSecret, UserTemplate
from shared.users.verification import prove


class Prepared(NamedTuple):
    """The logins that were locked, and what people should know."""

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
    warnings: list[str] = []
    lockout = Lockout(server, users, notes, everybody=templates.lock_other_logins)
    with lockout.enforced(warnings) as session:
        databases = enterable_databases(session, users, warnings)
        for user in users:
            warnings += ensure_user(session, user, notes, admin)
        retired = retired_roles(session, users, notes)
        logins = lockout.set_unknown_passwords(session)
        preparation = _DatabasePreparation(templates, retired, admin)
        maintenance = session.database
        if maintenance in databases and not preparation.users_of(maintenance):
            # This session is in that database, and no user works there: it needs no other session.
            databases.remove(maintenance)
            warnings += preparation.prepare(session, maintenance)
        session.commit()
        for database in databases:
            with server.as_admin(database) as database_session:
                warnings += preparation.prepare(database_session, database)
        prove(server, users)
        lockout.prove_refused(logins)
        locked = lockout.check(session, logins)
        for role in retired:
            warnings += report_retired(session, role)
    return Prepared(locked, tuple(dict.fromkeys(_on_one_line(warning) for warning in warnings)))


class _DatabasePreparation(NamedTuple):
    """What is done in each database once the roles exist."""

    templates: UsersSecret
    retired: tuple[Retired, ...]
    admin: str

    def users_of(self, database: str) -> list[UserTemplate]:
        return [user for user in self.templates.users if database in user.databases]

    def prepare(self, session: Session, database: str) -> Iterator[str]:
        """Give the database's users their rights in it; yields warnings about what else is open."""
        others_are_locked = self.templates.lock_other_logins
        triggers = event_triggers(session)
        yield from (trigger.warning(database) for trigger in triggers)
        if users := self.users_of(database):
            with silenced(session, database, triggers):
                check_schemas(session, users, database)
                for role in self.retired:
                    yield from hand_over(session, role, users, database, self.admin)
                grants = Grants(session, database, self.admin, others_are_locked)
                yield from grants.give(users)
        yield from report_definer_functions(
            session,
            database,
            self.admin,
            triggers,
            revoke=self.templates.public_functions == "revoke",
            others_are_locked=others_are_locked,
        )
        usernames = [user.username for user in self.templates.users]
        yield from report_public_rights(session, database, usernames)


def _on_one_line(warning: str) -> str:
    """Without line breaks, which a name may hold to look like another warning."""
    return " ".join(warning.split())
