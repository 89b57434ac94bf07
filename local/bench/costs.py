"""What AWS would bill for one restore: the units of every service that the pipeline uses."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType

from local.aurora.model.limits import Durations
from local.bench.figures import Figure, stated
from local.bench.restores import check_succeeded
from local.calls import Call
from local.clock import InstantClock
from local.rehearsal.scene import scene

_REQUEST = Path("statemachine/examples/refresh_in_another_region.json")
_MINUTES = {"copy": 25, "restore": 20, "instance": 15}
"""An hour of RDS's own work: what the restore waits for."""
_INDEXES = ("target_cluster", "source_cluster")
"""The keys of the state table's indexes; an item is in an index if it has its key."""


@dataclass(frozen=True)
class Bill:
    """The billed units of one restore."""

    state_transitions: int
    invocations: int
    write_units: int
    read_units: float
    key_requests: int
    secret_requests: int
    messages: int

    def __iter__(self) -> Iterator[tuple[str, float]]:
        return ((name.replace("_", " "), value) for name, value in vars(self).items())


def measure_costs() -> Iterator[Figure]:
    """The units of a restore across regions in which RDS works for an hour."""
    for name, value in bill():
        yield stated(f"restore across regions in 60 minutes: {name}", f"{value:g}")


def bill() -> Bill:
    """Restore across regions with an hour of RDS's work, and count what is billed."""
    durations = Durations(**{name: minutes * 60 for name, minutes in _MINUTES.items()})
    with scene(InstantClock(), scale=0, durations=durations) as here:
        here.cloud.calls.clear()
        execution = here.cloud.run(
            here.deployment.state_machine_arn, json.loads(_REQUEST.read_text())
        )
        calls = list(here.cloud.calls)
    check_succeeded(execution)
    actions = Counter(f"{call.service}:{call.action}" for call in calls)
    return Bill(
        # The start counts as one, and every state that is entered.
        state_transitions=1 + len(execution.states),
        invocations=actions["lambda:Invoke"],
        write_units=sum(_write_units(call) for call in calls),
        read_units=sum(_read_units(call) for call in calls),
        key_requests=actions["kms:DescribeKey"],
        secret_requests=actions["secretsmanager:GetSecretValue"],
        messages=actions["sns:Publish"],
    )


def _write_units(call: Call) -> int:
    """Of a transaction: two per item and started kilobyte, and one for every index it is in."""
    if call.action != "TransactWriteItems":
        return 0
    items = [item for one in call.parameters["TransactItems"] for item in one.values()]
    return sum(_units_of_write(item.get("Item", {})) for item in items)


def _units_of_write(item: Mapping[str, Any]) -> int:
    kilobytes = max(1, math.ceil(_size(item) / 1024))
    return kilobytes * (2 + sum(key in item for key in _INDEXES))


def _read_units(call: Call) -> float:
    """Of a consistent look at an operation, whose item is never larger than four kilobytes."""
    return 1 if call.service == "dynamodb" and call.action == "GetItem" else 0


def _size(item: Mapping[str, Any]) -> int:
    return sum(len(name) + DynamoType(value).size() for name, value in item.items())
