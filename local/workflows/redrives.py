"""Redriving an execution: when Step Functions allows it, and how the execution goes on.

The rules are those of the Step Functions developer guide, "Restarting state machine executions
with redrive", and of the API reference of `RedriveExecution`.
"""

import copy
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.flow.start_at import StartAt

_REDRIVABLE_PERIOD = timedelta(days=14)
_LONGEST_EXECUTION = timedelta(days=365)
_TOO_MANY_EVENTS = 24_999
_TOKENS_KEPT = 10
_TOKEN_LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True)
class Redrive:
    """When an execution was redriven, and by which call."""

    date: datetime
    client_token: str | None


@dataclass(frozen=True)
class Redrives:
    """How often an execution was redriven, in order."""

    made: tuple[Redrive, ...] = ()

    @property
    def count(self) -> int:
        return len(self.made)

    @property
    def last_date(self) -> datetime | None:
        return self.made[-1].date if self.made else None

    def asked_for_by(self, client_token: str | None, now: datetime) -> Redrive | None:
        """The redrive that a call with this token has made, as long as that is remembered."""
        for redrive in self.made[-_TOKENS_KEPT:]:
            is_remembered = now - redrive.date <= _TOKEN_LIFETIME
            if client_token and redrive.client_token == client_token and is_remembered:
                return redrive
        return None

    def and_one(self, redrive: Redrive) -> "Redrives":
        """These, and a new one."""
        return Redrives((*self.made, redrive))

    def details(self, record: Any, now: datetime) -> dict[str, Any]:
        """What `DescribeExecution` and status events say of redriving."""
        reason = obstacle(record, now)
        return {
            "redriveCount": self.count,
            "redriveDate": self.last_date,
            "redriveStatus": "NOT_REDRIVABLE" if reason else "REDRIVABLE",
            "redriveStatusReason": reason,
        }


def obstacle(record: Any, now: datetime) -> str | None:
    """Why an execution cannot be redriven, in AWS's words where it has some; none if it can."""
    if record.state_machine.type != "STANDARD":
        return f"Executions of {record.state_machine.type} state machines cannot be redriven"
    if record.status in {"RUNNING", "SUCCEEDED"}:
        return f"Execution is {record.status} and cannot be redriven"
    if len(_history_of(record)) >= _TOO_MANY_EVENTS:
        return "Execution history event limit exceeded"
    if now - record.start_date > _LONGEST_EXECUTION:
        return "Execution has exceeded the max execution time"
    if now - record.stop_date > _REDRIVABLE_PERIOD:
        return "Execution redrivable period exceeded"
    return None


def reopen(record: Any, redrives: Redrives) -> str:
    """Let an execution that has ended run again; returns the state that it has to repeat.

    It ended in the state that it entered last. That state gets its input once more, and with an
    empty heap its retries are all unused. The rest of the context and the history live on.
    """
    record.exec_status = ExecutionStatus.RUNNING
    record.stop_date = record.error = record.cause = None
    env = record.exec_worker.env
    unfinished: dict[str, str] = next(
        event["stateEnteredEventDetails"]
        for event in reversed(_history_of(record))
        if "stateEnteredEventDetails" in event
    )
    env._program_state = None
    env.stack.clear()
    env.heap.clear()
    env.states.reset(json.loads(unfinished["input"]))
    remember(env, redrives)
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.ExecutionRedriven,
        event_details={"executionRedrivenEventDetails": {"redriveCount": redrives.count}},
    )
    return unfinished["name"]


def remember(env: Any, redrives: Redrives) -> None:
    """Let the states of an execution see how often, and when last, it was redriven."""
    about_execution = env.states.context_object.context_object_data["Execution"]
    about_execution["RedriveCount"] = redrives.count
    if redrives.last_date:
        about_execution["RedriveTime"] = as_text(redrives.last_date)


def resume(worker: Any, state: str) -> None:
    """Run a reopened execution to its end, from the given state of its own definition on."""
    program = copy.copy(worker._get_evaluation_entrypoint())
    program.start_at = StartAt(state)
    program.eval(worker.env)
    worker._execution_communication.terminated()


def as_text(moment: datetime) -> str:
    """A time as Step Functions writes it: UTC, milliseconds, `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _history_of(record: Any) -> list[dict[str, Any]]:
    """The events so far. The emulator's own answer is a deep copy, too slow for a long one."""
    history: list[dict[str, Any]] = record.exec_worker.env.event_manager._history_event_list
    return history
