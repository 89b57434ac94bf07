"""What would stop the preparation, found before anything in the databases is changed."""

from collections.abc import Iterator, Sequence

from shared.errors import DatabaseUnreachable
from shared.users.databases import named_databases
from shared.users.exposure.public_grants import refusal, refuse, wrong_grants
from shared.users.granting.schemas import with_schemas
from shared.users.master.server import Server
from shared.users.templates import UsersSecret


def survey(server: Server, templates: UsersSecret) -> None:
    """Look into every database of the templates that can be entered as it is.

    Raises `ConfigurationError` for databases and schemas that are not there, and `ValidationFailed`
    for everything in them that contradicts the templates.
    """
    with server.as_admin() as session:
        databases = named_databases(session, templates.users)
    refuse([*_refusals(server, templates, databases)])


def _refusals(server: Server, templates: UsersSecret, databases: Sequence[str]) -> Iterator[str]:
    for database in databases:
        users = [user for user in templates.users if database in user.databases]
        try:
            with server.as_admin(database) as session:
                here = with_schemas(session, users, database)
                wrong = wrong_grants(session, here) if templates.public_grants == "refuse" else []
        except DatabaseUnreachable:
            # It may be full of sessions that the lock-out ends; then it is looked into again.
            continue
        if wrong:
            yield refusal(database, wrong)
