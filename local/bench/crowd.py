"""Many restores at once: how much longer they take than the quota on copies makes them."""

import math
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from local.api.rates import RDS, Rate
from local.bench.figures import Figure, stated
from local.clock import InstantClock, participant
from local.rehearsal.scene import Scene, scene
from local.workflows.workflows import Execution

_SIZE = 100
_REQUEST = {
    "source_cluster_id": "aurora-prod",
    "source_region": "us-east-1",
    "initiator": "developers",
}
_LARGEST_RATIO = 1.2
_SEED_VARIABLE = "CROWD_SEED"
"""In the environment, it repeats a crowd; without it every crowd is another."""
_PATIENCE_SECONDS = 1_800


@dataclass(frozen=True)
class Crowd:
    """Restores that were started at the same moment, and have ended."""

    executions: Sequence[Execution]
    copies_at_once: int
    copy: timedelta
    throttled: int

    @property
    def lasted(self) -> timedelta:
        """From the start to the end of the last."""
        began = min(execution.started_at for execution in self.executions)
        return max(execution.stopped_at for execution in self.executions) - began

    @property
    def bound(self) -> timedelta:
        """What the copies alone take, with as many under way as the quota allows."""
        return self.copy * math.ceil(len(self.executions) / self.copies_at_once)


def measure_crowds() -> Iterator[Figure]:
    """A hundred restores across regions, each onto a target of its own."""
    seed = int(os.environ.get(_SEED_VARIABLE) or random.randrange(10_000))
    with scene(InstantClock(), scale=0) as here:
        quotas = here.cloud.aurora.quotas
        quotas.clusters = quotas.instances = 2 * _SIZE
        begun = time.monotonic()
        crowd = restored_at_once(here, _SIZE, seed=seed)
        seconds = time.monotonic() - begun
    ended = sum(one.status == "SUCCEEDED" for one in crowd.executions)
    ratio = crowd.lasted / crowd.bound
    others = Counter(str(one.error) for one in crowd.executions if one.status != "SUCCEEDED")
    yield Figure(
        f"of {_SIZE} restores at once, finished ({_SEED_VARIABLE}={seed})",
        "all",
        ", ".join([str(ended), *(f"{number} {error}" for error, number in others.items())]),
        ended == _SIZE,
    )
    yield Figure(
        f"time of {_SIZE} restores ÷ time of their copies, {crowd.copies_at_once} at once",
        f"at most {_LARGEST_RATIO}",
        f"{ratio:.2f} ({_hours(crowd.lasted)} h ÷ {_hours(crowd.bound)} h)",
        ratio <= _LARGEST_RATIO,
    )
    yield stated("calls of RDS that were throttled meanwhile", f"{crowd.throttled:,}")
    yield stated(f"real time of {_SIZE} restores at once", f"{seconds:.0f} s")


def restored_at_once(here: Scene, size: int, rate: Rate = RDS, seed: int = 0) -> Crowd:
    """Start a restore onto each of `size` targets at one moment, and wait for the last to end.

    The same seed makes them meet in the same way again.
    """
    cloud, machine = here.cloud, here.deployment.state_machine_arn
    cloud.rates.limit("rds", rate)
    with _repeatable(here, seed):
        with participant(cloud.clock):
            started = [
                cloud.start(machine, _REQUEST | {"target_cluster_id": f"aurora-dev-{number:03}"})
                for number in range(1, size + 1)
            ]
        executions = [cloud.workflows.wait(arn, _PATIENCE_SECONDS) for arn in started]
    return Crowd(
        executions=executions,
        copies_at_once=cloud.aurora.quotas.cross_region_copies,
        copy=timedelta(seconds=cloud.aurora.durations.copy),
        throttled=cloud.rates.throttled,
    )


@contextmanager
def _repeatable(here: Scene, seed: int) -> Iterator[None]:
    """Let who comes first, and how long retries wait, depend on nothing but the seed."""
    cloud = here.cloud
    assert isinstance(cloud.clock, InstantClock)
    cloud.functions.kill()  # a worker that is there already answers sooner
    cloud.workflows.chance.seed(seed)
    cloud.clock.take_turns(random.Random(seed))
    try:
        yield
    finally:
        cloud.clock.take_turns(None)


def _hours(time: timedelta) -> str:
    return f"{time / timedelta(hours=1):.1f}"
