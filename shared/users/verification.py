"""The proof that every user of the templates can do what it should, and no more.

The catalog is queried, in the user's own session; nothing is tried out. Even planning a statement
on a table of the snapshot would run what is attached to the table: policies, rules, functions of
indexes. (PostgreSQL documentation, 5.9 and 41.5)
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from shared.errors import ValidationFailed
from shared.users.granting import rights
from shared.users.granting.rights import Rights
from shared.users.granting.schemas import with_schemas
from shared.users.master.connecting import Login, LoginRefused
from shared.users.master.powers import powers
from shared.users.master.server import Server
from shared.users.master.sessions import Session
from shared.users.templates import Template, UsersSecret, UserTemplate

# PUBLIC may create temporary tables by default, which harms nobody.
_HARMLESS = {"TEMPORARY"}

# Of one of the following queries: place, privilege, whether it is missing, whether PUBLIC has it.
_FIRST_OF = """
    SELECT * FROM ({wrong}) AS wrong(place, privilege, is_missing, is_public)
    WHERE is_missing OR NOT (is_public AND %(accepted)s) ORDER BY 1, 2 LIMIT 1
"""
# A privilege on one column is enough to fail a user who must not have it, and not enough for one
# who must. It may be missing on objects of an owner for whom the master user cannot act.
_WRONG_ON_TABLES = """
    SELECT n.nspname || '.' || c.relname, wanted.privilege, wanted.is_given,
           CASE WHEN wanted.privilege IN ('DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN')
                THEN pg_catalog.has_table_privilege('public', c.oid, wanted.privilege)
                ELSE pg_catalog.has_any_column_privilege('public', c.oid, wanted.privilege) END
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         ROWS FROM (pg_catalog.unnest(%(asked)s::pg_catalog.text[]),
                    pg_catalog.unnest(%(given)s::pg_catalog.bool[]))
         AS wanted(privilege, is_given)
    WHERE n.nspname = ANY (%(names)s::pg_catalog.text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND CASE WHEN wanted.is_given
               THEN NOT pg_catalog.has_table_privilege(%(user)s, c.oid, wanted.privilege)
                AND pg_catalog.pg_has_role(%(admin)s, c.relowner, 'USAGE')
               WHEN wanted.privilege IN ('DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN')
               THEN pg_catalog.has_table_privilege(%(user)s, c.oid, wanted.privilege)
               ELSE pg_catalog.has_any_column_privilege(%(user)s, c.oid, wanted.privilege) END
"""
_WRONG_ON_SEQUENCES = """
    SELECT n.nspname || '.' || c.relname, wanted.privilege, wanted.is_given,
           pg_catalog.has_sequence_privilege('public', c.oid, wanted.privilege)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         ROWS FROM (pg_catalog.unnest(%(asked)s::pg_catalog.text[]),
                    pg_catalog.unnest(%(given)s::pg_catalog.bool[]))
         AS wanted(privilege, is_given)
    WHERE n.nspname = ANY (%(names)s::pg_catalog.text[]) AND c.relkind = 'S'
      AND pg_catalog.has_sequence_privilege(%(user)s, c.oid, wanted.privilege) <> wanted.is_given
      AND (NOT wanted.is_given OR pg_catalog.pg_has_role(%(admin)s, c.relowner, 'USAGE'))
"""
_WRONG_ON_SCHEMA = """
    SELECT n.nspname, wanted.privilege, wanted.is_given,
           pg_catalog.has_schema_privilege('public', n.oid, wanted.privilege)
    FROM pg_catalog.pg_namespace n,
         ROWS FROM (pg_catalog.unnest(%(asked)s::pg_catalog.text[]),
                    pg_catalog.unnest(%(given)s::pg_catalog.bool[]))
         AS wanted(privilege, is_given)
    WHERE n.nspname = ANY (%(names)s::pg_catalog.text[])
      AND pg_catalog.has_schema_privilege(%(user)s, n.oid, wanted.privilege) <> wanted.is_given
"""
_WRONG_ON_DATABASE = """
    SELECT d.datname, wanted.privilege, wanted.is_given,
           pg_catalog.has_database_privilege('public', d.oid, wanted.privilege)
    FROM pg_catalog.pg_database d,
         ROWS FROM (pg_catalog.unnest(%(asked)s::pg_catalog.text[]),
                    pg_catalog.unnest(%(given)s::pg_catalog.bool[]))
         AS wanted(privilege, is_given)
    WHERE d.datname = ANY (%(names)s::pg_catalog.text[])
      AND pg_catalog.has_database_privilege(%(user)s, d.oid, wanted.privilege) <> wanted.is_given
"""
# What PUBLIC or the user would get on future objects of others, in these schemas or in all.
_WRONG_IN_FUTURE = """
    SELECT pg_catalog.pg_get_userbyid(d.defaclrole), a.privilege_type,
           CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
                ELSE 'schemas' END
    FROM pg_catalog.pg_default_acl d, pg_catalog.aclexplode(d.defaclacl) a,
         ROWS FROM (pg_catalog.unnest(%(kinds)s::pg_catalog.text[]),
                    pg_catalog.unnest(%(rights)s::pg_catalog.text[])) AS wrong(kind, privilege)
    WHERE d.defaclobjtype::pg_catalog.text = wrong.kind AND a.privilege_type = wrong.privilege
      AND (a.grantee = 0 AND NOT %(accepted)s
           OR a.grantee <> 0 AND pg_catalog.pg_get_userbyid(a.grantee) = %(user)s)
      AND pg_catalog.pg_get_userbyid(d.defaclrole) <> %(user)s
      AND (d.defaclnamespace = 0 OR d.defaclnamespace IN (
          SELECT oid FROM pg_catalog.pg_namespace
          WHERE nspname = ANY (%(schemas)s::pg_catalog.text[])))
    ORDER BY 1, 2 LIMIT 1
"""
# Every IAM user is a member of rds_iam, and so has whatever that role has.
_OF_RDS_IAM = """
    SELECT 'membership in ' || pg_catalog.pg_get_userbyid(roleid) FROM pg_catalog.pg_auth_members
    WHERE pg_catalog.pg_get_userbyid(member) = 'rds_iam'
    UNION
    SELECT 'grants in ' || COALESCE(d.datname, 'all databases')
    FROM pg_catalog.pg_shdepend s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
    WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND pg_catalog.pg_get_userbyid(s.refobjid) = 'rds_iam'
    ORDER BY 1
"""
_GROUPS = """
    SELECT g.rolname FROM pg_catalog.pg_auth_members m
    JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
    JOIN pg_catalog.pg_roles u ON u.oid = m.member
    WHERE u.rolname = %(user)s AND g.rolname <> ALL (%(allowed)s::pg_catalog.text[]) ORDER BY 1
"""
_SELF = "SELECT current_user, pg_catalog.current_setting('transaction_read_only')"


def prove(server: Server, templates: UsersSecret) -> None:
    """Log in as every user that has a password, and compare its rights with its template.

    The master user compares those of users who log in with an IAM token. What PUBLIC has does not
    count where the templates accept it. Raises `ValidationFailed`
    naming the user, the place, and what is wrong.
    """
    accepted = templates.public_grants == "accept"
    usernames = {user.username for user in templates.users}
    for user in templates.users:
        for database in user.databases:
            with _session_of(server, user, database) as session:
                (here,) = with_schemas(session, [user], database, newcomers=usernames)
                Proof(session, here, database, server.admin.username, accepted).run()


@contextmanager
def _session_of(server: Server, user: UserTemplate, database: str) -> Iterator[Session]:
    """The user's own session, or the master user's for a user without a password."""
    if user.password is None:
        with server.as_admin(database) as session:
            yield session
        return
    try:
        with server.as_user(Login(user.username, user.password), database) as session:
            _prove_self(session, user, database)
            yield session
    except LoginRefused as refused:
        raise ValidationFailed(
            f"User {user.username} cannot log in to {database}: {refused}."
        ) from None


def _prove_self(session: Session, user: UserTemplate, database: str) -> None:
    """Check that the session is the user's own, and that a writer may write."""
    ((name, is_read_only),) = session.rows(f"Checking who {user.username} is", _SELF)
    if name != user.username:
        raise ValidationFailed(f"User {user.username} works as {name} in {database}.")
    if is_read_only == "on" and user.template is not Template.READ_ONLY:
        raise ValidationFailed(
            f"User {user.username} cannot write to {database}: its transactions are read-only by "
            "a setting of the role or the database (default_transaction_read_only)."
        )


class Proof:
    """The rights of one user in one database, compared with its template."""

    def __init__(
        self,
        session: Session,
        user: UserTemplate,
        database: str,
        admin: str,
        accepts_public: bool,
    ) -> None:
        self._session = session
        self._user = user
        self._who = f"User {user.username}"
        self._database = database
        self._admin = admin
        self._accepts_public = accepts_public

    def run(self) -> None:
        """Raise `ValidationFailed` for the first thing that is wrong."""
        self._prove_role()
        if self._user.auth == "iam":
            self._prove_iam()
        schemas = self._user.schemas
        self._compare(_WRONG_ON_DATABASE, rights.DATABASE, (self._database,), "database ")
        self._compare(_WRONG_ON_SCHEMA, rights.SCHEMA, schemas, f"schema {self._database}.")
        self._compare(_WRONG_ON_TABLES, self._on_tables, schemas, f"table {self._database}.")
        self._compare(_WRONG_ON_SEQUENCES, rights.SEQUENCE, schemas, f"sequence {self._database}.")
        self._compare_future()

    @property
    def _on_tables(self) -> Rights:
        return rights.on_tables(self._session.major_version)

    def _prove_role(self) -> None:
        name = self._user.username
        allowed = [*self._user.roles, *(["rds_iam"] if self._user.auth == "iam" else [])]
        groups = ", ".join(
            group for (group,) in self._rows(_GROUPS, {"user": name, "allowed": allowed})
        )
        if groups and self._user.template is not Template.OWNER:
            raise ValidationFailed(f"{self._who} is a member of {groups}.")
        for sources in powers(self._session, [name], self._admin).values():
            raise ValidationFailed(
                f"{self._who} has powers over roles, databases or replication, "
                f"through {', '.join(sources)}."
            )

    def _prove_iam(self) -> None:
        if held := [what for (what,) in self._rows(_OF_RDS_IAM, {})]:
            raise ValidationFailed(
                f"{self._who} logs in by IAM, and so has what rds_iam has: {', '.join(held)}. "
                "Revoke that in production, then restore again."
            )

    def _compare(self, query: str, by_template: Rights, names: Sequence[str], place: str) -> None:
        given = {*by_template[self._user.template]}
        asked = sorted({*by_template[Template.OWNER]} - (_HARMLESS - given))
        values = {
            "asked": asked,
            "given": [right in given for right in asked],
            "names": [*names],
            "user": self._user.username,
            "admin": self._admin,
            "accepted": self._accepts_public,
        }
        for where, right, is_missing, is_public in self._rows(
            _FIRST_OF.format(wrong=query), values
        ):
            problem = "lacks" if is_missing else "should not have"
            reason = " (granted to PUBLIC: see `public_grants`)" if is_public else ""
            raise ValidationFailed(f"{self._who} {problem} {right} on {place}{where}{reason}.")

    def _compare_future(self) -> None:
        kinds = (("r", self._on_tables), ("S", rights.SEQUENCE), ("n", rights.SCHEMA))
        wrong = [
            (kind, right)
            for kind, of_kind in kinds
            for right in of_kind[Template.OWNER]
            if right not in of_kind[self._user.template]
        ]
        values = {
            "user": self._user.username,
            "kinds": [kind for kind, _ in wrong],
            "rights": [right for _, right in wrong],
            "schemas": list(self._user.schemas),
            "accepted": self._accepts_public,
        }
        for creator, right, things in self._rows(_WRONG_IN_FUTURE, values):
            raise ValidationFailed(
                f"{self._who} would get {right} on future {things} of {creator} in "
                f"{self._database}, through default privileges for the user or for PUBLIC."
            )

    def _rows(self, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._session.rows(f"Checking what {self._user.username} may do", query, values)
