"""The e-mail about the end of an operation: what happened, to what, and what to do now."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from shared import names
from shared.errors import InvalidRequest
from shared.messages.durations import spoken
from shared.messages.report import Endpoints, Fate, Outcome, Problem, Replaced, Report
from shared.operation.published import Access, Plan

GUIDE = "docs/troubleshooting/01_common_issues.md"


def text(report: Report) -> str:
    """The whole e-mail, for a person to read."""
    lines = _words(report)
    return "\n".join([*lines, "", *_durations(report), "", *_where_to_look(report)])


def _words(report: Report) -> Iterator[str]:
    match report.outcome:
        case Outcome.RESTORED:
            return _success(report)
        case Outcome.PLANNED:
            return _plan(report)
        case Outcome.ABANDONED:
            return _abandonment(report)
        case Outcome.FAILED | Outcome.PLAN_FAILED:
            return _failure(report)
        case unknown:
            assert_never(unknown)


def _plan(report: Report) -> Iterator[str]:
    yield f"Nothing was changed. This is the plan for restoring {report.target_cluster}."
    yield ""
    yield from _origin(report)
    yield f"To: {report.target_region}"
    if report.plan:
        yield from _planned(report.plan, report)


def _planned(plan: Plan, report: Report) -> Iterator[str]:
    yield "It would create (xxxxxx stands for six digits of the operation):"
    yield from _listed(plan.creates, "plan.creates", report)
    if plan.deletes:
        yield "It would delete or rename:"
        yield from _listed(plan.deletes, "plan.deletes", report)
    if plan.differences:
        yield f"What {report.target_cluster} has now and would not have afterwards:"
        yield from _listed(plan.differences, "plan.differences", report)
    if plan.warnings:
        yield "Note:"
        yield from _listed(plan.warnings, "plan.warnings", report)
    if plan.estimated_seconds is None:
        yield (
            "Estimated duration: unknown; no restore of this source with the same number of copies "
            "is on record."
        )
    else:
        yield (
            f"Estimated duration: about {spoken(plan.estimated_seconds)}, the median of earlier "
            "restores of this source with the same number of copies "
            f"(the last {plan.estimated_from})."
        )
    if plan.monthly_price:
        yield f"Estimated running cost: {plan.monthly_price}."


def _abandonment(report: Report) -> Iterator[str]:
    yield f"Operation {report.given_up_operation} onto {report.target_cluster} was abandoned."
    yield "Its leftovers, clusters and temporary snapshots, were removed."
    yield from _stuck(report)


def _success(report: Report) -> Iterator[str]:
    snapshot = report.snapshot.id if report.snapshot else "unknown"
    yield (
        f"Cluster {report.target_cluster} in {report.target_region} was restored from "
        f"snapshot {snapshot}."
    )
    yield ""
    yield from _origin(report)
    if export := report.export:
        if export.location:
            yield f"The data of the snapshot was exported to {export.location}"
        else:
            yield "Nothing was exported: the restore needed no copy of the snapshot."
        if export.warning:
            yield f"RDS reports about the export: {export.warning}"
    for kept in report.kept_snapshots:
        until = f"for {kept.days} days" if kept.days else "until somebody deletes it"
        yield f"Snapshot {kept.snapshot_id} in {kept.region} is kept {until}."
    if report.replaced_cluster:
        yield _fate(report.replaced_cluster)
    yield from _stuck(report)
    if report.endpoints:
        yield from _access(report.endpoints, report)


def _stuck(report: Report) -> Iterator[str]:
    """What earlier operations left and this one could not remove."""
    if report.left_behind:
        yield "Leftovers that remain, and are billed:"
        yield from _listed(report.left_behind, "left_behind", report)


def _origin(report: Report) -> Iterator[str]:
    if snapshot := report.snapshot:
        when = snapshot.created_at
        taken = f", taken {when:%Y-%m-%d %H:%M} UTC" if when else ""
        yield f"From: snapshot {snapshot.arn}{taken}"


def _access(endpoints: Endpoints, report: Report) -> Iterator[str]:
    """How to connect, and which secret holds the passwords (only those who may read it can)."""
    writer, port = endpoints.writer, endpoints.port
    yield ""
    yield f"Writer: {writer} port {port}"
    yield f"Readers: {endpoints.reader} port {port}"
    yield f"Users:{'' if report.users else ' none'}"
    yield from _listed([_user(user) for user in report.users], "users", report)
    if report.locked_logins:
        yield f"Logins inherited from the snapshot, and locked: {', '.join(report.locked_logins)}"
        if "locked_logins" in report.shortened:
            yield _SHORTENED
    if report.warnings:
        yield "Before you give anybody access, note:"
        yield from _listed(report.warnings, "warnings", report)
    yield ""
    yield "To connect, with the certificate bundle of RDS:"
    yield f"  curl -O {names.trust_store(report.target_region)}/global/global-bundle.pem"
    user, database = (
        (report.users[0].username, next(iter(report.users[0].databases), "<database>"))
        if report.users
        else ("<user>", "<database>")
    )
    yield (
        f'  psql "host={writer} port={port} dbname={database} user={user} '
        'sslmode=verify-full sslrootcert=global-bundle.pem"'
    )
    yield f"The passwords are in secret {report.users_secret}."
    if any(user.auth == "iam" for user in report.users):
        yield "Users without a password log in with an IAM token:"
        yield (
            f"  aws rds generate-db-auth-token --hostname {writer} --port {port} "
            f"--region {report.target_region} --username <user>"
        )


def _user(user: Access) -> str:
    how = ", with an IAM token" if user.auth == "iam" else ""
    where = f" in {', '.join(user.databases)}" if user.databases else ""
    return f"{user.username} ({user.template}){where}{how}"


def _fate(replaced: Replaced) -> str:
    final = replaced.final_snapshot_id
    match replaced.fate:
        case Fate.KEPT:
            return (
                f"The cluster that had this id before is kept as {replaced.renamed_to} for "
                f"{replaced.kept_hours} h."
            )
        case Fate.DELETED:
            kept = (
                f"its last state is in snapshot {final}" if final else "no final snapshot was taken"
            )
            return f"The cluster that had this id before was deleted; {kept}."
        case Fate.PERHAPS_DELETED:
            kept = f" If it is deleted, its last state is in snapshot {final}." if final else ""
            return (
                f"The cluster that had the id {replaced.cluster_id} may be deleted, fully or in "
                f"part.{kept}"
            )
        case Fate.PERHAPS_RENAMED:
            return (
                f"The cluster that had the id {replaced.cluster_id} may be called "
                f"{replaced.renamed_to} now."
            )
        case Fate.UNTOUCHED:
            return f"Cluster {replaced.cluster_id}, which was to be replaced, is untouched."
        case unknown:
            assert_never(unknown)


def _failure(report: Report) -> Iterator[str]:
    problem = report.error
    name, message = (problem.name, problem.message) if problem else ("unknown", "unknown")
    step = f" in step {problem.step}" if problem and problem.step else ""
    doing = "Planning to restore" if report.outcome is Outcome.PLAN_FAILED else "Restoring"
    yield f"{doing} {report.target_cluster} failed{step}: {name}."
    yield message
    yield ""
    if report.left_behind:
        yield "Leftovers:"
        yield from _listed(report.left_behind, "left_behind", report)
    else:
        yield "There are no leftovers."
    if report.replaced_cluster:
        yield _fate(report.replaced_cluster)
    yield ""
    if problem:
        yield from _what_to_do(problem, report)


def _what_to_do(problem: Problem, report: Report) -> Iterator[str]:
    yield f'What {problem.name} means and what to do: see "{problem.heading}" in {GUIDE}'
    if problem.name == InvalidRequest.__name__:
        return
    yield "When the cause is removed, continue where it stopped, within 14 days:"
    yield (
        f"  aws stepfunctions redrive-execution --region {report.target_region} "
        f"--execution-arn {report.execution_arn}"
    )
    if report.left_behind:
        yield "Or abandon it and remove its leftovers: start an execution with"
        yield f'  {{"abandon": true, "operation_id": "{report.operation_id}"}}'


_SHORTENED = "(There are more; the log of the operation has them all.)"


def _listed(lines: Sequence[str], name: str, report: Report) -> Iterator[str]:
    yield from (f"- {one}" for one in lines)
    if name in report.shortened:
        yield _SHORTENED


def _durations(report: Report) -> Iterator[str]:
    for phase, seconds in report.durations.items():
        if seconds:
            yield f"{phase.replace('_', ' ')}: {spoken(seconds)}"


def _where_to_look(report: Report) -> Iterator[str]:
    yield f"Operation: {report.operation_id}"
    yield f"Execution: {report.execution_arn}"
    yield f"Started by: {report.initiator}"
