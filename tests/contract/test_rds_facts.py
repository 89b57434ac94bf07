"""The facts about what RDS answers, against its simulator, which only notes what data there is."""

import pytest

from tests.contract.facts_by_cloud import ANSWERS_OF_RDS, enforced, not_enforced
from tests.contract.harness.aws import Aws, Places
from tests.contract.harness.needs import Need
from tests.contract.harness.stock import Stock
from tests.contract.harness.trial import Verdict, try_fact

ENFORCED, NOT_ENFORCED = enforced(ANSWERS_OF_RDS), not_enforced(ANSWERS_OF_RDS)


@pytest.fixture(scope="module")
def stock(places_of_rds: Places) -> Stock:
    """What the facts share, made once for all of them."""
    return Stock(places_of_rds)


@pytest.mark.parametrize("name", ENFORCED)
def test_the_local_cloud_keeps_the_contract(name: str, places_of_rds: Places, stock: Stock) -> None:
    fact = ENFORCED[name]

    fact.check(Aws(places_of_rds, fact.needs, stock))


@pytest.mark.parametrize("name", NOT_ENFORCED)
def test_a_fact_that_the_local_cloud_has_come_to_keep_gets_its_day(
    name: str, places_of_rds: Places, stock: Stock
) -> None:
    """Until then it fails here: write `since` once the simulator enforces it."""
    outcome = try_fact(NOT_ENFORCED[name], places_of_rds, stock)

    assert outcome.verdict is not Verdict.HOLDS, f"it holds: give {name} a day as `since`"


def test_what_rds_answers_needs_no_database() -> None:
    assert not [fact.name for fact in ANSWERS_OF_RDS if Need.CONNECTION in fact.needs]
