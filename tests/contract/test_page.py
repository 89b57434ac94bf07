"""The record and its page: as current as the facts, and honest about what nobody has seen."""

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from local.documents.contract import DOCUMENT, NEVER, RISKY
from tests.contract.harness.cost import estimate
from tests.contract.harness.fact import all_facts
from tests.contract.harness.record import RECORD, Record, declared, dump, load, with_outcome
from tests.contract.harness.trial import Outcome, Verdict, in_order
from tests.contract.page import page
from tests.house.source import imported_names

FACT = all_facts()[0]
OWN, OTHER = "123456789012", "210987654321"
DAY = date(2026, 12, 1)


def seen(
    record: Record, verdict: Verdict = Verdict.HOLDS, why: str = "", **answers: object
) -> Record:
    """The record after a look at the first fact."""
    outcome = Outcome(FACT, verdict, why, answers)
    return with_outcome(record, outcome, DAY, "eu-west-1", [OWN, OTHER])


def test_what_is_risky_says_what_depends_on_it() -> None:
    silent = [fact.name for fact in all_facts() if fact.risk < 9 and not fact.relied_on_by]

    assert silent == []


def test_the_page_begins_with_the_riskiest_and_how_to_look_at_them() -> None:
    lines = page(declared(all_facts(), {})).splitlines()
    risky = [fact for fact in in_order(all_facts()) if fact.risk <= RISKY]

    rows = [line for line in lines if re.match(r"\| \d \| ", line)]
    assert len(rows) == len(risky)
    for row in rows:
        (fact,) = (fact for fact in risky if row.endswith(f"| `{fact.name}` |"))
        assert row.startswith(f"| {fact.risk} | {fact.sentence} | {fact.relied_on_by} |")
    assert any(str(estimate(all_facts())) in line for line in lines)


def test_record_and_page_are_what_the_facts_declare() -> None:
    record = load(RECORD)

    assert RECORD.read_text() == dump(declared(all_facts(), record)), "run make pictures"
    assert DOCUMENT.read_text() == page(record), "run make pictures"


def test_the_page_lists_every_fact_and_says_what_nobody_has_seen() -> None:
    lines = page(declared(all_facts(), {})).splitlines()

    for fact in all_facts():
        (line,) = (line for line in lines if line.startswith(f"| {fact.sentence} |"))
        assert line.endswith(f"| {NEVER} |")
        assert (fact.since.isoformat() if fact.since else "*not enforced*") in line


@pytest.mark.parametrize(
    ("verdict", "cell"),
    [
        (Verdict.HOLDS, "| 2026-12-01, eu-west-1 |"),
        (Verdict.DIFFERS, "| **differs** (2026-12-01, eu-west-1): it said no |"),
        (Verdict.UNDECIDED, f"| {NEVER}; tried 2026-12-01, eu-west-1: it said no |"),
    ],
)
def test_the_page_says_what_was_seen(verdict: Verdict, cell: str) -> None:
    record = seen(declared([FACT], {}), verdict, "" if verdict is Verdict.HOLDS else "it said no")

    assert cell in page(record)


def test_what_is_kept_of_an_answer_names_no_account_network_or_secret() -> None:
    answer = {
        "Arn": f"arn:aws:rds:eu-west-1:{OWN}:cluster:a",
        "Shared": [OTHER, "999988887777"],
        "SubnetId": "subnet-0123456789abcdef0",
        "SecretString": "hunter2",
        "At": datetime(2026, 12, 1, 10),
    }

    record = seen(declared([FACT], {}), Verdict.DIFFERS, f"not in {OWN}", **{"rds:Do": answer})

    kept = record[FACT.name]["seen"]
    assert kept["why"] == "not in 111111111111"
    assert kept["answer"]["rds:Do"] == (
        '{"Arn": "arn:aws:rds:eu-west-1:111111111111:cluster:a", '
        '"Shared": ["222222222222", "000000000000"], "SubnetId": "subnet-…", '
        '"SecretString": "…", "At": "2026-12-01T10:00:00"}'
    )


def test_a_look_that_decides_nothing_replaces_none_that_did() -> None:
    decided = seen(declared([FACT], {}))

    assert seen(decided, Verdict.UNDECIDED, "no quota") == decided
    assert seen(decided, Verdict.DIFFERS, "changed") != decided


def test_what_was_seen_is_forgotten_when_the_fact_reads_differently() -> None:
    record = seen(declared([FACT], {}))
    reworded = replace(FACT, sentence="Something else.")

    assert declared([FACT], record) == record
    assert declared([reworded], record)[FACT.name]["seen"] is None


def test_facts_and_harness_know_no_cloud() -> None:
    forbidden = {"local", "shared", "infra", "lambdas", "moto"}
    files = [*Path("tests/contract/facts").rglob("*.py"), *Path("tests/contract/harness").glob("*")]

    for file in (each for each in files if each.suffix == ".py"):
        imported = {name.split(".")[0] for name in imported_names(file)}
        assert not imported & forbidden, file
        ours = {name for name in imported_names(file) if name.startswith("tests")}
        assert all(name.startswith("tests.contract") for name in ours), file
