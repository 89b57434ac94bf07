"""Which facts are held against which part of the local cloud.

What RDS answers is held against its simulator alone: with servers behind it, data would be copied
for each cluster and snapshot, and nobody would look at it.
"""

from tests.contract.harness.fact import Fact, all_facts

ANSWERS_OF_RDS = [fact for fact in all_facts() if ".facts.rds." in fact.check.__module__]
OTHERS = [fact for fact in all_facts() if fact not in ANSWERS_OF_RDS]


def enforced(facts: list[Fact]) -> dict[str, Fact]:
    """By name."""
    return {fact.name: fact for fact in facts if fact.since}


def not_enforced(facts: list[Fact]) -> dict[str, Fact]:
    """Those that the local cloud does not keep yet, by name."""
    return {fact.name: fact for fact in facts if not fact.since}
