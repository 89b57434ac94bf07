"""How an operation ended, for machines: the JSON that queues and HTTPS subscribers get.

Other people's programs read it (docs/api_reference/01_lambda_functions.md): it may gain fields, and
never loses or renames one. No password is in it.
"""

from enum import StrEnum
from typing import Literal, Self, TypeVar

from shared.lengths import fitting
from shared.model import Model, Moment
from shared.operation.published import Access, Plan

# SNS takes 256 KB for all forms of a message together. The e-mail says most of this once more, and
# quotes double where JSON is put into JSON: eight lists and one text are far below it, whatever
# they hold (tests/shared/gateways/test_topic.py).
LONGEST_LIST_BYTES = 8_000
LONGEST_TEXT = 4_000


class Outcome(StrEnum):
    """What an operation has come to."""

    RESTORED = "restored"
    PLANNED = "planned"
    ABANDONED = "given_up"
    FAILED = "failed"
    PLAN_FAILED = "plan_failed"


class Origin(Model):
    """The snapshot that was, or would be, restored; and the cluster that it is of, by ARN."""

    id: str
    arn: str
    account_id: str
    region: str
    created_at: Moment | None
    source_cluster: str | None


class Endpoints(Model):
    """Where the restored cluster answers."""

    writer: str | None
    reader: str | None
    port: int | None


class Problem(Model):
    """Why it failed, where, and the heading of the troubleshooting guide that says what to do."""

    name: str
    step: str | None
    message: str
    heading: str


class Fate(StrEnum):
    """What has become of the cluster that had the target id before."""

    DELETED = "deleted"
    KEPT = "kept"
    UNTOUCHED = "untouched"
    PERHAPS_DELETED = "perhaps_deleted"
    PERHAPS_RENAMED = "perhaps_renamed"


class Replaced(Model):
    """The cluster that had the target id before.

    `renamed_to` is its name if it is kept or may be renamed, `final_snapshot_id` its last state if
    it is deleted or may be.
    """

    cluster_id: str
    fate: Fate
    renamed_to: str | None
    kept_hours: int | None
    final_snapshot_id: str | None


class KeptSnapshot(Model):
    """A copy of the snapshot that stays for `days`, or until somebody deletes it."""

    snapshot_id: str
    region: str
    days: int | None


class Exported(Model):
    """Where the snapshot's data is: nowhere, when there was no copy of ours to export."""

    location: str | None
    warning: str | None


class Report(Model):
    """How an operation ended. What does not apply is `null` or empty, and never missing."""

    operation_id: str
    status: Literal["COMPLETED", "FAILED"]
    outcome: Outcome
    target_cluster: str
    target_region: str
    execution_arn: str
    initiator: str
    started_at: Moment
    ended_at: Moment
    snapshot: Origin | None = None
    endpoints: Endpoints | None = None
    users: tuple[Access, ...] = ()
    users_secret: str | None = None
    locked_logins: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    durations: dict[str, float]
    error: Problem | None = None
    left_behind: tuple[str, ...] = ()
    replaced_cluster: Replaced | None = None
    kept_snapshots: tuple[KeptSnapshot, ...] = ()
    export: Exported | None = None
    plan: Plan | None = None
    given_up_operation: str | None = None
    shortened: tuple[str, ...] = ()
    """What was too long for a message, and is not complete: `left_behind`, `plan.creates`."""

    def short_enough(self) -> Self:
        """The same, with what is too long for a message cut, and named."""
        lists = ("users", "locked_logins", "warnings", "left_behind", "kept_snapshots")
        short, shortened = _cut(self, *lists)
        if self.plan:
            plan, cut = _cut(self.plan, "creates", "deletes", "differences", "warnings")
            short = short.model_copy(update={"plan": plan})
            shortened += tuple(f"plan.{name}" for name in cut)
        if self.error and len(self.error.message) > LONGEST_TEXT:
            begun = self.error.model_copy(update={"message": self.error.message[:LONGEST_TEXT]})
            short = short.model_copy(update={"error": begun})
            shortened += ("error.message",)
        return short.model_copy(update={"shortened": shortened})


Shape = TypeVar("Shape", bound=Model)


def _cut(whole: Shape, *lists: str) -> tuple[Shape, tuple[str, ...]]:
    """The same with as much of these lists as fits, and the names of those that were too long."""
    short = {name: fitting(getattr(whole, name), LONGEST_LIST_BYTES) for name in lists}
    too_long = tuple(name for name in lists if len(short[name]) < len(getattr(whole, name)))
    return whole.model_copy(update=short), too_long
