"""The logins that came with the snapshot, and whether a customer or AWS created each."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.users.known_roles import AWS_LOGINS
from shared.users.lockout.allowed import IS_ALLOWED, Allowed
from shared.users.master.powers import powers
from shared.users.master.sessions import Session

# In the order of the fields of `InheritedLogin`. AWS did not create a role that a role other than a
# superuser administers, and AWS's roles have no rights in a customer's database. A user whose
# template was removed is a login like any other.
_LOGINS = f"""
    SELECT r.rolname,
           EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                   JOIN pg_catalog.pg_roles a ON a.oid = m.member
                   WHERE m.roleid = r.oid AND m.admin_option AND NOT a.rolsuper),
           EXISTS (SELECT FROM pg_catalog.pg_shdepend s
                   JOIN pg_catalog.pg_database d ON d.oid = s.dbid AND d.datname <> 'rdsadmin'
                   WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                     AND s.refobjid = r.oid),
           COALESCE(pg_catalog.starts_with(
               pg_catalog.shobj_description(r.oid, 'pg_authid'), %(made_here)s), false)
    FROM pg_catalog.pg_roles r
    WHERE r.rolcanlogin AND NOT r.rolsuper AND NOT COALESCE({IS_ALLOWED}, false) ORDER BY 1
"""

_NAMESAKES = f"""
    SELECT r.rolname FROM pg_catalog.pg_roles r
    WHERE r.rolname = ANY (%(users)s::pg_catalog.text[]) AND NOT r.rolcanlogin
      AND NOT COALESCE({IS_ALLOWED}, false) ORDER BY 1
"""


class InheritedLogin(NamedTuple):
    """A login that is none of the users', and what shows who created it."""

    name: str
    is_a_customers: bool
    has_rights: bool
    was_made_here: bool
    """By this operation, for a template that has changed or been removed since."""

    @property
    def is_awss(self) -> bool:
        """Whether it has the name of one of AWS's logins, and no customer administers it.

        Before version 16 PostgreSQL does not show who administers a role.
        """
        return self.name in AWS_LOGINS and not self.is_a_customers


def inherited_logins(session: Session, allowed: Allowed) -> list[InheritedLogin]:
    """Every login that is not allowed; superusers are left out, since only AWS can create them."""
    return [
        InheritedLogin(*row)
        for row in session.rows("Listing the logins", _LOGINS, allowed.values())
    ]


def namesakes(session: Session, allowed: Allowed) -> list[str]:
    """Roles with the name of a user that are no logins, and that this operation has not made."""
    return [name for (name,) in session.rows("Listing the roles", _NAMESAKES, allowed.values())]


def report_doubtful(
    session: Session, logins: Sequence[InheritedLogin], admin: str
) -> Iterator[str]:
    """Yield a warning for each login that looks like AWS's, and has what AWS would not give it."""
    powerful = powers(session, [login.name for login in logins], admin)
    for login in logins:
        sources = {*powerful.get(login.name, ())}
        if login.has_rights or {"rds_superuser", admin, login.name} & sources:
            yield (
                f"Login {login.name} has the name of an AWS login and was left alone, but it holds "
                "powers, or privileges in a database. Check who created it."
            )
