"""What AWS says about clusters, instances and snapshots, as values that answer questions.

The status lists are those of the Aurora user guide; a status that is in none of them counts as
transient, until the phase's deadline.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from shared import names
from shared.arns import Arn
from shared.errors import NotOurs, RestoreFailed

ENGINE = "aurora-postgresql"
"""The one engine whose clusters this pipeline restores, replaces and removes."""

AVAILABLE = "available"
DELETING = "deleting"
RENAMING = "renaming"
STOPPING = "stopping"
STOPPED = "stopped"

_CLUSTER_DEAD_ENDS = frozenset(
    {
        "cloning-failed",
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-create",
        "incompatible-parameters",
        "incompatible-restore",
        "migration-failed",
        STOPPED,
        "upgrade-failed",
    }
)
_INSTANCE_DEAD_ENDS = frozenset(
    {
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-create",
        "incompatible-network",
        "incompatible-option-group",
        "incompatible-parameters",
        "incompatible-restore",
        "insufficient-capacity",
        "restore-error",
        "storage-full",
        "upgrade-failed",
    }
)
_NEW_NAME = "DBClusterIdentifier"
_NEW_VERSION = "EngineVersion"
_NEW_PASSWORD = "MasterUserPassword"
_SNAPSHOT_DEAD_ENDS = frozenset({"failed"})
_EXPORT_DEAD_ENDS = frozenset({"CANCELED", "CANCELING", "FAILED"})


class Encryption(StrEnum):
    """How a snapshot is encrypted at rest, in RDS's words (`StorageEncryptionType`)."""

    NONE = "none"
    RDS = "sse-rds"
    """With a key that AWS owns: nobody sees it, has to name it or can share it. RDS says
    `StorageEncrypted=false`, as of what is not encrypted."""
    KMS = "sse-kms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What clusters, instances and snapshots have in common: an id, a status, and tags."""

    dead_ends: ClassVar[frozenset[str]]

    id: str
    status: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def was_made_by(self, operation_id: str | None) -> bool:
        """Whether it carries this operation's tag; what somebody else made carries none."""
        return operation_id is not None and self.tags.get(names.TAG_OPERATION) == operation_id

    def check_made_by(self, operation_id: str) -> None:
        """Raise `NotOurs` when it has our name, and this operation did not make it."""
        if not self.was_made_by(operation_id):
            raise NotOurs(
                f"There is a {type(self).__name__.lower()} {self.id} already, and it was not made "
                f"by operation {operation_id}. Remove or rename it, or restore under another name."
            )

    @property
    def is_available(self) -> bool:
        return self.status == AVAILABLE

    @property
    def is_deleting(self) -> bool:
        return self.status == DELETING

    @property
    def has_failed(self) -> bool:
        """In a status that it cannot leave by itself."""
        return self.status in self.dead_ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Resource):
    """A cluster snapshot as RDS describes it."""

    dead_ends = _SNAPSHOT_DEAD_ENDS

    arn: str
    cluster_id: str
    kind: str
    percent: int | None
    created_at: datetime | None
    engine: str
    engine_version: str
    engine_mode: str = "provisioned"
    encryption: Encryption
    kms_key_id: str | None
    master_username: str
    cluster_resource_id: str | None = None

    @property
    def encrypted(self) -> bool:
        """Whether it is under a key that somebody has to be allowed to use."""
        return self.encryption is Encryption.KMS

    @property
    def wording(self) -> str:
        return f"snapshot {self.id}"

    @property
    def region(self) -> str:
        return Arn.parse(self.arn).region

    @property
    def account_id(self) -> str:
        """The account that it belongs to, which may have shared it."""
        return Arn.parse(self.arn).account_id

    @property
    def name(self) -> str:
        """Its id in its own account; for others its id is the ARN."""
        return Arn.parse(self.arn).name

    @property
    def cluster_arn(self) -> str:
        """The cluster that it is of, which may be gone."""
        return str(Arn.parse(self.arn).sibling(f"cluster:{self.cluster_id}"))

    @property
    def major_version(self) -> str:
        return self.engine_version.split(".")[0]

    @property
    def family(self) -> str:
        return f"{self.engine}{self.major_version}"

    @property
    def is_serverless_v1(self) -> bool:
        """Whether it is of a cluster without instances, of a kind that RDS has discontinued."""
        return self.engine_mode == "serverless" or "serverless" in self.engine_version

    @property
    def is_limitless(self) -> bool:
        """Whether it is of a cluster made of shard groups."""
        return self.engine_version.endswith("-limitless")

    @property
    def is_shared(self) -> bool:
        """Whether another account has shared it with this one."""
        return self.kind == "shared"

    def is_temporary_of(self, deployment: str) -> bool:
        """Whether this deployment made it, as a copy to restore from."""
        return self.tags.get(names.TAG_TEMPORARY) == deployment

    def is_final_of(self, deployment: str) -> bool:
        """Whether this deployment took it of a cluster that it deleted, and not for ever."""
        is_tagged = self.tags.get(names.TAG_FINAL) == deployment
        # Tags may have been copied to what is somebody else's.
        return is_tagged and names.is_final_snapshot(self.id)

    @property
    def is_borrowed(self) -> bool:
        """Whether an operation made it, and deletes it when it ends: it is not to be kept."""
        return names.TAG_TEMPORARY in self.tags and names.TAG_DELETE_AFTER not in self.tags

    def has_expired(self, now: datetime) -> bool:
        """Whether it was to be kept until a time that has passed."""
        return names.has_expired(self.tags, now)


class Member(NamedTuple):
    """An instance as its cluster lists it."""

    instance_id: str
    is_writer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster(Resource):
    """A cluster as RDS describes it."""

    dead_ends = _CLUSTER_DEAD_ENDS

    arn: str
    resource_id: str
    engine: str
    engine_version: str
    created_at: datetime | None
    endpoint: str | None
    reader_endpoint: str | None
    port: int | None
    master_username: str
    master_secret_arn: str | None
    members: tuple[Member, ...]
    is_protected: bool
    global_cluster_id: str | None
    replication_source: str | None
    read_replicas: tuple[str, ...]
    kms_key_id: str | None = None
    recovery_point: str | None = None
    """What AWS Backup keeps of it, for restores to any point in time."""
    pending: frozenset[str] = frozenset()
    """What is to change: keys of `PendingModifiedValues`. Some wait for a maintenance window."""
    becomes: str | None = None
    """The id that it is to get, now or in a maintenance window; `None` while no rename is known."""
    master_secret_status: str | None = None
    roles: tuple[str, ...] = ()
    """The IAM roles that it is associated with, and what for: `arn… (s3Import)`."""
    security_groups: tuple[str, ...] = ()
    parameter_group: str | None = None
    upgrades_itself: bool | None = None
    """Whether minor versions are applied by maintenance; `None` where RDS does not say."""
    is_limitless: bool = False
    """Made of shard groups instead of instances alone."""

    @property
    def major_version(self) -> str:
        return self.engine_version.split(".")[0]

    @property
    def is_renaming(self) -> bool:
        """Whether it is getting another id; at first RDS says so in its pending changes alone."""
        return self.status == RENAMING or _NEW_NAME in self.pending

    @property
    def is_to_be_upgraded(self) -> bool:
        """Whether a new engine version waits for the maintenance window."""
        return _NEW_VERSION in self.pending

    @property
    def is_stopping(self) -> bool:
        return self.status in (STOPPING, STOPPED)

    @property
    def is_stopped(self) -> bool:
        """Stopped by somebody; RDS starts it again after seven days."""
        return self.status == STOPPED

    def check_not_stopped(self) -> None:
        """Raise `RestoreFailed` when somebody has stopped it while it was being restored."""
        if self.is_stopped:
            raise RestoreFailed(
                f"Cluster {self.id} was stopped while it was being restored. Start it, then "
                "redrive the execution."
            )

    @property
    def can_be_renamed(self) -> bool:
        return self.is_available and not self.is_renaming

    @property
    def is_stable(self) -> bool:
        """Available, with neither a new id nor a new master password still to come.

        Nothing else is waited for: a new version may wait for a maintenance window, and what
        concerns instances, such as the export of logs, may wait for the first of them.
        """
        return self.can_be_renamed and _NEW_PASSWORD not in self.pending

    @property
    def finished_master_secret(self) -> str | None:
        """The ARN of the secret that RDS manages, unless it is only announced and being made."""
        return None if self.master_secret_status == "creating" else self.master_secret_arn

    def keeps_backups(self, final_snapshot_id: str | None, *, unless_saved: bool) -> bool:
        """Whether its automated backups stay when it is deleted: `unless_saved`, if not saved."""
        return self.recovery_point is not None or (unless_saved and final_snapshot_id is None)

    @property
    def is_replicated(self) -> bool:
        return bool(self.global_cluster_id or self.replication_source or self.read_replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance(Resource):
    """An instance of a cluster as RDS describes it."""

    dead_ends = _INSTANCE_DEAD_ENDS

    cluster_id: str | None
    parameter_group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTask:
    """An export of a snapshot to S3 as RDS describes it; its statuses are in upper case."""

    id: str
    source_arn: str
    bucket: str
    prefix: str
    status: str
    percent: int | None
    failure_cause: str | None
    warning: str | None

    @property
    def location(self) -> str:
        """Where the data goes: RDS makes a folder of the task's id."""
        return f"s3://{'/'.join(part for part in (self.bucket, self.prefix, self.id) if part)}/"

    @property
    def is_complete(self) -> bool:
        return self.status == "COMPLETE"

    @property
    def has_failed(self) -> bool:
        """In a status that does not lead to completion."""
        return self.status in _EXPORT_DEAD_ENDS
