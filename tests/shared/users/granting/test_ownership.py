"""Who owns what in a database."""

from tests.shared.users.attacks import mentions
from tests.shared.users.restored import Restored, a_user


def test_what_is_not_granted_is_told_also_where_the_owner_is_pg_database_owner(
    restored: Restored,
) -> None:
    restored.as_superuser(
        "ALTER DATABASE warehouse OWNER TO rdsadmin",
        "CREATE TABLE public.stock (id integer)",
        "ALTER TABLE public.stock OWNER TO pg_database_owner",
        database="warehouse",
    )

    warnings = restored.prepare(a_user(databases=("warehouse",))).warnings

    assert mentions(warnings, "nothing was granted", "rdsadmin", "public.stock")
