"""Hold the contract against a real account, clean up after a crash, or write the page again.

make contract AWS_PROFILE=… REGION=…; make contract CLEAN=1 AWS_PROFILE=… REGION=…
"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from local.documents.contract import DOCUMENT
from tests.contract.harness import record as records
from tests.contract.harness.cost import MOST_DOLLARS, MOST_HOURS
from tests.contract.harness.fact import Fact, all_facts
from tests.contract.harness.run import Network, Pace
from tests.contract.harness.running import Account, Order, hold, places_of, sweep
from tests.contract.page import page

BUNDLE = Path("infra/certificates/rds-root-certificates.pem")


def main(words: list[str]) -> int:
    chosen = _parser().parse_args(words)
    if chosen.what == "page":
        record = records.declared(all_facts(), records.load(records.RECORD))
        records.RECORD.write_text(records.dump(record))
        DOCUMENT.write_text(page(record))
        return 0
    os.environ.setdefault("PGSSLROOTCERT", str(BUNDLE))
    order = _order(chosen)
    if chosen.what == "clean":
        left = sweep(places_of(order), order.pace, _say)
        _say(f"{len(left)} left." if left else "Nothing of any run is left.")
        return int(bool(left))
    return hold(order, (lambda: True) if chosen.yes else _agree, _say)


def _order(chosen: Namespace) -> Order:
    own = Account(chosen.profile, chosen.region)
    other = Account(chosen.other_profile, chosen.region) if chosen.other_profile else None
    return Order(
        own=own,
        other=other,
        away_region=chosen.other_region or _another(chosen.region),
        facts=_facts(chosen.only),
        pace=_pace(chosen),
        network=Network(chosen.subnet_group, tuple(chosen.security_group), chosen.public),
        instance_class=chosen.instance_class,
        most_dollars=chosen.most_dollars,
        most_hours=chosen.most_hours,
        record=chosen.record,
        write_page=_page_beside(chosen.record),
    )


def _facts(names: list[str]) -> list[Fact]:
    facts = {fact.name: fact for fact in all_facts()}
    if unknown := set(names) - set(facts):
        raise SystemExit(f"There are no facts named {', '.join(sorted(unknown))}.")
    return [facts[name] for name in names] if names else list(facts.values())


def _pace(chosen: Namespace) -> Pace:
    return Pace(time.sleep, chosen.poll_seconds, chosen.roles_seconds)


def _page_beside(record: Path) -> Callable[[records.Record], None]:
    """What keeps the page beside `docs/contract.json` up to date; other records have none."""

    def write(content: records.Record) -> None:
        if record == records.RECORD:
            DOCUMENT.write_text(page(content))

    return write


def _another(region: str) -> str:
    return "us-east-1" if region != "us-east-1" else "us-west-2"


def _agree() -> bool:
    print("Go on? Type yes: ", end="", flush=True)
    return sys.stdin.readline().strip().lower() == "yes"


def _say(line: str) -> None:
    print(line, flush=True)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m tests.contract", description=__doc__)
    parser.add_argument("what", choices=["run", "clean", "page"])
    parser.add_argument("--profile", help="of the AWS CLI; without it, the environment's")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--other-profile", help="of a second account, for what is shared")
    parser.add_argument("--other-region", help="for copies; another one unless named")
    parser.add_argument("--subnet-group", help="of the VPC that clusters are put into")
    parser.add_argument("--security-group", action="append", default=[])
    parser.add_argument("--public", action="store_true", help="give instances public addresses")
    parser.add_argument("--instance-class", default="db.t4g.medium")
    parser.add_argument("--only", action="append", default=[], help="the name of a fact")
    parser.add_argument("--most-dollars", type=float, default=MOST_DOLLARS)
    parser.add_argument("--most-hours", type=float, default=MOST_HOURS)
    parser.add_argument("--poll-seconds", type=float, default=15.0)
    parser.add_argument("--roles-seconds", type=float, default=20.0)
    parser.add_argument("--record", type=Path, default=records.RECORD)
    parser.add_argument("--yes", action="store_true", help="do not ask before it starts")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
