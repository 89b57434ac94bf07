"""What the simulated operations share."""

from dataclasses import dataclass

from local.aurora.model.limits import Quotas
from local.aurora.model.storage import Storage
from local.aurora.model.timeline import Timeline


@dataclass
class Simulation:
    timeline: Timeline
    storage: Storage
    quotas: Quotas
    postgresql_version: str
    """The region's default version of Aurora PostgreSQL."""
    restore_status: str = "creating"
    """What a cluster shows while it is being restored; `migrating` is possible too."""
