"""Choosing among many snapshots: how often AWS is asked."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from local.bench.figures import Figure
from local.clock import InstantClock
from local.rehearsal.production import CLUSTER, REGION, at_once
from local.rehearsal.scene import Scene, scene
from shared.steps import Step

_REQUEST = Path("statemachine/examples/refresh_in_another_region.json")
_SNAPSHOTS = 1_000
_PAGE = 100


def measure_choosing() -> Iterator[Figure]:
    """Let `snapshot_check` choose the latest of a thousand snapshots."""
    calls = calls_for(_SNAPSHOTS)
    listing = calls["rds:DescribeDBClusterSnapshots"]
    yield Figure(
        f"calls of snapshot_check for a source with {_SNAPSHOTS:,} snapshots",
        "no call per snapshot",
        f"{calls.total()}, of these {listing} pages of snapshots",
        listing <= _SNAPSHOTS // _PAGE + 1,
    )


def calls_for(snapshots: int) -> Counter[str]:
    """What `snapshot_check` calls for a plan, with so many snapshots of the source."""
    with scene(InstantClock(), scale=0) as here:
        make_snapshots(here, snapshots - 1)
        here.cloud.calls.clear()
        request = json.loads(_REQUEST.read_text()) | {"plan_only": True}
        here.cloud.run(here.deployment.state_machine_arn, request)
        function = f"aurora-restore-{Step.SNAPSHOT_CHECK.function}"
        made = here.cloud.calls.of("*", function=function)
    return Counter(f"{call.service}:{call.action}" for call in made)


def make_snapshots(here: Scene, count: int) -> None:
    """Make manual snapshots of production; they are copies, which take no room here."""
    rds = here.cloud.client("rds", region_name=REGION)
    here.cloud.aurora.quotas.manual_snapshots += count
    with at_once(here.cloud):
        for number in range(count):
            rds.copy_db_cluster_snapshot(
                SourceDBClusterSnapshotIdentifier=here.production.snapshot_arn,
                TargetDBClusterSnapshotIdentifier=f"{CLUSTER}-{number}",
            )
        here.cloud.aurora.settle()
