"""The facts about databases and about services other than RDS, against the local cloud."""

import pytest

from tests.contract.facts_by_cloud import OTHERS, enforced, not_enforced
from tests.contract.harness.aws import Aws, Places
from tests.contract.harness.stock import Stock
from tests.contract.harness.trial import Verdict, try_fact

ENFORCED, NOT_ENFORCED = enforced(OTHERS), not_enforced(OTHERS)


@pytest.fixture(scope="module")
def stock(places: Places) -> Stock:
    """What the facts share, made once for all of them."""
    return Stock(places)


@pytest.mark.parametrize("name", ENFORCED)
def test_the_local_cloud_keeps_the_contract(name: str, places: Places, stock: Stock) -> None:
    fact = ENFORCED[name]

    fact.check(Aws(places, fact.needs, stock))


@pytest.mark.parametrize("name", NOT_ENFORCED)
def test_a_fact_that_the_local_cloud_has_come_to_keep_gets_its_day(
    name: str, places: Places, stock: Stock
) -> None:
    """Until then it fails here: write `since` once the simulator enforces it."""
    outcome = try_fact(NOT_ENFORCED[name], places, stock)

    assert outcome.verdict is not Verdict.HOLDS, f"it holds: give {name} a day as `since`"
