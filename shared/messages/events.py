"""An audit trail for people: which step an event comes from, and what it says in a few words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.operation.audit import AuditEvent, EventType
from shared.steps import Step

Details = Mapping[str, Any]

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
    EventType.MASTER_PASSWORD_OUTDATED: Step.SETUP_DB_USERS,
    EventType.USERS_PARTLY_CONFIGURED: Step.SETUP_DB_USERS,
    EventType.USERS_CONFIGURED: Step.SETUP_DB_USERS,
    EventType.CUTOVER_STARTED: Step.DELETE_RDS,
    EventType.CUTOVER_STATUS_CHECKED: Step.DELETE_RDS,
    EventType.CANDIDATE_MOVED_IN: Step.DELETE_RDS,
    EventType.TARGET_SERVED: Step.DELETE_RDS,
    EventType.CERTIFICATE_OUTDATED: Step.SETUP_DB_USERS,
    EventType.CERTIFICATE_RENEWAL_STARTED: Step.DELETE_RDS,
    EventType.RESTORED_CLUSTER_STARTED: Step.DELETE_RDS,
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


def is_only_a_check(event: AuditEvent) -> bool:
    """Whether an event says no more than that something was still under way."""
    return event.event_type.endswith("_STATUS_CHECKED")


def cutover(events: Sequence[AuditEvent]) -> list[AuditEvent]:
    """The part of a trail in which one cluster takes another's place, or all that is left of it."""
    types = [event.event_type for event in events]
    first = types.index(EventType.CUTOVER_STARTED) if EventType.CUTOVER_STARTED in types else 0
    done = EventType.CUTOVER_COMPLETED
    return list(events[first : types.index(done) + 1 if done in types else None])


def words(event: AuditEvent) -> str:
    """What an event says, in a few words."""
    in_words = _WORDS.get(event.event_type)
    return in_words(event.details) if in_words else event.event_type.replace("_", " ").lower()


def _copy(details: Details) -> str:
    account = details["target_account_id"]
    return f"to {details['target_snapshot_id']}" + (f" in {account}" if account else "")


def _progress(details: Details) -> str:
    return f"{details['percent_progress']} % {details['snapshot_status']}"


def _restore(details: Details) -> str:
    instances = [f"instance {status}" for status in details["instances"].values()]
    return ", ".join([f"cluster {details['cluster_status']}", *instances])


def _users(details: Details) -> str:
    return f"{len(details['users'])} users, {len(details['locked_logins'])} logins locked"


def _databases(details: Details) -> str:
    return f"{details['databases_prepared']} of {details['databases']} databases prepared"


def _renaming(details: Details) -> str:
    """The clusters that are busy, or all when none is."""
    clusters = [f"{name} {status}" for name, status in details["clusters"].items()]
    busy = [cluster for cluster in clusters if not cluster.endswith(" available")]
    return ", ".join(busy or clusters)


def _deletion(details: Details) -> str:
    if instances := details.get("instances"):
        return f"instances {', '.join(instances)}"
    return f"cluster {details['cluster_id']}"


_WORDS: Mapping[EventType, Callable[[Details], str]] = {
    EventType.SNAPSHOT_VALIDATED: lambda it: str(it["snapshot"]["source_snapshot_id"]),
    EventType.COPY_STARTED: _copy,
    EventType.COPY_STATUS_CHECKED: _progress,
    EventType.COPY_COMPLETED: _progress,
    EventType.RESTORE_STARTED: lambda it: f"cluster {it['target_cluster_id']}",
    EventType.INSTANCES_STARTED: lambda it: f"instances {', '.join(it['instances'])}",
    EventType.MASTER_PASSWORD_STARTED: lambda it: f"password of {it['master_username']}",
    EventType.RESTORE_STATUS_CHECKED: _restore,
    EventType.RESTORE_COMPLETED: _restore,
    EventType.MASTER_PASSWORD_OUTDATED: lambda _: "the admin secret has changed",
    EventType.USERS_PARTLY_CONFIGURED: _databases,
    EventType.USERS_CONFIGURED: _users,
    EventType.CUTOVER_STARTED: lambda it: f"old becomes {it['renamed_to']}",
    EventType.CANDIDATE_MOVED_IN: lambda it: f"new becomes {it['renamed_to']}",
    EventType.CUTOVER_STATUS_CHECKED: _renaming,
    EventType.TARGET_SERVED: lambda it: f"new is {it['cluster_id']}",
    EventType.CERTIFICATE_OUTDATED: lambda it: f"the certificate does not name {it['cluster_id']}",
    EventType.CERTIFICATE_RENEWAL_STARTED: lambda it: f"{it['cluster_id']} stops, for a new one",
    EventType.RESTORED_CLUSTER_STARTED: lambda it: f"{it['cluster_id']} starts",
    EventType.LOGIN_PROVEN: lambda it: f"{len(it['users'])} users log in to {it['cluster_id']}",
    EventType.DELETE_STARTED: _deletion,
    EventType.DELETE_STATUS_CHECKED: lambda it: f"cluster {it['cluster_status']}",
}
