"""The audit trail: what happened to an operation, once per state change, never changed."""

from enum import StrEnum

from pydantic import JsonValue

from shared.model import Model, Moment


class EventType(StrEnum):
    """What an audit event tells."""

    OPERATION_STARTED = "OPERATION_STARTED"
    SNAPSHOT_VALIDATED = "SNAPSHOT_VALIDATED"
    COPY_STARTED = "COPY_STARTED"
    COPY_STATUS_CHECKED = "COPY_STATUS_CHECKED"
    COPY_COMPLETED = "COPY_COMPLETED"
    DELETE_STARTED = "DELETE_STARTED"
    DELETE_STATUS_CHECKED = "DELETE_STATUS_CHECKED"
    TARGET_FREED = "TARGET_FREED"
    RESTORE_STARTED = "RESTORE_STARTED"
    INSTANCES_STARTED = "INSTANCES_STARTED"
    MASTER_PASSWORD_STARTED = "MASTER_PASSWORD_STARTED"
    RESTORE_STATUS_CHECKED = "RESTORE_STATUS_CHECKED"
    RESTORE_COMPLETED = "RESTORE_COMPLETED"
    USERS_CONFIGURED = "USERS_CONFIGURED"
    CUTOVER_STARTED = "CUTOVER_STARTED"
    CUTOVER_STATUS_CHECKED = "CUTOVER_STATUS_CHECKED"
    CANDIDATE_MOVED_IN = "CANDIDATE_MOVED_IN"
    TARGET_SERVED = "TARGET_SERVED"
    LOGIN_PROVEN = "LOGIN_PROVEN"
    REPLACED_CLUSTER_KEPT = "REPLACED_CLUSTER_KEPT"
    CUTOVER_COMPLETED = "CUTOVER_COMPLETED"
    CUTOVER_UNDO_STARTED = "CUTOVER_UNDO_STARTED"
    CUTOVER_UNDONE = "CUTOVER_UNDONE"
    EXPORT_STARTED = "EXPORT_STARTED"
    EXPORT_STATUS_CHECKED = "EXPORT_STATUS_CHECKED"
    EXPORT_COMPLETED = "EXPORT_COMPLETED"
    SNAPSHOT_DELETE_STARTED = "SNAPSHOT_DELETE_STARTED"
    SNAPSHOT_DELETE_STATUS_CHECKED = "SNAPSHOT_DELETE_STATUS_CHECKED"
    SNAPSHOT_DELETED = "SNAPSHOT_DELETED"
    SNAPSHOTS_ARCHIVED = "SNAPSHOTS_ARCHIVED"
    OPERATION_COMPLETED = "OPERATION_COMPLETED"
    OPERATION_FAILED = "OPERATION_FAILED"
    ABANDONMENT_STARTED = "ABANDONMENT_STARTED"
    OPERATION_ABANDONED = "OPERATION_ABANDONED"
    OPERATION_REDRIVEN = "OPERATION_REDRIVEN"
    NOTIFICATION_SENT = "NOTIFICATION_SENT"


class Outcome(StrEnum):
    """Whether what an audit event tells went well."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class Failure(Model):
    """Why an operation failed: the error's name, its message, and the step it ended in."""

    name: str
    message: str
    step: str | None
    occurred_at: Moment


class AuditEvent(Model):
    """One entry of the trail; `timestamp` is unique within its operation."""

    operation_id: str
    timestamp: Moment
    event_type: EventType
    details: dict[str, JsonValue]
    status: Outcome = Outcome.SUCCESS
    error: Failure | None = None
