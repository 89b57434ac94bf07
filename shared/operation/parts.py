"""The parts of an operation: what was chosen, copied, restored, replaced, exported and sent."""

from enum import StrEnum
from typing import Self

from pydantic import Field

from shared.arns import Arn
from shared.model import Model, Moment
from shared.operation.published import Access
from shared.settings import NEAR_QUOTA_PERCENT


class Move(StrEnum):
    """One kind of change that brings a restored cluster nearer to what was asked."""

    CLUSTER = "cluster"
    INSTANCES = "instances"
    MASTER_PASSWORD = "master_password"


class Cutover(StrEnum):
    """How far a `swap` is: old cluster renamed away, candidate promoted, and whether it works.

    From a proof that is due it goes back to stopping and starting where the certificate does not
    have the new name.
    """

    RENAMED_AWAY = "aside"
    PROMOTED = "in"
    PROOF_DUE = "proof_due"
    CERTIFICATE_OUTDATED = "certificate_outdated"
    STOPPING = "stopping"
    STARTING = "starting"
    PROVEN = "proven"


class Hop(Model):
    """One snapshot copy into a region, there under a key if the source is encrypted."""

    source_arn: str
    source_region: str
    region: str
    snapshot_id: str
    kms_key_id: str | None
    account_id: str | None = None
    """The other account that makes the copy, in its role; `None` is this one."""
    share_with: str | None = None
    """The account that may use the copy once it is there."""

    @property
    def copy_arn(self) -> str | None:
        """The ARN of another account's copy; this account's are found by their id."""
        if self.account_id is None:
            return None
        source = Arn.parse(self.source_arn)
        copy = source._replace(region=self.region, account_id=self.account_id)
        return str(copy.sibling(f"cluster-snapshot:{self.snapshot_id}"))


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
    encryption: str | None = None
    """`none`, `sse-rds` or `sse-kms`; operations of earlier versions do not know."""
    percent_progress: int | None = None


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
    databases: int = 0
    """How many there are to prepare; known once their preparation has begun."""
    databases_prepared: int = 0


class ReplacedCluster(Model):
    """The cluster that had the target id before; the resource id tells it from its successors."""

    cluster_id: str
    resource_id: str
    final_snapshot_id: str | None
    instances: int = 0
    differences: tuple[str, ...] = ()
    """What it has and its successor will have otherwise or not at all, in sentences."""
    keeps_backups: bool = False
    """Whether its automated backups are to stay when it is deleted."""


class RenamedAside(ReplacedCluster):
    """What an operation has replaced and not removed, under the name that it may have now."""

    is_proven: bool
    """Whether its successor was seen to serve; otherwise nobody may delete it."""


class SnapshotQuota(Model):
    """How many manual cluster snapshots an account has in a region, and may have."""

    used: int
    most: int

    @property
    def percent(self) -> float:
        return 100 * self.used / self.most if self.most else 100

    @property
    def warning(self) -> str | None:
        """What people should know when it comes near: from four fifths."""
        if self.percent < NEAR_QUOTA_PERCENT:
            return None
        return (
            f"{self.used} of {self.most} manual cluster snapshots of the account exist in the "
            "target region. When all do, restores fail. Delete what is no longer used, lower "
            "final_snapshot_days, or request an increase."
        )


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
