"""The restores that are broken: what is asked for, and what is there before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.production import CLUSTER, REGION

TARGET = "aurora-staging"
TARGET_REGION = "us-west-2"
REHEARSAL = "production-for-rehearsals"
"""A snapshot of production that is in the target's region already."""


@dataclass(frozen=True)
class Scenario:
    """A restore that succeeds when nothing goes wrong."""

    name: str
    request: Mapping[str, Any] = field(hash=False)

    @property
    def replaces(self) -> bool:
        """Whether a cluster has the target id before."""
        return bool(self.request.get("replace", "never") != "never")


def _scenario(route: str, replace: str) -> Scenario:
    source = {
        "across_regions": {"source_region": REGION},
        "same_region": {"source_region": TARGET_REGION, "source_snapshot_id": REHEARSAL},
    }[route]
    request = {
        "source_cluster_id": CLUSTER,
        "target_cluster_id": TARGET,
        "replace": replace,
        "initiator": "breakage-suite",
        **source,
    }
    return Scenario(f"{route}/{replace}", request)


MODES = ("never", "delete_first", "swap")

SCENARIOS = {
    scenario.name: scenario
    for route in ("same_region", "across_regions")
    for scenario in (_scenario(route, mode) for mode in MODES)
}
