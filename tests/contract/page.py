"""The page in `docs/`, with what a run costs now."""

from local.documents.contract import RISKY, Run, document
from tests.contract.harness.cost import MOST_DOLLARS, MOST_HOURS, estimate
from tests.contract.harness.fact import all_facts
from tests.contract.harness.needs import Need
from tests.contract.harness.record import Record


def page(record: Record) -> str:
    """The page about a record."""
    facts = all_facts()
    run = Run(
        everything=str(estimate(facts)),
        riskiest=str(estimate(fact for fact in facts if fact.risk <= RISKY)),
        most_dollars=MOST_DOLLARS,
        most_hours=MOST_HOURS,
        with_second_account=sum(Need.OTHER_ACCOUNT in fact.needs for fact in facts),
        with_connection=sum(Need.CONNECTION in fact.needs for fact in facts),
    )
    return document(record, run)
