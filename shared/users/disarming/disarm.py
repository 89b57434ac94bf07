"""Nothing that came with the snapshot acts by itself any more, or leads to production's systems.

    subscriptions   disabled, and detached from the slot that production's own subscriber uses
    jobs            of pg_cron: unscheduled, before a new role has the name of the old one
    user mappings   dropped: they hold passwords of other systems
    publications    dropped, and replication slots, unless the users secret keeps them

Logins are locked before, but none of these needs one. PostgreSQL's apply workers run as the owner
of the subscription whether or not that may log in.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from shared.errors import ValidationFailed
from shared.users.disarming.jobs import has_pg_cron, unschedule
from shared.users.disarming.links import drop_publications, drop_slots, drop_user_mappings
from shared.users.disarming.subscriptions import databases_with_subscriptions, detach
from shared.users.lockout.event_triggers import event_triggers
from shared.users.master.powers import customers_roles
from shared.users.master.server import Server
from shared.users.master.sessions import Session
from shared.users.slices import Slice, Transactions
from shared.users.templates import UserTemplate
from shared.users.wording import listed

# Without any of these nothing has to be changed, and no event trigger to be silenced.
_ANYTHING = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_subscription
                   WHERE (subenabled OR subslotname IS NOT NULL)
                     AND subdbid = (SELECT oid FROM pg_catalog.pg_database
                                    WHERE datname = pg_catalog.current_database()))
        OR EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_cron')
        OR EXISTS (SELECT FROM pg_catalog.pg_user_mappings)
        OR EXISTS (SELECT FROM pg_catalog.pg_publication)
"""


def disarm(
    server: Server, session: Session, databases: Sequence[str], *, keeps_publications: bool
) -> Iterator[str]:
    """Disarm every database that can be entered; yields a sentence for each thing that was changed.

    Raises `ValidationFailed` naming a subscription or a job that cannot be stopped here.
    """
    if barred := sorted({*databases_with_subscriptions(session)} - {*databases}):
        raise ValidationFailed(
            f"Databases {listed(barred)} have subscriptions that are enabled, and cannot be "
            "entered to disable them. Disable or drop these in production, then restore from a "
            "snapshot taken after that."
        )
    admin = server.admin.username
    users = [admin, *customers_roles(session, admin)]
    for database in databases:
        with server.as_admin(database) as inside:
            if inside.rows("Looking for what reaches out", _ANYTHING) != [(True,)]:
                continue
            with _one_transaction(inside, database):
                yield from detach(inside, database)
                yield from unschedule(inside, database, users)
                yield from drop_user_mappings(inside, database)
                if not keeps_publications:
                    yield from drop_publications(inside, database)
    if not keeps_publications:
        yield from drop_slots(session)


def disarm_users(
    server: Server, databases: Sequence[str], users: Sequence[UserTemplate]
) -> Iterator[str]:
    """Unschedule what pg_cron would run as the new users, before they can log in.

    Their names may be those of roles that production has dropped; the jobs of these stay.
    """
    names = [user.username for user in users]
    for database in databases:
        with server.as_admin(database) as inside:
            if has_pg_cron(inside):
                with _one_transaction(inside, database):
                    yield from unschedule(inside, database, names)


def _one_transaction(session: Session, database: str) -> AbstractContextManager[Session]:
    """All that is disarmed in a database, however long it takes."""
    return Transactions(session, database, event_triggers(session), Slice.endless()).one()
