"""A restored database is prepared: from hostile to safe, in this order.

    surveyed   ── nothing contradicts the templates
    locked out ── nobody from production is connected or can log in
    disarmed   ── nothing acts by itself or leads to production's systems
    users made ── each as a new role, with the grants of its template
    exposure   ── what production leaves open to everybody is reported, or closed
    proven     ── users can do what they should and not more; locked logins are refused

The master user acts at every stage, so no stage may run anything that the snapshot holds. Every
stage may be repeated, and what a call that died has done is seen by the next one.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from shared.errors import ConfigurationError
from shared.users.databases import enterable_databases
from shared.users.disarming.disarm import disarm, disarm_users
from shared.users.exposure.definer_functions import report_definer_functions
from shared.users.exposure.public_grants import (
    refuse_grants,
    report_accepted,
    revoke_from_public,
)
from shared.users.exposure.public_rights import report_public_rights
from shared.users.granting.grants import Grants
from shared.users.granting.hand_over import hand_over
from shared.users.granting.schemas import report_patterns, with_schemas
from shared.users.lockout.event_triggers import event_triggers
from shared.users.lockout.logins import Lockout
from shared.users.master.notes import Notes
from shared.users.master.server import Server
from shared.users.master.sessions import Session
from shared.users.retired_roles import Retired, report_retired, retired_roles
from shared.users.roles import ensure_user, let_log_in
from shared.users.slices import Slice, SliceOver, Transactions
from shared.users.survey import survey
from shared.users.templates import UsersSecret
from shared.users.verification import prove


class Prepared(NamedTuple):
    """The logins that were locked, and what people should know."""

    locked_logins: tuple[str, ...]
    warnings: tuple[str, ...]


class Unfinished(NamedTuple):
    """How far a call got whose time was used up, and what people should know."""

    databases_done: int
    databases: int
    warnings: tuple[str, ...]


def prepare(
    server: Server, templates: UsersSecret, notes: Notes, slice: Slice
) -> Prepared | Unfinished:
    """Prepare the database behind `server` for the users of the templates.

    Raises `ConfigurationError` for templates that do not fit the database, `ValidationFailed`
    naming what cannot be made safe or proven, `DatabaseUnreachable` when a session breaks.
    """
    users, admin = templates.users, server.admin.username
    if admin in {user.username for user in users}:
        raise ConfigurationError(
            f"The user templates name the master user, {admin}, which they cannot change."
        )
    survey(server, templates)
    warnings: list[str] = []
    lockout = Lockout(server, users, notes, everybody=templates.lock_other_logins)
    with lockout.enforced(warnings) as session:
        databases = enterable_databases(session, users, warnings)
        session.commit()
        keeps = templates.publications == "keep"
        warnings += disarm(server, session, databases, keeps_publications=keeps)
        for user in users:
            warnings += ensure_user(session, user, notes, admin)
        session.commit()
        warnings += disarm_users(server, databases, users)
        for user in users:
            let_log_in(session, user)
        retired = retired_roles(session, users, notes)
        logins = lockout.set_unknown_passwords(session)
        session.commit()
        preparation = _DatabasePreparation(templates, retired, admin, slice)
        for done, database in enumerate(databases):
            try:
                with _session_in(database, session, server) as database_session:
                    for warning in preparation.prepare(database_session, database):
                        warnings.append(warning)
            except SliceOver:
                return Unfinished(done, len(databases), _told(warnings))
        prove(server, templates)
        lockout.prove_refused(logins)
        locked = lockout.check(session, logins)
        for role in retired:
            warnings += report_retired(session, role)
    return Prepared(locked, _told(warnings))


@contextmanager
def _session_in(database: str, session: Session, server: Server) -> Iterator[Session]:
    """A session in a database: the given one, if it is there already."""
    if database == session.database:
        yield session
        session.commit()
        return
    with server.as_admin(database) as database_session:
        yield database_session


class _DatabasePreparation(NamedTuple):
    """What is done in each database once the roles exist."""

    templates: UsersSecret
    retired: tuple[Retired, ...]
    admin: str
    slice: Slice

    def prepare(self, session: Session, database: str) -> Iterator[str]:
        """Give the database's users their rights in it; yields warnings about what else is open."""
        others_are_locked = self.templates.lock_other_logins
        triggers = event_triggers(session)
        yield from (trigger.warning(database) for trigger in triggers)
        transactions = Transactions(session, database, triggers, self.slice)
        named = [user for user in self.templates.users if database in user.databases]
        if named:
            users = with_schemas(session, named, database)
            yield from report_patterns(named, users, database)
            match self.templates.public_grants:
                case "refuse":
                    refuse_grants(session, users, database)
                case "accept":
                    yield from report_accepted(session, users, database)
                case "revoke":
                    yield from revoke_from_public(transactions, users)
            with transactions.one():
                for role in self.retired:
                    yield from hand_over(session, role, users, database, self.admin)
            yield from Grants(transactions, self.admin, others_are_locked).give(users)
        yield from report_definer_functions(
            transactions,
            self.admin,
            revoke=self.templates.public_functions == "revoke",
            others_are_locked=others_are_locked,
        )
        usernames = [user.username for user in self.templates.users]
        yield from report_public_rights(session, database, usernames)


def _told(warnings: Iterable[str]) -> tuple[str, ...]:
    """Each warning once."""
    return tuple(dict.fromkeys(_on_one_line(warning) for warning in warnings))


def _on_one_line(warning: str) -> str:
    """Without line breaks, which a name may hold to look like another warning."""
    return " ".join(warning.split())
