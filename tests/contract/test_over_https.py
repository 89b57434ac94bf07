"""`make contract` as it runs against AWS, against the local cloud in place of it.

Over HTTPS, in a process of its own, with profiles, another account, and time as it passes.
"""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.aurora.model.limits import Durations
from local.aurora.model.region import used_regions
from local.clock import ScaledClock
from local.cloud import LocalCloud
from local.documents.contract import DOCUMENT
from local.emulator.accounts import SECRET, owner_key
from tests.contract.__main__ import main
from tests.contract.conftest import HOME, places_in
from tests.contract.harness.cleaning import leftovers
from tests.contract.harness.fact import all_facts
from tests.contract.harness.needs import Need
from tests.contract.harness.record import RECORD
from tests.contract.harness.run import PREFIX

OWN, OTHER = "555555555555", "666666666666"
_READING = ("Describe", "List", "Get", "GET")
SECONDS = 1.5
"""What everything takes that takes RDS time: enough to be seen under way."""


@dataclass(frozen=True)
class RealSide:
    """How a person runs the contract on this machine."""

    cloud: LocalCloud
    environment: Mapping[str, str]
    record: Path

    def command(self, what: str = "run", *options: str, yes: bool = True) -> list[str]:
        return [
            *(sys.executable, "-m", "tests.contract", what, "--region", HOME),
            *("--profile", "sandbox", "--other-profile", "second", "--record", str(self.record)),
            *("--poll-seconds", "0.2", "--roles-seconds", "0", *(["--yes"] if yes else [])),
            *options,
        ]

    def run(self, what: str = "run", *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(what, *options),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def seen(self) -> Mapping[str, Any]:
        """What the record has of the facts that were looked at."""
        record = json.loads(self.record.read_text())
        return {name: fact["seen"] for name, fact in record.items() if fact["seen"]}

    def leftovers(self) -> list[str]:
        places = places_in(self.cloud, own=OWN, other=OTHER)
        return leftovers(places.home, places.elsewhere)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalCloud, str, Path]]:
    """A local cloud in real time, which takes a snapshot of every new cluster by itself."""
    durations = Durations(**a_duration(SECONDS))
    directory = tmp_path_factory.mktemp("cloud")
    with (
        LocalCloud(ScaledClock(), directory, durations) as cloud,
        cloud.https(directory / "https.pem") as url,
    ):
        cloud.aurora.watch(lambda: back_up(cloud))
        yield cloud, url, directory


@pytest.fixture
def real(running: tuple[LocalCloud, str, Path], tmp_path: Path) -> RealSide:
    cloud, url, directory = running
    credentials = tmp_path / "credentials"
    credentials.write_text(
        "".join(
            f"[{name}]\naws_access_key_id={owner_key(account)}\naws_secret_access_key={SECRET}\n"
            for name, account in (("sandbox", OWN), ("second", OTHER))
        )
    )
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **{name: cloud.environment[name] for name in ("PGHOSTADDR", "PGSSLROOTCERT")},
        "AWS_ENDPOINT_URL": url,
        "AWS_CA_BUNDLE": str(directory / "https.pem"),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return RealSide(cloud, environment, tmp_path / "contract.json")


def back_up(cloud: LocalCloud) -> None:
    """Take the first automated snapshot of every cluster that is there."""
    for region in used_regions():
        backed_up = {
            snapshot.db_cluster_resource_id
            for snapshot in region.snapshots.values()
            if snapshot.snapshot_type == "automated"
        }
        for cluster in list(region.clusters.values()):
            is_there = cluster.status == "available" and cluster.volume is not None
            if is_there and cluster.db_cluster_resource_id not in backed_up:
                cloud.aurora.take_automated_snapshot(
                    region.name, cluster.identifier, account_id=region.account_id
                )


def only(names: Sequence[str]) -> list[str]:
    return [option for name in names for option in ("--only", name)]


def test_a_run_says_what_it_costs_and_records_what_it_saw_and_leaves_nothing(
    real: RealSide,
) -> None:
    names = (
        "an_id_that_is_none_is_malformed",
        "a_snapshot_identifier_is_taken_once",
        "a_key_is_described",
    )
    before = (RECORD.read_text(), DOCUMENT.read_text())

    run = real.run("run", *only(names))

    verdicts = {name: seen["verdict"] for name, seen in real.seen().items()}
    assert verdicts == dict(zip(names, ("differs", "holds", "holds"), strict=True)), run.stdout
    assert "3 facts: 2 holds, 1 differs, 0 undecided." in run.stdout
    assert "It costs at most about $0." in run.stdout
    assert run.returncode == 1
    assert "111111111111:key/" in real.seen()["a_key_is_described"]["answer"]["kms:DescribeKey"]
    assert OWN not in real.record.read_text()
    assert real.leftovers() == []
    assert (RECORD.read_text(), DOCUMENT.read_text()) == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--most-dollars", "0.5"], "raise --most-dollars"),
        (["--profile", "nobody"], "AWS does not know profile nobody"),
        (["--other-profile", "sandbox"], "Both profiles lead to account 555555555555"),
        (["--record", str(RECORD)], "is not AWS"),
        (["--only", "a_fact_of_life"], "There are no facts named a_fact_of_life"),
    ],
)
def test_what_cannot_begin_says_why_and_makes_nothing(
    real: RealSide, monkeypatch: pytest.MonkeyPatch, options: list[str], says: str
) -> None:
    in_this_process(real, monkeypatch)
    real.cloud.calls.clear()

    with pytest.raises(SystemExit, match=says):
        main([*real.command()[3:], *options])

    assert made(real) == []


def test_nothing_is_made_unless_somebody_agrees(
    real: RealSide, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_this_process(real, monkeypatch)
    monkeypatch.setattr(sys, "stdin", io.StringIO("no\n"))
    real.cloud.calls.clear()

    status = main(real.command(yes=False)[3:])

    said = capsys.readouterr().out
    assert status == 1
    assert "Go on? Type yes:" in said
    assert "Nothing was made" in said
    assert made(real) == []
    assert not real.record.exists()


@pytest.mark.thorough
def test_a_run_that_is_told_to_end_removes_what_it_made(real: RealSide) -> None:
    names = only(["a_snapshot_identifier_is_taken_once"])
    run = subprocess.Popen(
        real.command("run", *names), env=real.environment, stdout=subprocess.PIPE, text=True
    )
    while not has_cluster(real):
        time.sleep(0.1)

    run.send_signal(signal.SIGTERM)
    output, _ = run.communicate(timeout=60)

    assert "Removing everything" in output
    assert real.leftovers() == []


@pytest.mark.thorough
def test_what_a_run_left_that_was_killed_is_removed_by_clean(real: RealSide) -> None:
    names = only(["a_snapshot_identifier_is_taken_once"])
    run = subprocess.Popen(
        real.command("run", *names), env=real.environment, stdout=subprocess.PIPE, text=True
    )
    while not has_cluster(real):
        time.sleep(0.1)
    run.kill()
    run.communicate()
    left = real.leftovers()

    cleaned = real.run("clean")

    assert [name for name in left if f"cluster {PREFIX}" in name]
    assert cleaned.returncode == 0
    assert real.leftovers() == []


@pytest.mark.thorough
def test_every_fact_comes_out_over_https_as_it_does_at_home(real: RealSide) -> None:
    # The functions of the local cloud are those of one account, and it is not this one.
    functions = {fact.name for fact in all_facts() if Need.FUNCTION in fact.needs}
    wanted = {fact.name for fact in all_facts() if fact.since} - functions

    run = real.run()
    looked_at = set(real.seen())
    if late := wanted - holding(real):
        # On a busy machine, work may have ended before a fact has seen it under way.
        real.cloud.aurora.durations.__dict__.update(a_duration(seconds=8))
        run = real.run("run", *only(sorted(late)))

    assert wanted - holding(real) == set(), run.stdout
    assert holding(real) - wanted == set(), run.stdout
    assert looked_at == {fact.name for fact in all_facts()}
    assert real.leftovers() == []


def holding(real: RealSide) -> set[str]:
    """The facts that were seen to hold."""
    return {name for name, look in real.seen().items() if look["verdict"] == "holds"}


def a_duration(seconds: float) -> dict[str, float]:
    """The same for every kind of work."""
    return dict.fromkeys(vars(Durations()), seconds)


def made(real: RealSide) -> list[str]:
    """The calls that make or remove something."""
    actions = [call.action for call in real.cloud.calls]
    return [action for action in actions if not action.startswith(_READING)]


def in_this_process(real: RealSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process a person's environment, for what makes no process worth while."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in real.environment.items():
        monkeypatch.setenv(name, value)


def has_cluster(real: RealSide) -> bool:
    clusters = real.cloud.client("rds", account_id=OWN).describe_db_clusters()["DBClusters"]
    return any(cluster["DBClusterIdentifier"].startswith(PREFIX) for cluster in clusters)
