"""Altering roles of the snapshot, which the master user may not always do.

Since PostgreSQL 16 CREATEROLE is not enough: it takes ADMIN on the role. Its creator has that, but
an upgrade from 15 leaves nobody with it, and it goes when the creator is dropped.

What AWS changed about this is documented nowhere. On RDS members of `rds_superuser` were seen to
grant roles on which they have no ADMIN (gravitational/teleport#48897); whether they may alter such
a role was never seen. So nothing is predicted here: a statement is tried, then all that could let
the master user in, then the statement again.
"""

from collections.abc import Sequence

import psycopg2
from psycopg2.errors import (
    InsufficientPrivilege,
    InvalidGrantOperation,
    LockNotAvailable,
    UndefinedObject,
)
from psycopg2.sql import SQL, Composable, Identifier

from shared.errors import ValidationFailed
from shared.users.master.sessions import Session, named
from shared.users.wording import listed

# Why a statement about a role is refused with 42501, since 16 and before.
WITHOUT_ADMIN = (
    "since PostgreSQL 16 that takes ADMIN on the role, and nobody has it on roles that were there "
    "before an upgrade from 15, or whose creator was dropped"
)
WITHOUT_CREATEROLE = "that takes CREATEROLE, which the master user does not have"

_JOIN_AS_ADMINISTRATOR = SQL("GRANT {} TO CURRENT_USER WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
# Where the parameter rds.restrict_password_commands is on, only members of this role may change
# passwords and their expiry. (Aurora user guide, "Delegating and controlling user password
# management")
_MAY_CHANGE_PASSWORDS = SQL("GRANT rds_password TO CURRENT_USER")
_REFUSALS = (InsufficientPrivilege, InvalidGrantOperation, UndefinedObject)


def alter(
    session: Session, doing: str, role: str, statement: Composable, *, insist: bool = True
) -> psycopg2.Error | None:
    """Alter a role; returns `InsufficientPrivilege` or `LockNotAvailable` if that is refused.

    Without `insist` nothing is done to get the right to it.
    """
    refused = _try(session, doing, statement)
    if not insist or not isinstance(refused, InsufficientPrivilege):
        return refused
    if _try_to_get_in(session, doing, role):
        return _try(session, doing, statement)
    return refused


def must_alter(session: Session, doing: str, role: str, statement: Composable) -> None:
    """Alter a role; raises `ValidationFailed` or `DatabaseUnreachable` if that is refused."""
    if refused := alter(session, doing, role, statement):
        raise named(refused, doing)


def cannot_be_altered(session: Session, roles: Sequence[str], admin: str) -> ValidationFailed:
    """The error that names every role that the master user may not alter, and what to do."""
    reason = (
        f"The reason: {WITHOUT_ADMIN}. In production, have it granted (GRANT … TO {admin} WITH "
        "ADMIN OPTION) by a role that has it, or drop these roles and create them anew as "
        f"{admin}."
        if session.has_grantors
        else f"Either {WITHOUT_CREATEROLE}, or they have REPLICATION, and only a superuser may "
        "alter them. In production, take REPLICATION from these roles or drop them."
    )
    return ValidationFailed(
        f"The master user {admin} may not alter {len(roles)} of the snapshot's roles, which would "
        f"still be able to log in or keep the name of a user: {listed(sorted(roles))}. {reason} If "
        f"{admin} is no longer a member of rds_superuser, set a new master password: RDS then "
        "restores its privileges. Then restore from a snapshot taken after that."
    )


def _try(session: Session, doing: str, statement: Composable) -> psycopg2.Error | None:
    return session.refusal(doing, statement, (), InsufficientPrivilege, LockNotAvailable)


def _try_to_get_in(session: Session, doing: str, role: str) -> bool:
    """Try whatever may let the master user alter a role; returns whether any of it succeeded."""
    ways: list[Composable] = [_MAY_CHANGE_PASSWORDS]
    if session.has_grantors:
        ways.append(_JOIN_AS_ADMINISTRATOR.format(Identifier(role)))
    return [session.attempt(doing, way, (), *_REFUSALS) for way in ways].count(True) > 0
