"""What PUBLIC may do in the schemas of the templates, and a user of theirs may not.

Whoever is in a database has what PUBLIC has, so such a grant breaks a template. It is production's
own, and `public_grants` in the users secret says what becomes of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from psycopg2.errors import InsufficientPrivilege
from psycopg2.sql import SQL, Composed, Identifier

from shared.errors import ValidationFailed
from shared.users.granting import rights
from shared.users.granting.rights import Rights
from shared.users.master.powers import acting_as, can_join
from shared.users.master.sessions import Session
from shared.users.slices import Transactions, in_parts
from shared.users.templates import Template, UserTemplate
from shared.users.wording import listed

# In the order of the fields of `PublicGrant`. CREATE on a schema is always revoked; only what a
# superuser granted stays.
_WRONG = """
    SELECT 'TABLE', n.nspname, c.relname, '', a.privilege_type, g.rolname, g.rolsuper,
           a.grantor = c.relowner
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         pg_catalog.aclexplode(c.relacl) a JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[]) AND a.grantee = 0
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND a.privilege_type = ANY (%(wrong_on_tables)s::pg_catalog.text[])
    UNION
    SELECT 'TABLE', n.nspname, c.relname, t.attname, a.privilege_type, g.rolname, g.rolsuper,
           a.grantor = c.relowner
    FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         pg_catalog.aclexplode(t.attacl) a JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[]) AND a.grantee = 0
      AND t.attacl IS NOT NULL AND NOT t.attisdropped
      AND a.privilege_type = ANY (%(wrong_on_tables)s::pg_catalog.text[])
    UNION
    SELECT 'SEQUENCE', n.nspname, c.relname, '', a.privilege_type, g.rolname, g.rolsuper,
           a.grantor = c.relowner
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
         pg_catalog.aclexplode(c.relacl) a JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[]) AND a.grantee = 0 AND c.relkind = 'S'
      AND a.privilege_type = ANY (%(wrong_on_sequences)s::pg_catalog.text[])
    UNION
    SELECT 'SCHEMA', '', n.nspname, '', a.privilege_type, g.rolname, true, a.grantor = n.nspowner
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
    JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
    WHERE n.nspname = ANY (%(schemas)s::pg_catalog.text[]) AND a.grantee = 0 AND g.rolsuper
      AND a.privilege_type = ANY (%(wrong_on_schemas)s::pg_catalog.text[])
    UNION
    SELECT 'DATABASE', '', d.datname, '', a.privilege_type, g.rolname, g.rolsuper,
           a.grantor = d.datdba
    FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a
    JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
    WHERE d.datname = pg_catalog.current_database() AND a.grantee = 0
      AND a.privilege_type = ANY (%(wrong_on_database)s::pg_catalog.text[])
    UNION
    SELECT CASE d.defaclobjtype WHEN 'r' THEN 'FUTURE TABLES' WHEN 'S' THEN 'FUTURE SEQUENCES'
                                ELSE 'FUTURE SCHEMAS' END,
           COALESCE(n.nspname, ''), '', '', a.privilege_type, g.rolname, g.rolsuper, true
    FROM pg_catalog.pg_default_acl d
    JOIN pg_catalog.pg_roles g ON g.oid = d.defaclrole
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace,
         pg_catalog.aclexplode(d.defaclacl) a
    WHERE a.grantee = 0
      AND (d.defaclnamespace = 0 OR n.nspname = ANY (%(schemas)s::pg_catalog.text[]))
      AND a.privilege_type = ANY (CASE d.defaclobjtype
          WHEN 'r' THEN %(wrong_on_tables)s::pg_catalog.text[]
          WHEN 'S' THEN %(wrong_on_sequences)s::pg_catalog.text[]
          WHEN 'n' THEN %(wrong_on_schemas)s::pg_catalog.text[] END)
"""


class PublicGrant(NamedTuple):
    """A privilege of PUBLIC on one thing that a user of the templates should not have."""

    kind: str
    schema: str
    name: str
    column: str
    """Of a table, or '' for the whole of it."""
    privilege: str
    grantor: str
    is_by_superuser: bool
    is_by_owner: bool

    @property
    def is_of_future(self) -> bool:
        """Whether it is on what the grantor will make."""
        return self.kind.startswith("FUTURE")

    @property
    def description(self) -> str:
        """As in `INSERT on table public.orders`."""
        if self.is_of_future:
            where = f" in {self.schema}" if self.schema else ""
            return f"{self.privilege} on {self.kind.lower()} of {self.grantor}{where}"
        column = f" ({self.column})" if self.column else ""
        place = ".".join(part for part in (self.schema, self.name) if part)
        return f"{self.privilege}{column} on {self.kind.lower()} {place}"


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


def refuse_grants(session: Session, users: Sequence[UserTemplate], database: str) -> None:
    """Raise `ValidationFailed` for all of them in a database that the survey could not enter."""
    if wrong := wrong_grants(session, users):
        refuse([refusal(database, wrong)])


def report_accepted(
    session: Session, users: Sequence[UserTemplate], database: str
) -> Iterator[str]:
    """Yield one warning for all that stays."""
    if wrong := wrong_grants(session, users):
        names = listed([grant.description for grant in wrong])
        yield f"In {database}, everybody keeps what the templates do not give: {names}."


def revoke_from_public(transactions: Transactions, users: Sequence[UserTemplate]) -> Iterator[str]:
    """Take from PUBLIC what a user of this database should not have; yields one warning.

    What only a superuser could revoke stays, and fails the proof.
    """
    session = transactions.session
    wrong = [grant for grant in wrong_grants(session, users) if not grant.is_by_superuser]
    if wrong:
        names = listed([grant.description for grant in wrong])
        yield f"In {transactions.database}, PUBLIC was deprived of {names}."
    for (grantor, is_by_owner), alike in groupby(sorted(wrong, key=_by), key=_by):
        for grants in in_parts([*alike]):
            with transactions.piece():
                statements = SQL("; ").join(map(_revocation, grants))
                _revoke(session, grantor, statements, is_by_owner=is_by_owner)


def _by(grant: PublicGrant) -> tuple[str, bool]:
    return grant.grantor, grant.is_by_owner


def _revoke(session: Session, grantor: str, statements: Composed, *, is_by_owner: bool) -> None:
    """Revoke as the grantor; a member of the owner does that as the owner by itself."""
    doing = f"Revoking from PUBLIC what {grantor} granted"
    if not can_join(session, grantor):
        return
    if is_by_owner:
        session.run_on_listed(doing, statements)
        return
    with acting_as(session, grantor, doing):
        session.attempt(doing, statements, (), InsufficientPrivilege)


def _revocation(grant: PublicGrant) -> Composed:
    if grant.is_of_future:
        return SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} {} REVOKE {} ON {} FROM PUBLIC").format(
            Identifier(grant.grantor),
            SQL("IN SCHEMA {}").format(Identifier(grant.schema)) if grant.schema else SQL(""),
            SQL(grant.privilege),
            SQL(grant.kind.removeprefix("FUTURE ")),
        )
    return SQL("REVOKE {} {} ON {} {} FROM PUBLIC").format(
        SQL(grant.privilege),
        SQL("({})").format(Identifier(grant.column)) if grant.column else SQL(""),
        SQL(grant.kind),
        Identifier(*filter(None, (grant.schema, grant.name))),
    )


def _beyond(by_template: Rights, template: Template) -> list[str]:
    return [right for right in by_template[Template.OWNER] if right not in by_template[template]]
