"""The names of what a deployment publishes, stores and makes: metrics, indexes, tags, ids."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum


class Metric(StrEnum):
    """A metric that the steps publish, beside the durations of an operation."""

    STEP_SUCCEEDED = "StepSucceeded"
    STEP_FAILED = "StepFailed"
    OPERATION_AGE = "OperationAge"
    RESTORE_SUCCEEDED = "RestoreSucceeded"
    RESTORE_FAILED = "RestoreFailed"
    TEMPORARY_SNAPSHOTS_LEFT = "TemporarySnapshotsLeft"
    LEFTOVERS_NOT_REMOVED = "LeftoversNotRemoved"
    SNAPSHOT_QUOTA_USED = "SnapshotQuotaUsed"


METRICS_NAMESPACE = "AuroraRestore"
METRICS_DEPLOYMENT = "RESTORE_DEPLOYMENT"
"""The environment variable with the name of the deployment, a dimension of every metric."""
DEFAULT_DEPLOYMENT = "aurora-restore"

BY_TARGET_CLUSTER = "by_target_cluster"
BY_SOURCE_CLUSTER = "by_source_cluster"
LOCK = "LOCK#"
"""What the keys of locks in the state table begin with."""

TAG_OPERATION = "aurora-restore:operation-id"
TAG_SOURCE_SNAPSHOT = "aurora-restore:source-snapshot"
TAG_TARGET_CLUSTER = "aurora-restore:target-cluster"
TAG_TEMPORARY = "aurora-restore:temporary"
TAG_TAKEN_AT = "aurora-restore:taken-at"
"""On a copy: when the original was taken."""
TAG_DELETE_AFTER = "aurora-restore:delete-after"
TAG_REPLACED_BY = "aurora-restore:replaced-by"
TAG_FINAL_SNAPSHOT = "aurora-restore:final-snapshot"
TAG_FINAL = "aurora-restore:final"
"""On a final snapshot that is not kept for ever: the deployment that took it."""


_FINAL_SNAPSHOT = re.compile(r"-final-\d{4}-\d{2}-\d{2}-[0-9a-f]{6}$")


def deployment(name: str, account_id: str, region: str) -> str:
    """A deployment's name among all accounts; its snapshots carry it, its stacks elsewhere too."""
    return f"{name}-{account_id}-{region}"


def trust_store(region: str) -> str:
    """Where AWS offers the certificates of RDS in a region's partition (Aurora user guide)."""
    is_gov_cloud = region.startswith("us-gov-")
    place = "us-gov-west-1." if is_gov_cloud else ""
    return f"https://truststore.pki.{place}rds.amazonaws.com"


def has_expired(tags: Mapping[str, str], now: datetime) -> bool:
    """Whether the tags name a time that has passed; an unreadable one has not."""
    delete_after = time_in(tags, TAG_DELETE_AFTER)
    return delete_after is not None and delete_after < now


def time_in(tags: Mapping[str, str], tag: str) -> datetime | None:
    """The time that a tag names, in UTC unless it says otherwise; `None` if it names none."""
    try:
        named = datetime.fromisoformat(tags[tag])
    except (KeyError, ValueError):
        return None
    return named.replace(tzinfo=UTC) if named.tzinfo is None else named


def operation_id(execution_arn: str, started_at: datetime) -> str:
    """The id of the operation of an execution: always the same, and unique to the execution."""
    started = started_at.astimezone(UTC)
    return f"restore-{started:%Y%m%d-%H%M%S}-{fingerprint(execution_arn)}"


def copy_id(cluster_id: str, taken_at: datetime, operation_id: str) -> str:
    """The id of a temporary snapshot: `<cluster>-<date>-copy-<fingerprint>`.

    Not the source's id with a suffix: `rds:` is not allowed in the id of a copy.
    """
    return _joined(cluster_id, f"{taken_at:%Y-%m-%d}-copy-{fingerprint(operation_id)}")


def final_snapshot_id(cluster_id: str, day: datetime, operation_id: str) -> str:
    """The id of the final snapshot of a replaced cluster; no other may ever have it."""
    return _joined(cluster_id, f"final-{day:%Y-%m-%d}-{fingerprint(operation_id)}")


def is_final_snapshot(snapshot_id: str) -> bool:
    """Whether `final_snapshot_id` could have made this id."""
    return _FINAL_SNAPSHOT.search(snapshot_id) is not None


def candidate_id(cluster_id: str, operation_id: str) -> str:
    """The id under which a cluster is restored that is to replace another one."""
    return _joined(cluster_id, f"candidate-{fingerprint(operation_id)}")


def replaced_id(cluster_id: str, operation_id: str) -> str:
    """The id under which a replaced cluster is kept until it is deleted."""
    return _joined(cluster_id, f"replaced-{fingerprint(operation_id)}")


def export_id(cluster_id: str, day: datetime, operation_id: str, attempt: int) -> str:
    """The id of the `attempt`-th export (from 1) of a snapshot; RDS allows it 60 characters."""
    suffix = f"{day:%Y-%m-%d}-export-{fingerprint(operation_id)}-{attempt}"
    return _joined(cluster_id, suffix, longest=60)


def instance_id(cluster_id: str, number: int, operation_id: str) -> str:
    """The id of the `number`-th instance (from 1, the writer) of a restored cluster."""
    return _joined(cluster_id, f"{fingerprint(operation_id)}-{number}")


def lock_id(account_id: str, region: str, cluster_id: str) -> str:
    """The key of the item that only one operation at a time can put for a target."""
    return f"{LOCK}{account_id}#{region}#{cluster_id}"


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def _joined(cluster_id: str, suffix: str, longest: int = 63) -> str:
    """Keep within what RDS allows an identifier, without a double hyphen at the seam."""
    return f"{cluster_id[: longest - 1 - len(suffix)].rstrip('-')}-{suffix}"
