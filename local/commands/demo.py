"""The demo: restore production into another region, then refresh it there while it serves.

With two accounts, production is in another one, and is restored across account and region at once.
"""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.json import JSON

from local.clock import ScaledClock
from local.commands.display import (
    Restore,
    show_audit_trail,
    show_evidence,
    show_messages,
    show_metrics,
    show_serving,
)
from local.commands.screen import clear, recorded, save, unrecorded
from local.commands.serve import until_interrupted, write_exports
from local.functions.functions import ACCOUNT
from local.rehearsal.availability import Watch
from local.rehearsal.evidence import Evidence, evidence, evidence_of_swap
from local.rehearsal.production import (
    CLUSTER,
    DATABASE,
    LOGINS,
    REGION,
    USERS,
    endpoint_of,
    live_on,
)
from local.rehearsal.scene import LOCAL, SOURCE_ACCOUNT, Scene, scene
from shared.messages.events import cutover
from shared.names import operation_id

CROSSING = Path("statemachine/examples/refresh_from_another_account.json")
RESTORING = Path("statemachine/examples/refresh_in_another_region.json")
REFRESHING = Path("statemachine/examples/refresh_by_swapping.json")
SPEED = 240
SCALE = 5
NEW_CUSTOMERS = 250


def demo(*, keep: bool, accounts: int = 1, picture: Path | None = None) -> int:
    """Play both acts, or the one for two accounts; returns 0 when every proof held.

    The last act, with its proof and the verdict, is kept in the file `picture`.
    """
    console, begun = recorded(picture), time.monotonic()
    waiting = console.status("Starting the local cloud; filling production with data")
    waiting.start()
    source = ACCOUNT if accounts == 1 else SOURCE_ACCOUNT
    with scene(ScaledClock(SPEED), scale=SCALE, source_account=source) as here:
        waiting.stop()
        introduce(console, here)
        if accounts == 1:
            is_proven = first_act(console, here, RESTORING) and second_act(console, here)
        else:
            is_proven = first_act(console, here, CROSSING) and look_abroad(console, here)
        if is_proven:
            with unrecorded(console):
                connect_yourself(console, here)
        seconds = time.monotonic() - begun
        verdict = "[green]Every proof held[/]" if is_proven else "[red]Not every proof held[/]"
        console.print(f"\n{verdict}, after {seconds:.0f} s.")
        if picture:
            save(console, picture, "make demo")
        if keep:
            look_around(console, here)
            until_interrupted()
            (LOCAL / "env").unlink(missing_ok=True)
    return 0 if is_proven else 1


def introduce(console: Console, here: Scene) -> None:
    """Say what is there before the first act."""
    _headline(console, "What is there")
    cloud = here.cloud
    version = cloud.databases.engine_version
    console.print(f"  AWS         at {cloud.endpoint}, where time runs {SPEED} times as fast")
    console.print(f"  production  cluster {CLUSTER} in {REGION}, encrypted, PostgreSQL {version}")
    if (owner := here.production.account_id) != ACCOUNT:
        console.print(
            f"  its account {owner}, which has its own stack; the pipeline is in {ACCOUNT}"
        )
    console.print(f"  its logins  {', '.join(LOGINS)}")
    console.print(f"  snapshot    {_name(here.production.snapshot_arn)}", soft_wrap=True)


def first_act(console: Console, here: Scene, file: Path) -> bool:
    """Restore onto a free id, and show everything that this leaves to read."""
    request = _read(file)
    cluster_id, region = _target(request)
    _act(console, f"Act 1: {cluster_id} is restored into {region}, where there is none yet")
    restore = start(console, here, file)
    is_restored = restore.follow(console) == "SUCCEEDED"
    is_proven = is_restored and prove(console, evidence(here, cluster_id, region))
    with unrecorded(console):
        report(console, here, restore)
    return is_proven


def second_act(console: Console, here: Scene) -> bool:
    """Refresh the cluster of the first act while it serves, and show who serves when."""
    request = _read(REFRESHING)
    cluster_id, region = _target(request)
    _act(console, f"Act 2: {cluster_id} is refreshed, and serves meanwhile")
    snapshot = live_on(here.cloud, here.production, customers=NEW_CUSTOMERS)
    console.print(f"  production  has {NEW_CUSTOMERS} more customers than {cluster_id}")
    console.print(f"  snapshot    {_name(snapshot)}", soft_wrap=True)
    watch = Watch(here, cluster_id, region)
    restore = start(console, here, REFRESHING)
    is_restored = restore.follow(console, watch) == "SUCCEEDED"
    show_serving(console, watch)
    is_proven = is_restored and prove(console, _both(here, watch))
    with unrecorded(console):
        _headline(console, "The cut-over in the audit trail")
        show_audit_trail(console, cutover(restore.events()))
    return is_proven


def look_abroad(console: Console, here: Scene) -> bool:
    """Let the source account's owner look with the AWS CLI, and show what it says."""
    _headline(console, f"What the AWS CLI sees with the keys of {here.production.account_id}")
    owner = here.cloud.environment_of(here.production.account_id)
    asked = (
        "aws rds describe-db-cluster-snapshots --snapshot-type manual "
        f"--region {here.deployment.region} --query 'DBClusterSnapshots[].DBClusterSnapshotArn'"
    )
    answer = subprocess.run(
        [Path(sys.executable).with_name("aws"), *shlex.split(asked)[1:]],
        env={**os.environ, **here.exports(), **owner},
        capture_output=True,
        text=True,
        check=False,
    )
    said = (answer.stdout + answer.stderr).strip()
    console.print(f"  $ {asked}\n  {said}", soft_wrap=True, highlight=False)
    return said == "[]"


def start(console: Console, here: Scene, file: Path) -> Restore:
    """Start an execution with a request file, as the AWS CLI would."""
    _headline(console, f"The request: {file}")
    states, request = here.cloud.client("stepfunctions"), _read(file)
    console.print(JSON.from_data(request, indent=None))
    started = states.start_execution(
        stateMachineArn=here.deployment.state_machine_arn, input=json.dumps(request)
    )
    arn = started["executionArn"]
    return Restore(here, arn, operation_id(arn, started["startDate"]))


def prove(console: Console, pieces: Iterator[Evidence]) -> bool:
    """Try what was promised."""
    _headline(console, "The proof")
    return show_evidence(console, pieces)


def report(console: Console, here: Scene, restore: Restore) -> None:
    """Print what everybody can read afterwards."""
    _headline(console, "The audit trail")
    show_audit_trail(console, restore.events())
    _headline(console, "The metrics, in seconds")
    show_metrics(console, restore)
    _headline(console, "The message that went out")
    show_messages(console, here)


def connect_yourself(console: Console, here: Scene) -> None:
    """Print how to connect to the cluster that both acts were about."""
    endpoint = endpoint_of(here.cloud, *_target(_read(REFRESHING)))
    _headline(console, "How to connect")
    for user in USERS:
        console.print(
            f'  psql "host={endpoint.host} port={endpoint.port} dbname={DATABASE} user={user} '
            f'sslmode=verify-full"',
            soft_wrap=True,
            highlight=False,
        )
    console.print("  [dim]The passwords are in the secret aurora-restore/users.[/]")


def look_around(console: Console, here: Scene) -> None:
    """Print what can be tried while everything is left running."""
    exports = write_exports(here)
    _headline(console, "Left running until you press Ctrl-C. In another shell:")
    for line in (
        f". {exports}",
        "aws rds describe-db-clusters --query 'DBClusters[].[DBClusterIdentifier,Status]'",
        "aws stepfunctions list-executions --state-machine-arn $STATE_MACHINE_ARN",
        "aws secretsmanager get-secret-value --secret-id aurora-restore/users",
    ):
        console.print(f"  {line}", soft_wrap=True, highlight=False)


def _both(here: Scene, watch: Watch) -> Iterator[Evidence]:
    """What a cluster that took another's place must be, and what every restored one must be."""
    yield from evidence_of_swap(here, watch)
    yield from evidence(here, watch.cluster_id, watch.region)


def _read(file: Path) -> Mapping[str, Any]:
    request: Mapping[str, Any] = json.loads(file.read_text())
    return request


def _target(request: Mapping[str, Any]) -> tuple[str, str]:
    return request["target_cluster_id"], request["target_region"]


def _name(snapshot_arn: str) -> str:
    """The snapshot's id; that of an automated one has a colon in it."""
    return snapshot_arn.split(":", 6)[-1]


def _act(console: Console, text: str) -> None:
    console.print("\n")
    clear(console)
    console.rule(f"[bold cyan]{text}", align="left", style="cyan", characters="━")


def _headline(console: Console, text: str) -> None:
    console.print()
    console.rule(f"[bold]{text}", align="left", style="dim")
