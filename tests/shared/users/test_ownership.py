"""Who owns what in a database."""

from shared.users.ownership import Ownership, Relation


def test_what_is_not_granted_is_told_also_where_the_owner_is_pg_database_owner() -> None:
    relation = Relation("public", "orders", False, "pg_database_owner", is_of_extension=False)
    ownership = Ownership("rdsadmin", (), (relation,), out_of_reach=frozenset({"rdsadmin"}))

    assert ownership.grantable == []
    assert ownership.not_granted("rdsadmin") == ["public.orders"]
