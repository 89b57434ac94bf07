"""What was seen on AWS, in `docs/contract.json`, beside everything that is to be looked at."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tests.contract.harness.fact import Fact
from tests.contract.harness.trial import Outcome, Verdict

RECORD = Path("docs/contract.json")
_LONGEST = 600
"""Letters of one answer that are kept."""
_SECRET = {"SecretString", "MasterUserPassword", "SecretAccessKey", "SessionToken"}
_OTHER_IDS = re.compile(r"\b(vpc|subnet|sg|vpce|eni)-[0-9a-f]{8,17}\b")
_ACCOUNT = re.compile(r"(?<![0-9a-f-])\d{12}(?![0-9a-f-])")

Record = Mapping[str, Any]
"""By name: sentence, source, since when the simulator enforces it, and what was seen or null."""


def load(path: Path) -> Record:
    """The record as it is; nothing was seen when there is none."""
    record: Record = json.loads(path.read_text()) if path.exists() else {}
    return record


def dump(record: Record) -> str:
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def declared(facts: Iterable[Fact], before: Record) -> Record:
    """What is declared now, with what was seen before; a fact that reads differently is new."""
    record = {}
    for fact in facts:
        known = before.get(fact.name, {})
        is_same = known.get("fact") == fact.sentence
        record[fact.name] = {
            "subject": fact.subject,
            "fact": fact.sentence,
            "source": fact.source,
            "enforced_since": fact.since.isoformat() if fact.since else None,
            "risk": fact.risk,
            "relied_on_by": fact.relied_on_by,
            "seen": known.get("seen") if is_same else None,
        }
    return record


def with_outcome(
    record: Record, outcome: Outcome, day: date, region: str, accounts: Iterable[str]
) -> Record:
    """The record after a look. A look that decided nothing does not replace one that did."""
    name = outcome.fact.name
    before = record[name]["seen"]
    if outcome.verdict is Verdict.UNDECIDED and before and before["verdict"] != "undecided":
        return record
    seen = {
        "date": day.isoformat(),
        "region": region,
        "verdict": outcome.verdict.value,
        "why": _without_ids(outcome.why, list(accounts)),
        "answer": {
            action: _without_ids(_short(answer), list(accounts))
            for action, answer in outcome.answers.items()
        },
    }
    return {**record, name: {**record[name], "seen": seen}}


def _short(answer: object) -> str:
    text = json.dumps(_without_secrets(answer), default=_plain, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _without_secrets(answer: object) -> object:
    if isinstance(answer, Mapping):
        return {
            key: "…" if key in _SECRET else _without_secrets(value) for key, value in answer.items()
        }
    if isinstance(answer, list):
        return [_without_secrets(value) for value in answer]
    return answer


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _without_ids(text: str, accounts: list[str]) -> str:
    """The text with stand-ins for account ids, the run's own ones in order, and for networks."""
    for number, account_id in enumerate(accounts, start=1):
        text = text.replace(account_id, str(number) * 12)
    stand_ins = {str(number + 1) * 12 for number in range(len(accounts))}
    text = _ACCOUNT.sub(lambda it: it[0] if it[0] in stand_ins else "0" * 12, text)
    return _OTHER_IDS.sub(lambda it: f"{it[1]}-…", text)
