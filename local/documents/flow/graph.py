"""The states of the definition, what leads from one to the next, and the stages of both."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from shared.steps import Step

DEFINITION = Path("statemachine/aurora_restore.asl.json")


class Stage(StrEnum):
    """What the work of a few states has in common, from the first to the last."""

    CHOOSE = "choose"
    COPY = "copy"
    RESTORE = "restore"
    USERS = "users"
    REPLACE = "replace"
    ARCHIVE = "archive"
    CLOSE = "close"


STAGE_OF = {
    Step.SNAPSHOT_CHECK: Stage.CHOOSE,
    Step.COPY_SNAPSHOT: Stage.COPY,
    Step.CHECK_COPY_STATUS: Stage.COPY,
    Step.RESTORE_SNAPSHOT: Stage.RESTORE,
    Step.CHECK_RESTORE_STATUS: Stage.RESTORE,
    Step.SETUP_DB_USERS: Stage.USERS,
    Step.DELETE_RDS: Stage.REPLACE,
    Step.ARCHIVE_SNAPSHOT: Stage.ARCHIVE,
    Step.SNS_NOTIFICATION: Stage.CLOSE,
}

REASONS = {
    ("CopyNeeded?", Step.COPY_SNAPSHOT): "yes",
    ("CopyNeeded?", Step.RESTORE_SNAPSHOT): "no",
    ("CopyNeeded?", Step.DELETE_RDS): "delete_first or abandon",
    ("CopyNeeded?", Step.SNS_NOTIFICATION): "plan only",
    ("CopyFinished?", Step.CHECK_COPY_STATUS): "still copying",
    ("CopyFinished?", Step.COPY_SNAPSHOT): "next hop",
    ("CopyFinished?", Step.RESTORE_SNAPSHOT): "yes",
    ("CopyFinished?", Step.DELETE_RDS): "delete_first",
    ("RestoreFinished?", Step.CHECK_RESTORE_STATUS): "still restoring",
    ("RestoreFinished?", Step.RESTORE_SNAPSHOT): "next move",
    ("RestoreFinished?", Step.SETUP_DB_USERS): "yes",
    ("UsersReady?", Step.SETUP_DB_USERS): "not yet",
    ("UsersReady?", Step.RESTORE_SNAPSHOT): "newer password",
    ("UsersReady?", Step.DELETE_RDS): "swap",
    ("UsersReady?", Step.ARCHIVE_SNAPSHOT): "nothing to replace",
    ("ReplacedClusterGone?", Step.DELETE_RDS): "not yet",
    ("ReplacedClusterGone?", Step.RESTORE_SNAPSHOT): "id is free",
    ("ReplacedClusterGone?", Step.SETUP_DB_USERS): "prove again",
    ("ReplacedClusterGone?", Step.ARCHIVE_SNAPSHOT): "done",
    ("SnapshotsArchived?", Step.ARCHIVE_SNAPSHOT): "not yet",
    ("SnapshotsArchived?", Step.SNS_NOTIFICATION): "yes",
}
"""Why a choice takes a branch, in the words of the request where it decides."""


class Kind(StrEnum):
    """How a state is drawn."""

    TASK = "Task"
    CHOICE = "Choice"
    WAIT = "Wait"
    END = "Succeed"


@dataclass(frozen=True)
class State:
    """A state of the definition."""

    name: str
    kind: Kind
    comment: str
    stage: Stage

    @property
    def title(self) -> str:
        """The name of a step as the console shows it; of a choice, its question."""
        if self.kind is not Kind.CHOICE:
            return self.name
        first, *others = re.findall(r"[A-Z][^A-Z]*", self.name)
        return " ".join([first, *(word.lower() for word in others)])


@dataclass(frozen=True)
class Transition:
    """What leads from a state to the next."""

    source: str
    target: str
    reason: str = ""
    """Why, after a choice."""


@dataclass(frozen=True)
class Flow:
    """The whole state machine."""

    comment: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    @cached_property
    def by_name(self) -> Mapping[str, State]:
        return {state.name: state for state in self.states}

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the definition says of itself."""
        return tuple(re.findall(r"[^.]+\.", self.comment))

    def of(self, stage: Stage, kind: Kind) -> tuple[State, ...]:
        """The states of a stage that are of a kind, in the order of the definition."""
        return tuple(one for one in self.states if one.stage is stage and one.kind is kind)


def read_flow(definition: Mapping[str, Any]) -> Flow:
    """The flow of a definition in the Amazon States Language."""
    transitions = tuple(_transitions(definition["States"]))
    stages = _stages(definition["StartAt"], transitions)
    states = tuple(
        State(name, Kind(state["Type"]), state["Comment"], stages[name])
        for name, state in definition["States"].items()
    )
    return Flow(definition["Comment"], states, transitions)


def read_definition() -> Mapping[str, Any]:
    """The definition that is deployed."""
    definition: Mapping[str, Any] = json.loads(DEFINITION.read_text())
    return definition


def _transitions(states: Mapping[str, Any]) -> Iterator[Transition]:
    for name, state in states.items():
        for branch in state.get("Choices", ()):
            reason = REASONS[name, Step(branch["StringEquals"])]
            yield Transition(name, branch["Next"], reason)
        if following := state.get("Next"):
            yield Transition(name, following)


def _stages(start: str, transitions: tuple[Transition, ...]) -> dict[str, Stage]:
    """A step has its stage; any other state has that of the step that it was reached from."""
    own = {step.state: stage for step, stage in STAGE_OF.items()}
    stages, reached = {start: own[start]}, [start]
    for name in reached:
        for transition in transitions:
            if transition.source == name and transition.target not in stages:
                stages[transition.target] = own.get(transition.target, stages[name])
                reached.append(transition.target)
    return stages
