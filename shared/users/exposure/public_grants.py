"""What PUBLIC may do in the schemas of the templates, and a user of theirs may not.

Whoever is in a database has what PUBLIC has, so such a grant breaks a template. It is production's
own, and `public_grants` in the users secret says what becomes of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from psycopg2.sql import SQL, Identifier

from shared.errors import ValidationFailed
from shared.users.granting import rights
from shared.users.granting.rights import Rights
from shared.users.master.powers import revoke_as
from shared.users.master.sessions import Session
from shared.users.slices import Transactions
from shared.users.templates import Template, UserTemplate
from shared.users.wording import listed

_AT_ONCE = 1000
"""Objects in one transaction."""

# In the order of the fields of `PublicGrant`. Revoking a privilege on a table takes it from its
# columns, too. CREATE on a schema is always revoked; only what a superuser granted stays.
_WRONG = """
    SELECT 'TABLE', n.nspname, c.relname, a.privilege_type, pg_catalog.pg_get_userbyid(a.grantor)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         pg_catalog.aclexplode(c.relacl) a
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[]) AND a.grantee = 0
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND a.privilege_type = ANY (%(wrong_on_tables)s::pg_catalog.text[])
    UNION
    SELECT 'TABLE', n.nspname, c.relname, a.privilege_type, pg_catalog.pg_get_userbyid(a.grantor)
    FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         pg_catalog.aclexplode(t.attacl) a
    WHERE t.attacl IS NOT NULL AND n.nspname = ANY (%(schemas)s::pg_catalog.text[])
      AND a.grantee = 0 AND a.privilege_type = ANY (%(wrong_on_tables)s::pg_catalog.text[])
    UNION
    SELECT 'SEQUENCE', n.nspname, c.relname, a.privilege_type,
           pg_catalog.pg_get_userbyid(a.grantor)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         pg_catalog.aclexplode(c.relacl) a
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[]) AND a.grantee = 0 AND c.relkind = 'S'
      AND a.privilege_type = ANY (%(wrong_on_sequences)s::pg_catalog.text[])
    UNION
    SELECT 'SCHEMA', '', n.nspname, a.privilege_type, g.rolname
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
    JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[]) AND a.grantee = 0 AND g.rolsuper
      AND a.privilege_type = ANY (%(wrong_on_schemas)s::pg_catalog.text[])
    UNION
    SELECT 'DATABASE', '', d.datname, a.privilege_type, pg_catalog.pg_get_userbyid(a.grantor)
    FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a
    WHERE d.datname = pg_catalog.current_database() AND a.grantee = 0
      AND a.privilege_type = ANY (%(wrong_on_database)s::pg_catalog.text[])
    UNION
    SELECT CASE d.defaclobjtype WHEN 'r' THEN 'FUTURE TABLES' ELSE 'FUTURE SEQUENCES' END,
           COALESCE(n.nspname, ''), '', a.privilege_type, pg_catalog.pg_get_userbyid(d.defaclrole)
    FROM pg_catalog.pg_default_acl d
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace,
         pg_catalog.aclexplode(d.defaclacl) a
    WHERE a.grantee = 0
      AND (d.defaclnamespace = 0 OR n.nspname = ANY (%(schemas)s::pg_catalog.text[]))
      AND a.privilege_type = ANY (CASE d.defaclobjtype
          WHEN 'r' THEN %(wrong_on_tables)s::pg_catalog.text[]
          WHEN 'S' THEN %(wrong_on_sequences)s::pg_catalog.text[] END)
"""


class PublicGrant(NamedTuple):
    """A privilege of PUBLIC on one thing that a user of the templates should not have."""

    kind: str
    schema: str
    name: str
    privilege: str
    grantor: str

    @property
    def description(self) -> str:
        """As in `INSERT on table public.orders`."""
        place = ".".join(part for part in (self.schema, self.name) if part)
        if self.kind.startswith("FUTURE"):
            where = f" in {self.schema}" if self.schema else ""
            return f"{self.privilege} on {self.kind.lower()} of {self.grantor}{where}"
        return f"{self.privilege} on {self.kind.lower()} {place}"


def wrong_grants(session: Session, users: Sequence[UserTemplate]) -> list[PublicGrant]:
    """What PUBLIC may do in this database and a user of it should not, each once and sorted."""
    found: set[PublicGrant] = set()
    # Users with the same template and schemas lack the same.
    for template, schemas in {(user.template, user.schemas) for user in users}:
        values = {
            "schemas": [*schemas],
            "wrong_on_tables": _beyond(rights.on_tables(session.major_version), template),
            "wrong_on_sequences": _beyond(rights.SEQUENCE, template),
            "wrong_on_schemas": _beyond(rights.SCHEMA, template),
            # Temporary tables harm nobody.
            "wrong_on_database": [*{*_beyond(rights.DATABASE, template)} - {"TEMPORARY"}],
        }
        rows = session.rows("Listing what PUBLIC may do", _WRONG, values)
        found |= {PublicGrant(*row) for row in rows}
    return sorted(found)


def refusal(database: str, grants: Iterable[PublicGrant]) -> str:
    """What is wrong in a database, as part of an error."""
    return f"in {database} {listed([grant.description for grant in grants])}"


def refuse(refusals: Sequence[str]) -> None:
    """Raise `ValidationFailed` for what `refusal` gave, if it gave anything."""
    if refusals:
        raise ValidationFailed(
            f"Everybody (PUBLIC) may do what users of the templates should not: "
            f"{'; '.join(refusals)}. Revoke that in production, or say in the users secret what "
            'is to happen: "public_grants": "revoke" takes it away here, "accept" leaves it.'
        )


def revoke_from_public(transactions: Transactions, users: Sequence[UserTemplate]) -> Iterator[str]:
    """Take from PUBLIC what a user of this database should not have; yields one warning.

    What only a superuser could revoke stays, and fails the proof.
    """
    session, wrong = transactions.session, wrong_grants(transactions.session, users)
    for (kind, grantor, privilege, schema), alike in groupby(sorted(wrong, key=_key), key=_key):
        grants = [*alike]
        for start in range(0, len(grants), _AT_ONCE):
            with transactions.piece():
                _revoke(session, kind, grantor, privilege, schema, grants[start : start + _AT_ONCE])
    if wrong:
        names = listed([grant.description for grant in wrong])
        yield f"In {transactions.database}, PUBLIC was deprived of {names}."


def _revoke(
    session: Session,
    kind: str,
    grantor: str,
    privilege: str,
    schema: str,
    grants: Sequence[PublicGrant],
) -> None:
    doing = "Revoking grants from PUBLIC"
    if kind.startswith("FUTURE"):
        statement = SQL(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} {} REVOKE {} ON {} FROM PUBLIC"
        ).format(
            Identifier(grantor),
            SQL("IN SCHEMA {}").format(Identifier(schema)) if schema else SQL(""),
            SQL(privilege),
            SQL(kind.removeprefix("FUTURE ")),
        )
    else:
        statement = SQL("REVOKE {} ON {} {} FROM PUBLIC").format(
            SQL(privilege),
            SQL(kind),
            SQL(", ").join(
                Identifier(grant.schema, grant.name) if grant.schema else Identifier(grant.name)
                for grant in grants
            ),
        )
    revoke_as(session, doing, [grantor], statement)


def _key(grant: PublicGrant) -> tuple[str, str, str, str]:
    """What one statement can revoke together: the schema matters to future objects alone."""
    is_future = grant.kind.startswith("FUTURE")
    return grant.kind, grant.grantor, grant.privilege, grant.schema if is_future else ""


def _beyond(by_template: Rights, template: Template) -> list[str]:
    return [right for right in by_template[Template.OWNER] if right not in by_template[template]]
