"""The parts of a state: what was chosen, made, replaced, planned, exported and told."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field

from shared.copying.route import Hop
from shared.model import Model, Moment


class Move(StrEnum):
    """One kind of change that brings a restored cluster nearer to what was asked."""

    CLUSTER = "cluster"
    INSTANCES = "instances"
    MASTER_PASSWORD = "master_password"


class Cutover(StrEnum):
    """The last move of a `swap`: the old cluster aside, the candidate in, and whether it works."""

    ASIDE = "aside"
    IN = "in"
    PROOF_DUE = "proof_due"
    PROVEN = "proven"


class SnapshotDetails(Model):
    """The chosen snapshot, and the copy of it that will be restored."""

    source_snapshot_id: str
    snapshot_arn: str
    snapshot_status: str
    target_snapshot_id: str | None
    created_at: Moment | None
    engine: str
    engine_version: str
    encrypted: bool
    kms_key_id: str | None
    percent_progress: int | None = None


class Access(Model):
    """How a user of the templates gets in, and where to; never with what."""

    username: str
    auth: Literal["password", "iam"]
    template: str
    databases: tuple[str, ...]


class RestoreDetails(Model):
    """The restored cluster, as it was last seen."""

    cluster_id: str
    cluster_status: str
    writer_endpoint: str | None = None
    reader_endpoint: str | None = None
    port: int | None = None
    instances: dict[str, str] = Field(default_factory=dict)
    users: tuple[str, ...] = ()
    access: tuple[Access, ...] = ()
    locked_logins: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What people should know before they let anybody in, as sentences."""


class ReplacedCluster(Model):
    """The cluster that had the target id before; the resource id tells it from its successors."""

    cluster_id: str
    resource_id: str
    final_snapshot_id: str | None
    instances: int = 0


class TemporarySnapshot(Model):
    """A snapshot copy that this operation made, and that is still there."""

    region: str
    snapshot_id: str
    account_id: str | None = None
    """The other account that it is in, if it is not in this one."""

    @classmethod
    def of(cls, hop: Hop) -> Self:
        """The copy that a hop makes."""
        return cls(region=hop.region, snapshot_id=hop.snapshot_id, account_id=hop.account_id)

    @property
    def where(self) -> str:
        """Its region, and its account if that is another one, in words."""
        return self.region + (f" of account {self.account_id}" if self.account_id else "")


class Plan(Model):
    """What a restore would do, in words; `None` is unknown."""

    creates: tuple[str, ...]
    deletes: tuple[str, ...]
    estimated_seconds: float | None
    estimated_from: int
    """How many earlier operations the estimate is from."""
    monthly_price: str | None


class SnapshotExport(Model):
    """The export of the snapshot that was restored, as it was last seen."""

    task_id: str
    location: str
    status: str
    percent_progress: int | None
    warning: str | None
    is_complete: bool


class Notification(Model):
    """The message that went out."""

    message_id: str
    sent_at: Moment
