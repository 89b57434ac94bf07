"""Functions that run with their owner's rights, whoever calls them (`SECURITY DEFINER`).

They are production's own design, so they are reported. EXECUTE is revoked from PUBLIC only where
the users secret says so.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from psycopg2.sql import SQL

from shared.errors import ValidationFailed
from shared.users.master.powers import described, powers, revoke_as
from shared.users.master.sessions import Session
from shared.users.slices import Transactions
from shared.users.wording import listed

# Who may call such a function by name is only half of it: a trigger, a view, an aggregate or a type
# may call it on somebody's behalf. PostgreSQL's own functions have lower OIDs. (transam.h,
# FirstNormalObjectId)
_FUNCTIONS = """
    SELECT p.oid::pg_catalog.regprocedure::pg_catalog.text, o.rolname,
           pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE'),
           pg_catalog.format('%I.%I(%s)', n.nspname, p.proname,
                             pg_catalog.pg_get_function_identity_arguments(p.oid)),
           ARRAY(SELECT DISTINCT pg_catalog.pg_get_userbyid(a.grantor)::pg_catalog.text
                 FROM pg_catalog.aclexplode(
                     COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                 WHERE a.grantee = 0)
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_roles o ON o.oid = p.proowner
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND p.oid >= 16384 AND NOT o.rolsuper ORDER BY 1
"""


class Function(NamedTuple):
    """A function that runs with its owner's rights, and whether PUBLIC may execute it."""

    signature: str
    owner: str
    is_open: bool
    exact: str
    """As it is named in a statement: schema, name, and arguments with their modes."""
    opened_by: list[str]
    """The roles that granted EXECUTE to PUBLIC."""

    @property
    def description(self) -> str:
        """The signature, and whether everybody may call the function."""
        return self.signature + (" (open to everybody)" if self.is_open else "")


def report_definer_functions(
    transactions: Transactions, admin: str, *, revoke: bool, others_are_locked: bool
) -> Iterator[str]:
    """Yield a warning for each owner; with `revoke`, take EXECUTE away from PUBLIC first.

    Raises `ValidationFailed` naming a function that stays open, or whose owner has powers although
    others are locked out.
    """
    session, database = transactions.session, transactions.database
    functions = _list_functions(session)
    opened = [function for function in functions if function.is_open]
    if revoke and opened:
        functions = _close(transactions, opened)
        yield (
            f"In {database}, EXECUTE was revoked from PUBLIC on functions that run with their "
            f"owner's rights: {listed([function.signature for function in opened])}."
        )
    yield from _report(session, database, admin, functions, others_are_locked)


def _list_functions(session: Session) -> list[Function]:
    rows = session.rows("Listing functions that run as their owner", _FUNCTIONS)
    return [Function(*row) for row in rows]


def _close(transactions: Transactions, opened: Sequence[Function]) -> list[Function]:
    """Revoke EXECUTE from PUBLIC; returns all functions as they are then."""
    session, database = transactions.session, transactions.database
    by_grantors: dict[tuple[str, ...], list[Function]] = {}
    for function in opened:
        by_grantors.setdefault(tuple(sorted(function.opened_by)), []).append(function)
    for grantors, of_grantors in by_grantors.items():
        with transactions.piece():
            names = SQL(", ").join(SQL(function.exact) for function in of_grantors)
            statement = SQL("REVOKE EXECUTE ON ROUTINE {} FROM PUBLIC").format(names)
            revoke_as(session, "Revoking functions from PUBLIC", grantors, statement)
    functions = _list_functions(session)
    if still_open := [function.signature for function in functions if function.is_open]:
        raise ValidationFailed(
            f"EXECUTE cannot be revoked from PUBLIC on functions of database {database} that run "
            f"with their owner's rights: {listed(still_open)}. Revoke it in production, then "
            "restore again."
        )
    return functions


def _report(
    session: Session,
    database: str,
    admin: str,
    functions: Sequence[Function],
    others_are_locked: bool,
) -> Iterator[str]:
    by_owner: dict[str, list[Function]] = {}
    for function in functions:
        by_owner.setdefault(function.owner, []).append(function)
    powerful = powers(session, by_owner.keys() - {admin}, admin)
    if powerful and others_are_locked:
        signatures = [f.signature for owner in powerful for f in by_owner[owner]]
        raise ValidationFailed(
            f"Functions of database {database} run with the privileges of their owners, whoever "
            f"calls them, and these have powers: {listed(signatures)}. "
            f"{described(session, powerful)}. Change the owners in production, then restore again."
        )
    # The most dangerous ones first: none of them may be hidden behind many harmless ones.
    for owner in sorted(by_owner, key=lambda owner: (owner != admin, owner)):
        note = ", the master user" if owner == admin else ""
        note = ", which has powers over roles or databases" if owner in powerful else note
        yield (
            f"In {database}, these functions run with the privileges of {owner}{note}, no matter "
            f"who calls them: {listed([function.description for function in by_owner[owner]])}."
        )
