"""The restores that are broken: what is asked for, and what is there before."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from local.rehearsal.production import CLUSTER, REGION

TARGET = "aurora-staging"
TARGET_REGION = "us-west-2"
REHEARSAL = "production-for-rehearsals"
"""A snapshot of production that is in the target's region already."""


@dataclass(frozen=True)
class Scenario:
    """A restore that succeeds when nothing goes wrong, unless it is aborted."""

    name: str
    request: Mapping[str, Any] = field(hash=False)
    aborted_in: tuple[str, int] | None = None
    """A state, and at which of its entries it is aborted: then it is the closing that is broken."""

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


def _aborted(scenario: Scenario, state: str, nth: int) -> Scenario:
    return replace(
        scenario, name=f"aborted/{scenario.name.partition('/')[2]}", aborted_in=(state, nth)
    )


MODES = ("never", "delete_first", "swap")

RESTORES = tuple(
    _scenario(route, mode) for route in ("same_region", "across_regions") for mode in MODES
)
CLOSINGS = (
    # A snapshot copy and a cluster are left.
    _aborted(_scenario("across_regions", "never"), "CheckRestoreStatus", 2),
    # The old cluster is aside, and has to come back.
    _aborted(_scenario("same_region", "swap"), "DeleteRds", 3),
)
SCENARIOS = {scenario.name: scenario for scenario in (*RESTORES, *CLOSINGS)}
