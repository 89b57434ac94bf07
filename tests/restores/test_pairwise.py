"""The choice of rows that show every pair of values."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tests.restores.pairwise import pairs, pairwise

tables = st.lists(st.tuples(*[st.integers(0, 3)] * 4), max_size=60)


def test_two_columns_are_shown_in_full() -> None:
    table = list(product("ab", "xyz"))

    assert sorted(pairwise(table)) == table


def test_many_columns_need_few_rows() -> None:
    table = list(product(range(3), repeat=4))

    chosen = pairwise(table)

    assert len(table) == 81
    assert len(chosen) < 14


def test_the_same_value_in_two_columns_counts_for_each() -> None:
    table = [(1, 1, 2), (1, 2, 1), (2, 1, 1)]

    assert pairwise(table) == table


def test_rows_that_are_given_come_first_and_spare_others() -> None:
    table = list(product("ab", "xy", "12"))
    given = ("b", "y", "2")

    chosen = pairwise(table, first=[given])

    assert chosen[0] == given
    assert len(chosen) < len(table)


@given(tables)
def test_every_pair_of_the_table_is_shown(table: list[tuple[int, ...]]) -> None:
    chosen = pairwise(table)

    shown = {pair for row in chosen for pair in pairs(row)}
    assert shown == {pair for row in table for pair in pairs(row)}


@given(tables)
def test_only_rows_of_the_table_are_chosen_and_none_twice(table: list[tuple[int, ...]]) -> None:
    chosen = pairwise(table)

    assert set(chosen) <= set(table)
    assert len(set(chosen)) == len(chosen)
