"""A run from the first word to the last: announced, agreed to, recorded, and cleaned up after."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.contract.harness import record as records
from tests.contract.harness.aws import Places
from tests.contract.harness.cleaning import clean, leftovers
from tests.contract.harness.cost import announcement, estimate
from tests.contract.harness.fact import Fact, all_facts
from tests.contract.harness.place import Place
from tests.contract.harness.run import Network, Pace, Run
from tests.contract.harness.stock import Stock
from tests.contract.harness.trial import Outcome, Verdict, in_order, try_fact

_AWS = (".amazonaws.com", ".amazonaws.com.cn")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Account:
    """Whose credentials are used: a profile of the AWS CLI, or what the environment has."""

    profile: str | None
    region: str

    def connect(self, service: str, *, region_name: str) -> Any:
        config = Config(retries={"mode": "adaptive", "total_max_attempts": 8})
        return self._session.client(service, region_name=region_name, config=config)

    @cached_property
    def _session(self) -> Any:
        """One for all clients: each new one reads the descriptions of all services."""
        return boto3.Session(profile_name=self.profile, region_name=self.region)

    def identify(self) -> str:
        """Whose account it is; raises `SystemExit` when the credentials lead nowhere."""
        try:
            client = self.connect("sts", region_name=self.region)
            return str(client.get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            who = f"profile {self.profile}" if self.profile else "the environment's credentials"
            raise SystemExit(f"AWS does not know {who}: {error}") from error


@dataclass(frozen=True)
class Order:
    """What somebody wants of a run."""

    own: Account
    other: Account | None
    away_region: str
    facts: Sequence[Fact]
    pace: Pace
    network: Network
    instance_class: str
    most_dollars: float
    most_hours: float
    record: Path
    write_page: Callable[[records.Record], None]


def places_of(order: Order) -> Places:
    """The places that credentials lead to."""
    run = Run(order.pace, network=order.network, instance_class=order.instance_class)
    region, account_id = order.own.region, order.own.identify()
    other = None
    if order.other:
        other = Place(run, order.other.connect, order.other.identify(), region)
        if other.account_id == account_id:
            raise SystemExit(f"Both profiles lead to account {account_id}: name another one.")
    return Places(
        home=Place(run, order.own.connect, account_id, region),
        away=Place(run, order.own.connect, account_id, order.away_region),
        other=other,
    )


def is_aws(place: Place) -> bool:
    """Whether it is AWS that answers, and not something that plays it."""
    return (urlsplit(place.rds.meta.endpoint_url).hostname or "").endswith(_AWS)


def hold(order: Order, agree: Callable[[], bool], say: Say) -> int:
    """Hold the facts against a cloud, if somebody agrees; returns 0 when all that was seen holds.

    Raises `SystemExit` with a sentence when it cannot begin.
    """
    places = places_of(order)
    if not is_aws(places.home) and order.record == records.RECORD:
        raise SystemExit(
            f"{places.home.rds.meta.endpoint_url} is not AWS: {records.RECORD} keeps what was seen "
            "on AWS and nothing else. Name another file with --record."
        )
    bound = estimate(order.facts)
    where = f"account {places.home.account_id} in {places.home.region}"
    for line in announcement(bound, where, order.most_hours):
        say(line)
    for leftover in leftovers(places.home, places.elsewhere):
        say(f"  left by an earlier run: {leftover}")
    if bound.dollars > order.most_dollars:
        raise SystemExit(
            f"That is more than ${order.most_dollars:.2f}: raise --most-dollars, in ARGS."
        )
    if not agree():
        say("Nothing was made, and nothing was removed.")
        return 1
    try:
        with _ended_by_signals():
            sweep(places, order.pace, say)
            outcomes = list(_try_all(order, places, say))
    finally:
        say("Removing everything that was made")
        left = sweep(places, order.pace, say)
        for place in places:
            place.close()
    _summarize(outcomes, say)
    return int(bool(left) or any(outcome.verdict is Verdict.DIFFERS for outcome in outcomes))


def sweep(places: Places, pace: Pace, say: Say) -> list[str]:
    """Remove what runs have left, and name what would not go."""
    left = clean(places.home, places.elsewhere, pace)
    for name in left:
        say(f"NOT REMOVED, look at it and remove it by hand: {name}")
    return left


def _try_all(order: Order, places: Places, say: Say) -> Iterator[Outcome]:
    stock = Stock(places)
    accounts = [place.account_id for place in (places.home, places.other) if place]
    ends_at = time.monotonic() + order.most_hours * 3600
    record = records.declared(all_facts(), records.load(order.record))
    for fact in in_order(order.facts):
        if time.monotonic() > ends_at:
            outcome = Outcome(fact, Verdict.UNDECIDED, "There was no time left for it.", {})
        else:
            outcome = try_fact(fact, places, stock)
            if outcome.verdict is not Verdict.HOLDS:
                stock.mend()
        say(f"{outcome.verdict:9} {fact.name} {outcome.why[:300]}".rstrip())
        today = datetime.now(UTC).date()
        record = records.with_outcome(record, outcome, today, places.home.region, accounts)
        # What was seen is kept at once: the next fact may be the last.
        order.record.write_text(records.dump(record))
        order.write_page(record)
        yield outcome


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a polite request to end be an exception, so that everything is removed."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _summarize(outcomes: Iterable[Outcome], say: Say) -> None:
    verdicts = [outcome.verdict for outcome in outcomes]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict)
    say(f"{len(verdicts)} facts: {counts}.")
