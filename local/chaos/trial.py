"""What is known of one restore that was broken: all that the invariants judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local.chaos.recorder import Picture, Write
from local.rehearsal.evidence import Evidence

Expectation = Literal["SUCCEEDED", "FAILED", "ABORTED"]
"""How the execution must end."""


@dataclass(frozen=True)
class World:
    """Everything that could be lost: what RDS describes, by ARN, and what is behind it."""

    resources: Mapping[str, Mapping[str, Any]]
    volumes: Mapping[str, str]
    """Of every snapshot, by ARN, a text that changes with its data."""
    production: Mapping[str, tuple[int, int]]
    """Of every table of production, rows and checksum."""

    def arn_of(self, target: str) -> str | None:
        """The ARN of the cluster with this identifier, in whichever region."""
        ends = f":cluster:{target}"
        return next((arn for arn in self.resources if arn.endswith(ends)), None)


@dataclass(frozen=True)
class Trial:
    """A restore from before its start until everybody was notified of its end."""

    expectation: Expectation
    request: Mapping[str, Any]
    execution_arn: str
    status: str
    error: str
    """Name and words of the error that ended the execution; empty when there was none."""
    operation_id: str
    before: World
    after: World
    pictures: tuple[Picture, ...]
    writes: tuple[Write, ...]
    state: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    messages: tuple[Mapping[str, Any], ...]
    locks: tuple[str, ...]
    """Those that are still held."""
    claims: tuple[Evidence, ...]
    """What a user of the target, or of the cluster that was there before, has tried."""
    written: str
    """Logs, audit, state, messages, history and errors, as one text."""
    passwords: frozenset[str]

    @property
    def target(self) -> str:
        return str(self.request["target_cluster_id"])

    @property
    def replace(self) -> str:
        return str(self.request.get("replace", "never"))

    @property
    def is_completed(self) -> bool:
        return self.state.get("status") == "COMPLETED"

    @property
    def new(self) -> frozenset[str]:
        """The ARNs of what was not there before."""
        return frozenset(self.after.resources) - frozenset(self.before.resources)

    @property
    def gone(self) -> frozenset[str]:
        """The ARNs of what is not there any more."""
        return frozenset(self.before.resources) - frozenset(self.after.resources)
