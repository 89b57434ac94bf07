"""The report about a closed operation, also about one whose request was refused."""

from collections.abc import Iterator
from typing import assert_never

from shared import errors
from shared.arns import Arn
from shared.messages.report import (
    Endpoints,
    Exported,
    Fate,
    KeptSnapshot,
    Origin,
    Outcome,
    Problem,
    Replaced,
    Report,
)
from shared.operation.audit import Failure
from shared.operation.kind import Kind
from shared.operation.operation import Operation
from shared.operation.published import Access
from shared.operation.status import Phase, Status
from shared.request.fields import Archive

_DURATION = "_duration_seconds"
_TRANSIENT = "Transient errors"


def report_on(operation: Operation) -> Report:
    """The report about a closed operation, short enough to be sent."""
    metrics = operation.metrics.metrics if operation.metrics else {}
    facts = Report(
        operation_id=operation.operation_id,
        status="COMPLETED" if operation.status is Status.COMPLETED else "FAILED",
        outcome=_outcome(operation),
        target_cluster=operation.target_cluster,
        # A deployment restores into its own region, whatever a refused request says.
        target_region=Arn.parse(operation.execution_arn).region,
        execution_arn=operation.execution_arn,
        initiator=operation.initiator,
        started_at=operation.start_time,
        ended_at=operation.last_updated_time,
        snapshot=_origin(operation),
        durations={
            name.removesuffix(_DURATION): seconds
            for name, seconds in metrics.items()
            if name.endswith(_DURATION)
        },
    )
    return _completed(facts, operation).short_enough()


def _outcome(operation: Operation) -> Outcome:
    is_success = operation.status is Status.COMPLETED
    match operation.kind:
        case Kind.RESTORE:
            return Outcome.RESTORED if is_success else Outcome.FAILED
        case Kind.PLAN:
            return Outcome.PLANNED if is_success else Outcome.PLAN_FAILED
        case Kind.CLEAN_UP:
            return Outcome.ABANDONED if is_success else Outcome.FAILED
        case unknown:
            assert_never(unknown)


def _completed(facts: Report, operation: Operation) -> Report:
    """The report with what only this outcome has to say."""
    match facts.outcome:
        case Outcome.RESTORED:
            return _restored(facts, operation)
        case Outcome.PLANNED:
            return facts.model_copy(update={"plan": operation.plan})
        case Outcome.ABANDONED:
            given_up = operation.request.operation_id
            left = {"given_up_operation": given_up, "left_behind": operation.leftovers}
            return facts.model_copy(update=left)
        case Outcome.FAILED | Outcome.PLAN_FAILED:
            return facts.model_copy(
                update={
                    "error": _problem(operation.error) if operation.error else None,
                    "left_behind": operation.leftovers,
                    "replaced_cluster": _replaced(operation),
                }
            )


def _restored(facts: Report, operation: Operation) -> Report:
    restored, request = operation.restored, operation.request
    endpoints = Endpoints(
        writer=restored.writer_endpoint, reader=restored.reader_endpoint, port=restored.port
    )
    return facts.model_copy(
        update={
            "endpoints": endpoints,
            "users": restored.access or tuple(_unknown(name) for name in restored.users),
            "users_secret": request.users_secret_id,
            "locked_logins": restored.locked_logins,
            "warnings": restored.warnings,
            "left_behind": operation.leftovers,
            "replaced_cluster": _replaced(operation),
            "kept_snapshots": tuple(_kept(operation)),
            "export": _exported(operation),
        }
    )


def _unknown(username: str) -> Access:
    """A user who was set up by a version that did not write down what he may do."""
    return Access(username=username, auth="password", template="unknown", databases=())


def _origin(operation: Operation) -> Origin | None:
    snapshot = operation.snapshot_details
    if snapshot is None:
        return None
    arn = Arn.parse(snapshot.snapshot_arn)
    return Origin(
        id=snapshot.source_snapshot_id,
        arn=snapshot.snapshot_arn,
        account_id=arn.account_id,
        region=arn.region,
        created_at=snapshot.created_at,
        source_cluster=operation.source_cluster,
    )


def _problem(failure: Failure) -> Problem:
    kind = getattr(errors, failure.name, None)
    is_terminal = isinstance(kind, type) and issubclass(kind, errors.Terminal)
    return Problem(
        name=failure.name,
        step=failure.step,
        message=failure.message,
        heading=failure.name if is_terminal else _TRANSIENT,
    )


def _replaced(operation: Operation) -> Replaced | None:
    if operation.replaced_cluster is None or operation.kind is Kind.PLAN:
        return None
    fate = _fate(operation)
    is_there = fate in (Fate.KEPT, Fate.PERHAPS_RENAMED)
    is_gone = fate in (Fate.DELETED, Fate.PERHAPS_DELETED)
    return Replaced(
        cluster_id=operation.replaced.cluster_id,
        fate=fate,
        renamed_to=operation.renamed_id if is_there else None,
        kept_hours=operation.request.keep_replaced_hours if fate is Fate.KEPT else None,
        final_snapshot_id=operation.replaced.final_snapshot_id if is_gone else None,
    )


def _fate(operation: Operation) -> Fate:
    is_kept = operation.request.keep_replaced_hours > 0
    deleting = operation.phases.get(Phase.DELETE)
    if deleting and deleting.ended_at:
        return Fate.KEPT if is_kept else Fate.DELETED
    if operation.undo_barred_since:
        return Fate.PERHAPS_RENAMED
    if not operation.replaced_cluster_is_touched:
        return Fate.UNTOUCHED
    return Fate.KEPT if is_kept else Fate.PERHAPS_DELETED


def _kept(operation: Operation) -> Iterator[KeptSnapshot]:
    for one in operation.temporary_snapshots:
        yield KeptSnapshot(
            snapshot_id=one.snapshot_id, region=one.region, days=operation.request.retain_days
        )


def _exported(operation: Operation) -> Exported | None:
    if export := operation.export:
        return Exported(location=export.location, warning=export.warning)
    is_wanted = operation.request.archive is Archive.EXPORT
    return Exported(location=None, warning=None) if is_wanted else None
