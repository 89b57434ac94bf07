"""How long the simulated RDS takes, and how much it allows."""

from dataclasses import dataclass, fields
from typing import Literal

Kind = Literal[
    "cluster",
    "instance",
    "snapshot",
    "copy",
    "restore",
    "rename",
    "absent",
    "echo",
    "pending",
    "password",
    "secret",
    "stop",
    "start",
    "reboot",
    "delete_cluster",
    "delete_instance",
    "delete_snapshot",
    "export",
    "cancel_export",
]
"""The kinds of work that take RDS time."""


@dataclass
class Durations:
    """Seconds of simulated time for each kind of work; work that has started keeps its end."""

    cluster: float = 4 * 60
    instance: float = 8 * 60
    snapshot: float = 5 * 60
    copy: float = 20 * 60
    restore: float = 15 * 60
    rename: float = 60
    absent: float = 5
    """How long a cluster that is being renamed is found under neither of its identifiers."""
    echo: float = 20
    """How long a renamed cluster is still listed under its old identifier as well."""
    pending: float = 15
    """How long a new name or master password stays pending before it is being set."""
    password: float = 30
    secret: float = 90
    """How long RDS makes a secret that it manages; a guess, and longer than the password takes."""
    stop: float = 3 * 60
    start: float = 5 * 60
    reboot: float = 30
    delete_cluster: float = 3 * 60
    delete_instance: float = 5 * 60
    delete_snapshot: float = 30
    export: float = 45 * 60
    cancel_export: float = 60

    @classmethod
    def none(cls) -> "Durations":
        """Everything is done by the next call: for setting a scene."""
        return cls(**{field.name: 0.0 for field in fields(cls)})

    def of(self, kind: Kind) -> float:
        seconds: float = getattr(self, kind)
        return seconds


@dataclass
class Quotas:
    """What one account may have, per region."""

    manual_snapshots: int = 100
    cross_region_copies: int = 5
    clusters: int = 40
    instances: int = 40
    accounts_per_shared_snapshot: int = 20
    exports_under_way: int = 5
    retained_backups: int = 40
