"""The audit trail for a reader: which step an event comes from, and what it says."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.operation.audit import EventType
from shared.steps import Step

Event = Mapping[str, Any]

STEP_OF: Mapping[EventType, Step] = {
    EventType.OPERATION_STARTED: Step.SNAPSHOT_CHECK,
    EventType.SNAPSHOT_VALIDATED: Step.SNAPSHOT_CHECK,
    EventType.RESTORE_PLANNED: Step.SNAPSHOT_CHECK,
    EventType.COPY_STARTED: Step.COPY_SNAPSHOT,
    EventType.COPY_STATUS_CHECKED: Step.CHECK_COPY_STATUS,
    EventType.COPY_COMPLETED: Step.CHECK_COPY_STATUS,
    EventType.DELETE_STARTED: Step.DELETE_RDS,
    EventType.DELETE_STATUS_CHECKED: Step.DELETE_RDS,
    EventType.TARGET_FREED: Step.DELETE_RDS,
    EventType.RESTORE_STARTED: Step.RESTORE_SNAPSHOT,
    EventType.INSTANCES_STARTED: Step.RESTORE_SNAPSHOT,
    EventType.MASTER_PASSWORD_STARTED: Step.RESTORE_SNAPSHOT,
    EventType.RESTORE_STATUS_CHECKED: Step.CHECK_RESTORE_STATUS,
    EventType.RESTORE_COMPLETED: Step.CHECK_RESTORE_STATUS,
    EventType.USERS_CONFIGURED: Step.SETUP_DB_USERS,
    EventType.CUTOVER_STARTED: Step.DELETE_RDS,
    EventType.CUTOVER_STATUS_CHECKED: Step.DELETE_RDS,
    EventType.CANDIDATE_MOVED_IN: Step.DELETE_RDS,
    EventType.TARGET_SERVED: Step.DELETE_RDS,
    EventType.LOGIN_PROVEN: Step.SETUP_DB_USERS,
    EventType.REPLACED_CLUSTER_KEPT: Step.DELETE_RDS,
    EventType.CUTOVER_COMPLETED: Step.DELETE_RDS,
    EventType.CUTOVER_UNDO_STARTED: Step.SNS_NOTIFICATION,
    EventType.CUTOVER_UNDONE: Step.SNS_NOTIFICATION,
    EventType.CUTOVER_UNDO_BARRED: Step.SNS_NOTIFICATION,
    EventType.EXPORT_STARTED: Step.ARCHIVE_SNAPSHOT,
    EventType.EXPORT_STATUS_CHECKED: Step.ARCHIVE_SNAPSHOT,
    EventType.EXPORT_COMPLETED: Step.ARCHIVE_SNAPSHOT,
    EventType.SNAPSHOT_DELETE_STARTED: Step.ARCHIVE_SNAPSHOT,
    EventType.SNAPSHOT_DELETE_STATUS_CHECKED: Step.ARCHIVE_SNAPSHOT,
    EventType.SNAPSHOT_DELETED: Step.ARCHIVE_SNAPSHOT,
    EventType.SNAPSHOTS_ARCHIVED: Step.ARCHIVE_SNAPSHOT,
    EventType.ABANDONMENT_STARTED: Step.SNAPSHOT_CHECK,
    EventType.OPERATION_ABANDONED: Step.SNAPSHOT_CHECK,
    EventType.OPERATION_COMPLETED: Step.SNS_NOTIFICATION,
    EventType.OPERATION_FAILED: Step.SNS_NOTIFICATION,
    EventType.NOTIFICATION_SENT: Step.SNS_NOTIFICATION,
}
"""Where an event comes from. `OPERATION_REDRIVEN` is not in it: any step can be the first again."""


def only_looks(event: Event) -> bool:
    """Whether an event says no more than that something was still under way."""
    return str(event["event_type"]).endswith("_STATUS_CHECKED")


def cutover(events: Sequence[Event]) -> list[Event]:
    """The part of a trail in which one cluster takes another's place, or all that is left of it."""
    types = [event["event_type"] for event in events]
    first = types.index(EventType.CUTOVER_STARTED) if EventType.CUTOVER_STARTED in types else 0
    done = EventType.CUTOVER_COMPLETED
    return list(events[first : types.index(done) + 1 if done in types else None])


def words(event: Event) -> str:
    """What an event says, in a few words."""
    details = event["details"]
    match EventType(event["event_type"]):
        case EventType.SNAPSHOT_VALIDATED:
            return str(details["snapshot"]["source_snapshot_id"])
        case EventType.COPY_STARTED:
            account = details["target_account_id"]
            return f"to {details['target_snapshot_id']}" + (f" in {account}" if account else "")
        case EventType.COPY_STATUS_CHECKED | EventType.COPY_COMPLETED:
            return f"{details['percent_progress']} % {details['snapshot_status']}"
        case EventType.RESTORE_STARTED:
            return f"cluster {details['target_cluster_id']}"
        case EventType.INSTANCES_STARTED:
            return f"instances {', '.join(details['instances'])}"
        case EventType.MASTER_PASSWORD_STARTED:
            return f"password of {details['master_username']}"
        case EventType.RESTORE_STATUS_CHECKED | EventType.RESTORE_COMPLETED:
            instances = [f"instance {status}" for status in details["instances"].values()]
            return ", ".join([f"cluster {details['cluster_status']}", *instances])
        case EventType.USERS_CONFIGURED:
            return f"{len(details['users'])} users, {len(details['locked_logins'])} logins locked"
        case EventType.CUTOVER_STARTED:
            return f"old becomes {details['renamed_to']}"
        case EventType.CANDIDATE_MOVED_IN:
            return f"new becomes {details['renamed_to']}"
        case EventType.CUTOVER_STATUS_CHECKED:
            clusters = [f"{name} {status}" for name, status in details["clusters"].items()]
            busy = [cluster for cluster in clusters if not cluster.endswith(" available")]
            return ", ".join(busy or clusters)
        case EventType.TARGET_SERVED:
            return f"new is {details['cluster_id']}"
        case EventType.LOGIN_PROVEN:
            return f"{len(details['users'])} users log in to {details['cluster_id']}"
        case EventType.DELETE_STARTED if "instances" in details:
            return f"instances {', '.join(details['instances'])}"
        case EventType.DELETE_STARTED:
            return f"cluster {details['cluster_id']}"
        case EventType.DELETE_STATUS_CHECKED:
            return f"cluster {details['cluster_status']}"
        case other:
            return other.replace("_", " ").lower()
