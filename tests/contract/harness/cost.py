"""What a run costs and how long it takes, said before it starts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.contract.harness.fact import Fact
from tests.contract.harness.needs import Need
from tests.contract.harness.run import PREFIX

_BUILT_ON = {
    Need.SNAPSHOT: {Need.CLUSTER},
    Need.SERVED: {Need.KEY},
    Need.ENCRYPTED: {Need.SERVED, Need.KEY},
    Need.AUTOMATED: {Need.CLUSTER},
    Need.EXPORTER: {Need.BUCKET},
}
"""What has to be there to make something of it."""
_CLEANING_MINUTES = 20
MOST_DOLLARS = 5.0
MOST_HOURS = 14.0
"""What a run may take unless somebody says otherwise."""


@dataclass(frozen=True)
class Estimate:
    """An estimate from above, at the prices of us-east-1; nothing is made in parallel."""

    facts: int
    needs: tuple[Need, ...]
    minutes: float
    dollars: float

    def __str__(self) -> str:
        hours, minutes = divmod(round(self.minutes), 60)
        return f"${self.dollars:.2f}, and {hours} h {minutes:02d} min"


def needs_of(facts: Iterable[Fact]) -> tuple[Need, ...]:
    """Everything that has to be made for these facts."""
    found = set[Need]()
    waiting = {need for fact in facts for need in fact.needs}
    while waiting:
        found |= waiting
        waiting = {more for need in waiting for more in _BUILT_ON.get(need, ())} - found
    return tuple(need for need in Need if need in found)


def estimate(facts: Iterable[Fact]) -> Estimate:
    """What it takes to look at these facts, and to remove everything afterwards."""
    chosen = list(facts)
    needs = needs_of(chosen)
    prices = [need.price for need in needs] + [fact.effort.value for fact in chosen]
    return Estimate(
        facts=len(chosen),
        needs=needs,
        minutes=sum(price.minutes for price in prices) + _CLEANING_MINUTES,
        dollars=sum(price.dollars for price in prices),
    )


def announcement(bound: Estimate, where: str, most_hours: float) -> Iterator[str]:
    """What somebody has to know who is asked to go on."""
    yield f"{bound.facts} facts are held against {where}."
    yield f"It costs at most about {bound}. No fact is begun after {most_hours:g} h."
    yield "What many facts share is made once:"
    for need in bound.needs:
        price = need.price
        if not price.minutes:
            continue  # it is given, not made
        yield f"  {need.title}: {price.minutes:g} min, ${price.dollars:.2f}"
    yield f"Everything is named {PREFIX}…, tagged where AWS has tags, and removed at the end;"
    yield "keys are removed by KMS seven days later. Leftovers of earlier runs are removed first."
