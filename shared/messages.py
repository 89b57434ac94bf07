"""The message about the end of an operation: what happened, to what, and what to do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.aws_errors import named_errors
from shared.details import Plan, ReplacedCluster
from shared.operation import Operation
from shared.progress import Status
from shared.request import Archive

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_LONGEST_SUBJECT = 100


class Messages:
    """The topic that tells everyone how a restore ended."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def tell(self, operation: Operation) -> str:
        """Publish the message about a closed operation; returns the message's id."""
        with named_errors(f"Publishing the message about {operation.operation_id}"):
            answer = self._client.publish(
                TopicArn=self._topic_arn,
                Subject=subject(operation),
                Message=text(operation),
                MessageAttributes={
                    "status": {"DataType": "String", "StringValue": operation.status},
                    "target_cluster": {
                        "DataType": "String",
                        "StringValue": operation.target_cluster,
                    },
                },
            )
        return answer["MessageId"]


def subject(operation: Operation) -> str:
    """One line of printable ASCII, as SNS demands."""
    line = f"Aurora restore: {_outcome(operation)} {operation.target_cluster}"
    return "".join(sign if " " <= sign <= "~" else "?" for sign in line)[:_LONGEST_SUBJECT]


def _outcome(operation: Operation) -> str:
    is_success = operation.status is Status.COMPLETED
    if operation.plans_only:
        return "planned to restore" if is_success else "FAILED to plan restoring"
    if not is_success:
        return "FAILED to restore"
    return "gave up restoring" if operation.abandons else "restored"


def text(operation: Operation) -> str:
    """The whole message, for a person to read."""
    lines = _words(operation)
    return "\n".join([*lines, "", *_durations(operation), "", *_where_to_look(operation)])


def _words(operation: Operation) -> Iterator[str]:
    if operation.status is not Status.COMPLETED:
        return _failure(operation)
    if operation.plan:
        return _plan(operation, operation.plan)
    return _abandonment(operation) if operation.abandons else _success(operation)


def _plan(operation: Operation, plan: Plan) -> Iterator[str]:
    snapshot, request = operation.snapshot, operation.request
    yield f"Nothing was changed. Restoring {operation.target_cluster} would go like this."
    yield ""
    taken = f", taken {snapshot.created_at:%Y-%m-%d %H:%M} UTC" if snapshot.created_at else ""
    yield f"From: snapshot {snapshot.snapshot_arn}{taken}"
    yield f"To: {request.target_region}"
    yield "It would create (xxxxxx are digits of the operation that does):"
    yield from (f"- {one}" for one in plan.creates)
    if plan.deletes:
        yield "It would delete or rename:"
        yield from (f"- {one}" for one in plan.deletes)
    if plan.estimated_seconds is None:
        yield "It would last: unknown; no restore of this source by as many copies is on record."
    else:
        yield (
            f"It would last: about {_spoken(plan.estimated_seconds)}, the median of earlier "
            f"restores of this source by as many copies (the last {plan.estimated_from})."
        )
    if plan.monthly_price:
        yield f"What runs then would cost {plan.monthly_price}."


def _abandonment(operation: Operation) -> Iterator[str]:
    given_up = operation.request.operation_id
    yield f"Operation {given_up} onto {operation.target_cluster} was given up."
    yield "What it had left behind, clusters and temporary snapshots, was removed."


def _success(operation: Operation) -> Iterator[str]:
    restored, snapshot = operation.restored, operation.snapshot
    yield (
        f"Cluster {restored.cluster_id} in {operation.request.target_region} was restored from "
        f"snapshot {snapshot.source_snapshot_id}."
    )
    yield ""
    yield f"Writer: {restored.writer_endpoint} port {restored.port}"
    yield f"Readers: {restored.reader_endpoint} port {restored.port}"
    yield f"Users: {', '.join(restored.users) or 'none'}"
    yield (
        "Connect with sslmode=verify-full and the RDS certificate bundle; the passwords are in "
        f"secret {operation.request.users_secret_id}."
    )
    if restored.locked_logins:
        yield f"Logins that came along and were locked: {', '.join(restored.locked_logins)}"
    if operation.export:
        yield f"The data of the snapshot was exported to {operation.export.location}"
        if operation.export.warning:
            yield f"RDS says about the export: {operation.export.warning}"
    elif operation.request.archive is Archive.EXPORT:
        yield "Nothing was exported: the restore needed no copy of the snapshot."
    for temporary in operation.temporary_snapshots:
        days = operation.request.retain_days
        until = f"for {days} days" if days else "until somebody deletes it"
        yield f"Snapshot {temporary.snapshot_id} in {temporary.where} is kept {until}."
    if operation.replaced_cluster:
        yield _fate_of(operation.replaced_cluster, operation)


def _fate_of(replaced: ReplacedCluster, operation: Operation) -> str:
    if hours := operation.request.keep_replaced_hours:
        return f"The cluster that had this id before is kept as {operation.aside_id} for {hours} h."
    final = replaced.final_snapshot_id
    kept = f"its last state is in snapshot {final}" if final else "no final snapshot was taken"
    return f"The cluster that had this id before was deleted; {kept}."


def _failure(operation: Operation) -> Iterator[str]:
    failure = operation.error
    name, message = (failure.name, failure.message) if failure else ("unknown", "unknown")
    step = f" in step {failure.step}" if failure and failure.step else ""
    doing = "Planning to restore" if operation.plans_only else "Restoring"
    yield f"{doing} {operation.target_cluster} failed{step}: {name}."
    yield message
    yield ""
    if operation.leftovers:
        yield "Left behind, to be continued or removed:"
        yield from (f"- {one}" for one in operation.leftovers)
    else:
        yield "Nothing was left behind."
    replaced = operation.replaced_cluster
    if replaced and operation.replaced_cluster_is_touched:
        yield f"The cluster that had the id {replaced.cluster_id} may be gone, or in part."
        if replaced.final_snapshot_id:
            yield f"If it is gone, its last state is in snapshot {replaced.final_snapshot_id}."
    yield f"What {name} means and what to do: docs/troubleshooting/01_common_issues.md"


def _durations(operation: Operation) -> Iterator[str]:
    if operation.metrics is None:
        return
    for name, seconds in operation.metrics.metrics.items():
        if name.endswith("_duration_seconds") and seconds:
            label = name.removesuffix("_duration_seconds").replace("_", " ")
            yield f"{label}: {_spoken(seconds)}"


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "under 1 s"


def _where_to_look(operation: Operation) -> Iterator[str]:
    yield f"Operation: {operation.operation_id}"
    yield f"Execution: {operation.execution_arn}"
    yield f"Started by: {operation.initiator}"
