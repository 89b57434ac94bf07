"""Every fact of the contract, held against the local cloud."""

import pytest

from tests.contract.harness.aws import Aws, Places
from tests.contract.harness.fact import Fact, all_facts
from tests.contract.harness.stock import Stock
from tests.contract.harness.trial import Verdict, try_fact

ENFORCED = [fact for fact in all_facts() if fact.since]
OTHERS = [fact for fact in all_facts() if not fact.since]


@pytest.mark.parametrize("fact", ENFORCED, ids=lambda fact: fact.name)
def test_the_local_cloud_keeps_the_contract(fact: Fact, places: Places, stock: Stock) -> None:
    fact.check(Aws(places, fact.needs, stock))


@pytest.mark.parametrize("fact", OTHERS, ids=lambda fact: fact.name)
def test_a_fact_that_the_local_cloud_has_come_to_keep_gets_its_day(
    fact: Fact, places: Places, stock: Stock
) -> None:
    """Until then it fails here: write `since` once the simulator enforces it."""
    assert try_fact(fact, places, stock).verdict is not Verdict.HOLDS, f"{fact.name}: give a day"
