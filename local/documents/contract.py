"""The page about the contract with AWS in `docs/`, written from `docs/contract.json`.

make pictures
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

DOCUMENT = Path("docs/architecture/07_contract.md")
NEVER = "*never seen on AWS*"

_HEADER = """\
# Contract with AWS

<!-- Written by `make pictures` and `make contract` from docs/contract.json. Do not edit; a test
compares. -->

What the pipeline, or the local cloud that it is tested with, relies on about AWS. Each line is a
test in `tests/contract/` that knows nothing but an endpoint: `make test` holds it against the local
cloud, `make contract` against a real account, where it makes what it needs, removes it, and says
before it starts what that costs.

- **Enforced since**: since that day the local cloud behaves so, and a test fails if it stops.
  *not enforced*: the local cloud does otherwise, or does not have it.
- **Seen on AWS**: when and where a run saw it hold. **differs**: a run saw something else.
  *never seen on AWS*: nobody has looked, or nobody could; the source is all there is.
- The answers that AWS gave are in `docs/contract.json`, with account ids replaced.
"""

Record = Mapping[str, Mapping[str, Any]]


def document(record: Record) -> str:
    """The page for `docs/`."""
    facts = list(record.values())
    enforced = sum(fact["enforced_since"] is not None for fact in facts)
    seen = [fact for fact in facts if _is_seen(fact)]
    differing = [fact for fact in seen if fact["seen"]["verdict"] == "differs"]
    return "\n".join(
        [
            _HEADER,
            f"{len(facts)} facts: {enforced} enforced by the local cloud; {len(seen)} seen on AWS, "
            f"of which {len(differing)} differ; {len(facts) - len(seen)} never seen on AWS.",
            "",
            *_sections(facts),
        ]
    )


def _sections(facts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    by_subject = sorted(facts, key=lambda fact: fact["subject"])
    for subject, of_subject in groupby(by_subject, key=lambda fact: fact["subject"]):
        yield f"## {subject.replace('_', ' ').capitalize()}"
        yield ""
        yield "| fact | source | enforced since | seen on AWS |"
        yield "|---|---|---|---|"
        for fact in of_subject:
            since = fact["enforced_since"] or "*not enforced*"
            yield f"| {_cell(fact['fact'])} | {_cell(fact['source'])} | {since} | {_seen(fact)} |"
        yield ""


def _is_seen(fact: Mapping[str, Any]) -> bool:
    return fact["seen"] is not None and fact["seen"]["verdict"] in ("holds", "differs")


def _seen(fact: Mapping[str, Any]) -> str:
    seen = fact["seen"]
    if seen is None:
        return NEVER
    look = f"{seen['date']}, {seen['region']}"
    match seen["verdict"]:
        case "holds":
            return look
        case "differs":
            return f"**differs** ({look}): {_cell(seen['why'])}"
    return f"{NEVER}; tried {look}: {_cell(seen['why'])}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
