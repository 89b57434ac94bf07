"""What the templates give in one database: on what exists, and on what is made later.

Only what is missing is granted, in lists: so the number of statements depends on users, owners and
kinds of objects, and on the number of tables and schemas through the length of a list alone.
Whatever a call has granted, the next one sees.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from psycopg2.errors import InsufficientPrivilege
from psycopg2.sql import SQL, Composed, Identifier

from shared.errors import ValidationFailed
from shared.users.granting.dependencies import on_functions, unreadable_views
from shared.users.granting.missing import Missing, Part
from shared.users.granting.ownership import Ownership, act_for, join_owners
from shared.users.master.alterations import WITHOUT_ADMIN
from shared.users.master.powers import described, powers, revoke_as, take_powers
from shared.users.master.sessions import Session
from shared.users.slices import AT_ONCE, Transactions
from shared.users.templates import Template, UserTemplate
from shared.users.wording import listed

_OPENED = """
    SELECT pg_catalog.pg_get_userbyid(a.grantor), pg_catalog.array_agg(n.nspname::pg_catalog.text)
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
    WHERE n.nspname = ANY (%s::pg_catalog.text[])
      AND a.grantee = 0 AND a.privilege_type = 'CREATE' GROUP BY 1 ORDER BY 1
"""
# Groups that a role is in, and other databases in which it owns or was granted something.
_ELSEWHERE = """
    SELECT 'group ' || pg_catalog.pg_get_userbyid(roleid) FROM pg_catalog.pg_auth_members
    WHERE pg_catalog.pg_get_userbyid(member) = %(role)s
    UNION
    SELECT 'database ' || d.datname FROM pg_catalog.pg_shdepend s
    JOIN pg_catalog.pg_database d
      ON d.oid = CASE WHEN s.dbid = 0 AND s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
                      THEN s.objid ELSE s.dbid END
    WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND pg_catalog.pg_get_userbyid(s.refobjid) = %(role)s AND s.deptype IN ('o', 'a')
      AND d.datname <> pg_catalog.current_database()
    ORDER BY 1
"""


class Grants(NamedTuple):
    """What the templates give in one database."""

    transactions: Transactions
    admin: str
    others_are_locked: bool

    def give(self, users: Sequence[UserTemplate]) -> Iterator[str]:
        """Grant everything to its users; yields a warning for what cannot be granted.

        Raises `ValidationFailed` where an owner would get powers by owning, and `SliceOver`.
        """
        schemas = sorted({schema for user in users for schema in user.schemas})
        new_owners = [user for user in users if user.template is Template.OWNER]
        with self.transactions.one() as session:
            ownership = join_owners(session, schemas)
            _close_to_public(session, schemas)
            act_for(session, {user.username for user in new_owners})
            for user in new_owners:
                not_groups = {self.admin, *(user.username for user in users)}
                groups = ownership.owners_in(user.schemas) - not_groups
                yield from self._let_own(session, user, sorted(groups))
        for user in users:
            self._grant(user, ownership, new_owners)
            with self.transactions.one() as session:
                yield from on_functions(session, user, self.transactions.database)
                yield from unreadable_views(session, user, self.transactions.database)
        for owner, names in ownership.not_granted(self.transactions.session, schemas).items():
            if names:
                yield (
                    f"In {self.transactions.database}, nothing was granted on the objects of "
                    f"{owner}, which the master user cannot become a member of: {listed(names)}."
                )

    def _grant(
        self, user: UserTemplate, ownership: Ownership, new_owners: Sequence[UserTemplate]
    ) -> None:
        """Grant a user what it lacks, in as many transactions as that takes."""
        makers: list[tuple[str, Sequence[str]]] = [(self.admin, user.schemas)]
        makers += [(owner.username, user.schemas) for owner in new_owners]
        makers += [
            (role, ownership.schemas_of(role, user.schemas))
            for role in sorted(ownership.owners_in(user.schemas))
        ]
        missing = Missing(self.transactions.session, user)
        parts = chain(missing.on_existing(ownership.ungrantable), missing.on_future(makers))
        for statements in _in_transactions(parts):
            with self.transactions.piece() as session:
                session.run_on_listed(f"Granting to {user.username}", SQL("; ").join(statements))

    def _let_own(
        self, session: Session, user: UserTemplate, groups: Sequence[str]
    ) -> Iterator[str]:
        """Make an owner a member of the roles that own, none of which may have powers."""
        database = self.transactions.database
        remaining = take_powers if self.others_are_locked else powers
        if powerful := remaining(session, groups, self.admin):
            raise ValidationFailed(
                f"User {user.username} would become a member of {listed(sorted(powerful))} to own "
                f"what is owned there in {database}, which gives powers over roles, databases or "
                f"replication: {described(session, powerful)}. Transfer ownership in "
                "production to a role without powers, or choose another template for "
                f"{user.username}."
            )
        refused = []
        for role in groups:
            membership = SQL("GRANT {} TO {}").format(Identifier(role), Identifier(user.username))
            doing = f"Granting to {user.username}"
            if not session.attempt(doing, membership, (), InsufficientPrivilege):
                refused.append(role)
                continue
            rows = session.rows("Listing what else owners have", _ELSEWHERE, {"role": role})
            if elsewhere := [place for (place,) in rows]:
                yield (
                    f"In {database}, {user.username} was made a member of {role}, and so "
                    f"also has what {role} has elsewhere: {', '.join(elsewhere)}."
                )
        if refused:
            yield (
                f"In {database}, {user.username} has all privileges on what these roles own, "
                f"but cannot alter or drop it: {listed(sorted(refused))}. Nobody but their "
                f"administrators can make it a member: {WITHOUT_ADMIN}."
            )


def _in_transactions(parts: Iterable[Part]) -> Iterator[list[Composed]]:
    """The statements of several parts together, as long as they are small."""
    statements: list[Composed] = []
    size = 0
    for part in parts:
        if statements and size + part.size > AT_ONCE:
            yield statements
            statements, size = [], 0
        statements += part.statements
        size += part.size
    if statements:
        yield statements


def _close_to_public(session: Session, schemas: Sequence[str]) -> None:
    """Revoke CREATE: until PostgreSQL 14 PUBLIC had it on `public`, and upgrades keep that.

    Each grant has to be revoked as the role that made it.
    """
    doing = "Closing schemas to PUBLIC"
    for grantor, opened in session.rows(doing, _OPENED, ([*schemas],)):
        names = SQL(", ").join(map(Identifier, opened))
        statement = SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC").format(names)
        revoke_as(session, doing, [grantor], statement)
