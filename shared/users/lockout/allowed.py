"""Who may be connected and log in: the master user, and the users that this operation made."""

from typing import NamedTuple

from shared.users.master.notes import Notes
from shared.users.templates import UserTemplate

# Of `pg_roles r`. A role with the name of a user is that user only if this operation made it.
IS_ALLOWED = """
    (r.rolname = ANY (%(ours)s::pg_catalog.text[])
     OR EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest(%(users)s::pg_catalog.text[]),
                                       pg_catalog.unnest(%(made)s::pg_catalog.text[]))
                            AS u(name, note)
                WHERE u.name = r.rolname
                  AND u.note = pg_catalog.shobj_description(r.oid, 'pg_authid')))
"""


class Allowed(NamedTuple):
    """The master user, and the users of the templates as this operation makes them."""

    admin: str
    users: tuple[UserTemplate, ...]
    notes: Notes

    def values(self, *logins: str) -> dict[str, object]:
        """The parameters of a query with `IS_ALLOWED`, which then holds for `logins`, too."""
        return {
            "ours": [self.admin, *logins],
            "users": [user.username for user in self.users],
            "made": [self.notes.made(user) for user in self.users],
            "made_here": self.notes.made_here,
            "admin": self.admin,
        }
