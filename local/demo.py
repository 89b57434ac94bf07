"""The demo: restore a production database into another region, live, and prove the result."""

import json
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from local.clock import ScaledClock
from local.evidence import evidence
from local.production import CLUSTER, DATABASE, LOGINS, REGION, USERS, endpoint_of
from local.scene import Scene, scene
from local.serve import until_interrupted, write_exports
from local.show import Restore, show_audit_trail, show_evidence, show_messages, show_metrics
from shared.names import operation_id

REQUEST = Path("statemachine/examples/refresh_in_another_region.json")
SPEED = 120
SCALE = 5


def demo(*, keep: bool) -> int:
    """Run the whole pipeline once; returns 0 when every proof held."""
    console, begun = Console(), time.monotonic()
    request = json.loads(REQUEST.read_text())
    target = (request["target_cluster_id"], request["target_region"])
    waiting = console.status("Starting the local cloud; filling production with data")
    waiting.start()
    with scene(ScaledClock(SPEED), scale=SCALE) as here:
        waiting.stop()
        introduce(console, here)
        restore = start(console, here, request)
        is_restored = restore.follow(console) == "SUCCEEDED"
        is_proven = is_restored and prove(console, here, *target)
        report(console, here, restore)
        if is_restored:
            connect_yourself(console, here, *target)
        seconds = time.monotonic() - begun
        verdict = "[green]Every proof held[/]" if is_proven else "[red]Not every proof held[/]"
        console.print(f"\n{verdict}, after {seconds:.0f} s.")
        if keep:
            look_around(console, here)
            until_interrupted()
    return 0 if is_proven else 1


def introduce(console: Console, here: Scene) -> None:
    """Say what is there before the restore."""
    _headline(console, "What is there")
    cloud = here.cloud
    version = cloud.databases.engine_version
    console.print(f"  AWS         at {cloud.endpoint}, where time runs {SPEED} times as fast")
    console.print(f"  production  cluster {CLUSTER} in {REGION}, encrypted, PostgreSQL {version}")
    console.print(f"  its logins  {', '.join(LOGINS)}")
    console.print(
        f"  snapshot    {here.production.snapshot_arn.rsplit(':', 3)[-1]}", soft_wrap=True
    )


def start(console: Console, here: Scene, request: dict[str, Any]) -> Restore:
    """Start the execution with the request file, as the AWS CLI would."""
    _headline(console, f"Restoring it: {REQUEST}")
    states = here.cloud.client("stepfunctions")
    console.print_json(data=request, indent=None)
    started = states.start_execution(
        stateMachineArn=here.deployment.state_machine_arn, input=json.dumps(request)
    )
    arn = started["executionArn"]
    return Restore(here, arn, operation_id(arn, started["startDate"]))


def prove(console: Console, here: Scene, cluster_id: str, region: str) -> bool:
    """Try what the restore promised."""
    _headline(console, "The proof")
    return show_evidence(console, evidence(here, cluster_id, region))


def report(console: Console, here: Scene, restore: Restore) -> None:
    """Print what everybody can read afterwards."""
    _headline(console, "The audit trail")
    show_audit_trail(console, restore)
    _headline(console, "The metrics, in seconds")
    show_metrics(console, restore)
    _headline(console, "The message that went out")
    show_messages(console, here)


def connect_yourself(console: Console, here: Scene, cluster_id: str, region: str) -> None:
    """Print how to connect to the restored cluster."""
    endpoint = endpoint_of(here.cloud, cluster_id, region)
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


def _headline(console: Console, text: str) -> None:
    console.print()
    console.rule(f"[bold]{text}", align="left", style="dim")
