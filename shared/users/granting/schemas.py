"""The schemas of the templates in a database: by name, or by a pattern such as `tenant_*`.

A schema that is named has to be there. One that a pattern is for may come and go: the pattern
stands for all that are there now, or none.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from shared.errors import ConfigurationError
from shared.users.master.sessions import Session
from shared.users.templates import UserTemplate
from shared.users.wording import listed

# Schemas of a superuser are an extension's or AWS's, and nobody can grant anything on them.
_SCHEMAS = """
    SELECT n.nspname, r.rolname, r.rolsuper FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
    WHERE NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')
      AND n.nspname <> 'information_schema' ORDER BY 1
"""


def with_schemas(
    session: Session,
    users: Iterable[UserTemplate],
    database: str,
    newcomers: Collection[str] = (),
) -> list[UserTemplate]:
    """The users as they are in this database, with the names of schemas for their patterns.

    A pattern stands for no schema of the roles in `newcomers`: these may have made it since.
    Raises `ConfigurationError` naming the schemas that it does not have.
    """
    rows = session.rows("Listing the schemas", _SCHEMAS)
    existing = [name for name, _, _ in rows]
    open_to_patterns = [
        name for name, owner, is_superusers in rows if not is_superusers and owner not in newcomers
    ]
    resolved = [
        user.model_copy(update={"schemas": _matching(user.schemas, open_to_patterns)})
        for user in users
    ]
    if unknown := {schema for user in resolved for schema in user.schemas} - {*existing}:
        raise ConfigurationError(
            f"The user templates name schemas that database {database} of the snapshot does not "
            f"have: {listed(sorted(unknown))}. It has {listed(existing)}."
        )
    return resolved


def report_patterns(
    users: Sequence[UserTemplate], resolved: Sequence[UserTemplate], database: str
) -> Iterator[str]:
    """Yield for each user with patterns which schemas these stand for."""
    for user, here in zip(users, resolved, strict=True):
        if patterns := [schema for schema in user.schemas if _is_pattern(schema)]:
            matched = [schema for schema in here.schemas if schema not in user.schemas]
            yield (
                f"In {database}, {', '.join(patterns)} of {user.username} stands for "
                f"{listed(matched) or 'no schema'}."
            )


def _matching(wanted: Sequence[str], existing: Sequence[str]) -> tuple[str, ...]:
    """Each name once, in the order of the template."""
    names: dict[str, None] = {}
    for schema in wanted:
        if _is_pattern(schema):
            pattern = _escaped(schema)
            names |= dict.fromkeys(name for name in existing if fnmatchcase(name, pattern))
        else:
            names[schema] = None
    return tuple(names)


def _is_pattern(schema: str) -> bool:
    return "*" in schema


def _escaped(pattern: str) -> str:
    """Only `*` stands for something else."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
