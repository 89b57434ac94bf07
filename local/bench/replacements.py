"""How long nobody serves under the target id, for each way of replacing a cluster."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from local.aurora.model.limits import Durations
from local.bench.figures import Figure, stated
from local.bench.restores import check_succeeded
from local.clock import InstantClock, participant
from local.rehearsal.availability import Look, Server, Watch, time_unserved
from local.rehearsal.production import make_cluster
from local.rehearsal.scene import scene

_REQUEST = Path("statemachine/examples/refresh_by_swapping.json")
_LARGEST_SHARE = 1 / 20
_RESTORE = timedelta(hours=1)
_SECONDS_BETWEEN_LOOKS = 2


def measure_replacements() -> Iterator[Figure]:
    """Replace a cluster by a restore of an hour, first one way, then the other."""
    first, swapped = watched("delete_first"), watched("swap")
    deleted, renamed = time_unserved(first.looks), time_unserved(until_new(swapped.looks))
    certified = time_unserved(swapped.looks) - renamed
    yield stated("nobody serves, restore of 60 min, delete_first", _minutes(deleted))
    yield Figure(
        "nobody serves, restore of 60 min, swap, names",
        "under 1/20 of that",
        f"{_minutes(renamed)}, 1/{deleted / renamed:.0f}",
        renamed < deleted * _LARGEST_SHARE,
    )
    yield stated("nobody serves, restore of 60 min, swap, certificate", _minutes(certified))


def until_new(looks: Sequence[Look]) -> Sequence[Look]:
    """The looks up to the first that found the new cluster."""
    servers = [look.server for look in looks]
    return looks[: servers.index(Server.NEW) + 1]


def watched(replace: str) -> Watch:
    """A replacement, looked at every two seconds.

    Raises `RestoreDidNotSucceed`.
    """
    request = json.loads(_REQUEST.read_text()) | {"replace": replace}
    durations = Durations(restore=_RESTORE.total_seconds())
    with scene(InstantClock(), scale=0, durations=durations) as here:
        target, region = request["target_cluster_id"], request["target_region"]
        make_cluster(here.cloud, target, region, "of-the-old-cluster")
        with participant(here.cloud.clock) as me:
            watch = Watch(here, target, region)
            states = here.cloud.client("stepfunctions")
            arn = here.cloud.start(here.deployment.state_machine_arn, request)
            while states.describe_execution(executionArn=arn)["status"] == "RUNNING":
                me.sleep(_SECONDS_BETWEEN_LOOKS)
                watch.look()
        execution = here.cloud.workflows.wait(arn)
    check_succeeded(execution)
    return watch


def _minutes(time: timedelta) -> str:
    return f"{time / timedelta(minutes=1):.1f} min"
