"""What choosing a snapshot asks of RDS."""

from local.bench.choosing import calls_for


def test_choosing_asks_for_pages_of_snapshots_and_never_for_a_single_one() -> None:
    few, many = calls_for(1), calls_for(150)

    more = many - few
    assert more == {"rds:DescribeDBClusterSnapshots": 1}
