"""A restore on the terminal: live while it runs, and what it left to read."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

from local.evidence import Evidence
from local.scene import Scene
from shared.audit import EventType
from shared.names import Step

_LOOKS_PER_SECOND = 8

# Which step an audit event comes from.
_STEP_OF = {
    EventType.OPERATION_STARTED: Step.SNAPSHOT_CHECK,
    EventType.SNAPSHOT_VALIDATED: Step.SNAPSHOT_CHECK,
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
    EventType.SNAPSHOT_DELETE_STARTED: Step.ARCHIVE_SNAPSHOT,
    EventType.SNAPSHOT_DELETE_STATUS_CHECKED: Step.ARCHIVE_SNAPSHOT,
    EventType.SNAPSHOT_DELETED: Step.ARCHIVE_SNAPSHOT,
    EventType.SNAPSHOTS_ARCHIVED: Step.ARCHIVE_SNAPSHOT,
    EventType.OPERATION_COMPLETED: Step.SNS_NOTIFICATION,
    EventType.OPERATION_FAILED: Step.SNS_NOTIFICATION,
    EventType.NOTIFICATION_SENT: Step.SNS_NOTIFICATION,
}

_read = TypeDeserializer().deserialize


class Restore:
    """An execution and its operation, read through the API as any client could."""

    def __init__(self, scene: Scene, execution_arn: str, operation_id: str) -> None:
        self._scene = scene
        self._arn = execution_arn
        self._operation_id = operation_id

    def status(self) -> str:
        states = self._scene.cloud.client("stepfunctions")
        return str(states.describe_execution(executionArn=self._arn)["status"])

    def events(self, after: str = "") -> list[dict[str, Any]]:
        """The audit events later than the timestamp `after`."""
        answer = self._scene.cloud.client("dynamodb").query(
            TableName=self._scene.deployment.audit_table,
            KeyConditionExpression="operation_id = :id AND #at > :after",
            ExpressionAttributeNames={"#at": "timestamp"},
            ExpressionAttributeValues={
                ":id": {"S": self._operation_id},
                ":after": {"S": after or "0"},
            },
        )
        return [{name: _read(value) for name, value in item.items()} for item in answer["Items"]]

    def state(self) -> dict[str, Any]:
        """The state item."""
        answer = self._scene.cloud.client("dynamodb").get_item(
            TableName=self._scene.deployment.state_table,
            Key={"operation_id": {"S": self._operation_id}},
        )
        return {name: _read(value) for name, value in answer["Item"].items()}

    def follow(self, console: Console) -> str:
        """Show every step as it comes, until the execution has ended; returns its status."""
        clock = self._scene.cloud.clock
        begun, latest = clock.now(), ""
        with _progress(console) as progress:
            rows: dict[Step, TaskID] = {}
            while True:
                status = self.status()
                for event in self.events(after=latest):
                    latest = event["timestamp"]
                    _show(progress, rows, event, begun)
                if status != "RUNNING":
                    for row in rows.values():
                        progress.update(row, completed=100, bar=False)
                    return status
                clock.sleep(max(clock.speed, 1) / _LOOKS_PER_SECOND)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(finished_text="[green]✔[/]"),
        TextColumn("{task.description}"),
        TextColumn("[dim]{task.fields[since]}[/]"),
        _BarWhereThereIsAPercentage(bar_width=20),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


class _BarWhereThereIsAPercentage(BarColumn):
    def render(self, task: Any) -> Any:
        return super().render(task) if task.fields["bar"] else ""


def _show(
    progress: Progress, rows: dict[Step, TaskID], event: dict[str, Any], begun: datetime
) -> None:
    step = _STEP_OF[EventType(event["event_type"])]
    if step not in rows:
        for earlier in rows.values():
            progress.update(earlier, completed=100, bar=False)
        since = _elapsed(datetime.fromisoformat(event["timestamp"]) - begun)
        rows[step] = progress.add_task(
            f"{step.state:<19}", total=100, since=since, note="", bar=False
        )
    percent = event["details"].get("percent_progress")
    progress.update(
        rows[step],
        completed=min(int(percent), 99) if percent is not None else 0,
        bar=percent is not None,
        note=_words(event),
    )


def _words(event: dict[str, Any]) -> str:
    """What an event tells, in a few words."""
    details = event["details"]
    match EventType(event["event_type"]):
        case EventType.SNAPSHOT_VALIDATED:
            return str(details["snapshot"]["source_snapshot_id"])
        case EventType.COPY_STARTED:
            return f"to {details['target_snapshot_id']}"
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
        case other:
            return other.replace("_", " ").lower()


def _elapsed(duration: timedelta) -> str:
    minutes, seconds = divmod(max(round(duration.total_seconds()), 0), 60)
    return f"{minutes:>3} min {seconds:02} s"


def show_evidence(console: Console, found: Iterator[Evidence]) -> bool:
    """Print each piece as it is found; returns whether every one holds."""
    all_hold = True
    for one in found:
        all_hold &= one.holds
        mark = "[green]✔[/]" if one.holds else "[red]✘[/]"
        detail = f" [dim]{one.detail}[/]" if one.detail else ""
        console.print(f"  {mark} {one.claim}{detail}", highlight=False)
    return all_hold


def show_audit_trail(console: Console, restore: Restore) -> None:
    """Print the events; looks at something that only show it under way are counted together."""
    table = Table("time (UTC)", "event", "what", box=None, header_style="bold", pad_edge=False)
    pending: list[dict[str, Any]] = []
    for event in restore.events():
        if event["event_type"].endswith("_STATUS_CHECKED"):
            pending.append(event)
            continue
        _add_looks(table, pending)
        table.add_row(event["timestamp"][11:19], event["event_type"], _words(event))
    console.print(table)


def _add_looks(table: Table, looks: list[dict[str, Any]]) -> None:
    if looks:
        last = looks[-1]
        kind = f"[dim]{last['event_type']}, {len(looks)} times[/]"
        table.add_row(f"[dim]{last['timestamp'][11:19]}[/]", kind, f"[dim]{_words(last)}[/]")
        looks.clear()


def show_metrics(console: Console, restore: Restore) -> None:
    """Print the metrics object of the state."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in sorted(restore.state()["metrics"]["metrics"].items()):
        table.add_row(name, f"{value}")
    console.print(table)


def show_messages(console: Console, scene: Scene) -> None:
    """Print every message that went out."""
    for message in scene.messages():
        console.print(Panel(message["Message"], title=message["Subject"], title_align="left"))
