"""The errors the simulated RDS answers with.

A code is what botocore's model of RDS has as the error's code, which is not always the
exception's name: `SnapshotQuotaExceeded`, `DBInstanceNotFound` and others lack the `Fault`.
"""

from moto.core.errors import COMMON_ERROR_CODES
from moto.core.exceptions import ServiceException

EXPORT_LIMIT_REACHED = "ExportTaskLimitReachedFault"
"""RDS answers with it, but its model does not have it; moto has a list of such codes."""

COMMON_ERROR_CODES.append(EXPORT_LIMIT_REACHED)


class Fault(ServiceException):  # type: ignore[misc]  # moto is not typed
    """An error answer: its code, and a message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def invalid_value(message: str) -> Fault:
    return Fault("InvalidParameterValue", message)


def invalid_combination(message: str) -> Fault:
    return Fault("InvalidParameterCombination", message)


def cluster_not_found(identifier: str) -> Fault:
    return Fault("DBClusterNotFoundFault", f"DBCluster {identifier} not found.")


def cluster_exists(identifier: str) -> Fault:
    return Fault("DBClusterAlreadyExistsFault", f"DB cluster {identifier} already exists.")


def cluster_busy(identifier: str, status: str) -> Fault:
    return Fault(
        "InvalidDBClusterStateFault",
        f"DB cluster {identifier} is {status}; this cannot be done now.",
    )


def instance_not_found(identifier: str) -> Fault:
    return Fault("DBInstanceNotFound", f"DBInstance {identifier} not found.")


def snapshot_not_found(identifier: str) -> Fault:
    return Fault("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {identifier} not found.")


def snapshot_exists(identifier: str) -> Fault:
    return Fault(
        "DBClusterSnapshotAlreadyExistsFault", f"DB cluster snapshot {identifier} already exists."
    )


def snapshot_unusable(message: str) -> Fault:
    return Fault("InvalidDBClusterSnapshotStateFault", message)


def snapshot_quota(message: str) -> Fault:
    """One code for two limits: whether snapshots or copies are too many, only the message says."""
    return Fault("SnapshotQuotaExceeded", message)


def key_not_accessible(key: str) -> Fault:
    return Fault(
        "KMSKeyNotAccessibleFault",
        f"KMS key {key} does not exist in this region, is not enabled, or may not be used.",
    )


def parameter_group_not_found(name: str) -> Fault:
    return Fault("DBParameterGroupNotFound", f"DB parameter group {name} not found.")
