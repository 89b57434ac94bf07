"""A restore on the terminal: live while it runs, and what it left to read."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

from local.commands.screen import unrecorded
from local.rehearsal.availability import Server, Watch, changes, time_unserved
from local.rehearsal.evidence import Evidence
from local.rehearsal.scene import Scene
from shared.gateways.history import History
from shared.messages.events import STEP_OF, is_only_a_check, words
from shared.operation.audit import AuditEvent
from shared.steps import Step

_LOOKS_PER_SECOND = 16
_FRAMES_PER_SECOND = 8
_INSTANT_SPEED = 60
"""Simulated seconds between so many looks on a clock that has no speed."""

_MARKS = {Server.OLD: "[green]●[/]", Server.NOBODY: "[red]○[/]", Server.NEW: "[cyan]●[/]"}


class Restore:
    """An execution and its operation, read through the API as any client could."""

    def __init__(self, scene: Scene, execution_arn: str, operation_id: str) -> None:
        self._scene = scene
        self._arn = execution_arn
        self._operation_id = operation_id

    def status(self) -> str:
        states = self._scene.cloud.client("stepfunctions")
        return str(states.describe_execution(executionArn=self._arn)["status"])

    def events(self, after: datetime | None = None) -> tuple[AuditEvent, ...]:
        """The audit events, or those later than `after`."""
        tables = self._scene.deployment.state_table, self._scene.deployment.audit_table
        history = History(self._scene.cloud.client("dynamodb"), *tables)
        return history.events(self._operation_id, after)

    def state(self) -> dict[str, Any]:
        """The state item."""
        return self._scene.item(self._operation_id)

    def follow(self, console: Console, watch: Watch | None = None) -> str:
        """Show every step as it comes, until the execution has ended; returns its status.

        With a watch, also who serves under its cluster id meanwhile.
        """
        clock = self._scene.cloud.clock
        begun, latest = clock.now(), None
        progress = _progress()
        shown = Group(progress, _Servers(watch, begun)) if watch else progress
        frames = Live(shown, console=console, refresh_per_second=_FRAMES_PER_SECOND, transient=True)
        with unrecorded(console), frames:
            rows: dict[Step, TaskID] = {}
            while True:
                status = self.status()
                if watch:
                    watch.look()
                for event in self.events(after=latest):
                    latest = event.timestamp
                    _show(progress, rows, event, begun)
                if status != "RUNNING":
                    _finish(progress, rows.values())
                    break
                clock.sleep((clock.speed or _INSTANT_SPEED) / _LOOKS_PER_SECOND)
        console.print(shown)
        return status


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(finished_text="[green]✔[/]"),
        TextColumn("{task.description}"),
        TextColumn("[dim]{task.fields[since]}[/]"),
        _BarWhereThereIsAPercentage(bar_width=20),
        TextColumn("{task.fields[note]}"),
    )


class _BarWhereThereIsAPercentage(BarColumn):
    def render(self, task: Any) -> Any:
        return super().render(task) if task.fields["bar"] else ""


class _Servers:
    """Who has served so far, in the columns of the steps above."""

    def __init__(self, watch: Watch, begun: datetime) -> None:
        self._watch = watch
        self._begun = begun

    def __rich__(self) -> Group:
        table = Table.grid(padding=(0, 1))
        for look in changes(self._watch.looks):
            table.add_row(
                _MARKS[look.server],
                f"{look.server:<19}",
                f"[dim]{_elapsed(look.at - self._begun)}[/]",
                f" [dim]{look.detail}[/]",
            )
        return Group(f"\n[bold]{self._watch.cluster_id}[/] is served by", table)


def _show(progress: Progress, rows: dict[Step, TaskID], event: AuditEvent, begun: datetime) -> None:
    """Let the step that the event comes from be the one at work, for the first time or again."""
    step = STEP_OF[event.event_type]
    _finish(progress, (row for other, row in rows.items() if other is not step))
    if step in rows:
        progress.reset(rows[step])
    else:
        since = _elapsed(event.timestamp - begun)
        rows[step] = progress.add_task(f"{step.state:<19}", since=since, note="", bar=False)
    percent = event.details.get("percent_progress")
    progress.update(
        rows[step],
        completed=min(percent, 99) if isinstance(percent, int) else 0,
        bar=percent is not None,
        note=words(event),
    )


def _finish(progress: Progress, rows: Iterable[TaskID]) -> None:
    for row in rows:
        progress.update(row, completed=100, bar=False)


def _elapsed(duration: timedelta) -> str:
    minutes, seconds = divmod(max(round(duration.total_seconds()), 0), 60)
    return f"{minutes:>3} min {seconds:02} s"


def show_evidence(console: Console, pieces: Iterator[Evidence]) -> bool:
    """Print each piece of evidence as it comes; returns whether every one holds."""
    all_hold = True
    for piece in pieces:
        all_hold &= piece.holds
        mark = "[green]✔[/]" if piece.holds else "[red]✘[/]"
        detail = f" [dim]{piece.detail}[/]" if piece.detail else ""
        console.print(f"  {mark} {piece.claim}{detail}", highlight=False)
    return all_hold


def show_serving(console: Console, watch: Watch) -> None:
    """Print how long nobody served, of how long it all took."""
    unserved, lasted = _elapsed(time_unserved(watch.looks)), _elapsed(watch.lasted)
    console.print(
        f"\n{watch.cluster_id} had no cluster behind it for [bold]{unserved.strip()}[/] "
        f"of the {lasted.strip()} that the refresh took.",
        highlight=False,
    )


def show_audit_trail(console: Console, events: Sequence[AuditEvent]) -> None:
    """Print the events; checks that only show something under way are counted together."""
    table = Table("time (UTC)", "event", "what", box=None, header_style="bold", pad_edge=False)
    pending: list[AuditEvent] = []
    for event in events:
        if is_only_a_check(event):
            pending.append(event)
            continue
        _add_checks(table, pending)
        table.add_row(f"{event.timestamp:%H:%M:%S}", event.event_type, words(event))
    console.print(table)


def _add_checks(table: Table, checks: list[AuditEvent]) -> None:
    if checks:
        last = checks[-1]
        often = "once" if len(checks) == 1 else f"{len(checks)} times"
        kind = f"[dim]{last.event_type}, {often}[/]"
        table.add_row(f"[dim]{last.timestamp:%H:%M:%S}[/]", kind, f"[dim]{words(last)}[/]")
        checks.clear()


def show_metrics(console: Console, restore: Restore) -> None:
    """Print the metrics object of the state."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in sorted(restore.state()["metrics"]["metrics"].items()):
        table.add_row(name, f"{value}")
    console.print(table)


def show_messages(console: Console, scene: Scene) -> None:
    """Print every message that went out, as e-mail and as SMS."""
    for message in scene.messages():
        console.print(Panel(message["Message"], title=message["Subject"], title_align="left"))
        console.print(f"[dim]SMS:[/] {message['SMS']}", soft_wrap=True, highlight=False)
