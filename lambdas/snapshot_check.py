"""Check the request, create the operation, choose the snapshot, plan the copy route."""

from typing import assert_never

from pydantic import JsonValue

from shared import clock, names
from shared.archiving import sweep
from shared.closing import abandonment
from shared.closing.transitions import (
    abandonment_started,
    operation_abandoned,
    operation_redriven,
)
from shared.copying.route import Destination, plan_route
from shared.errors import InvalidRequest
from shared.gateways.aws import Aws
from shared.model import Model, Moment
from shared.operation.kind import Kind
from shared.operation.operation import Operation
from shared.operation.parts import Hop, ReplacedCluster
from shared.operation.published import Plan
from shared.operation.status import Status
from shared.planning import preflight, preview, snapshot_choice
from shared.planning.differences import differences
from shared.planning.findings import Findings
from shared.planning.transitions import operation_started, restore_planned, snapshot_validated
from shared.replacing import guard_rails
from shared.request.abandon_request import asks_to_abandon
from shared.request.fields import Archive
from shared.request.restore_request import RestoreRequest
from shared.resources import Snapshot
from shared.runtime.step import Event, step
from shared.settings import Settings
from shared.steps import Step


class Start(Model):
    """What the state machine hands to the first step."""

    request: JsonValue
    execution_arn: str
    execution_start_time: Moment
    redrive_count: int


def create_operation(event: Event, aws: Aws) -> Operation:
    """The execution's operation: created and locked now, or by an earlier call."""
    start = Start.model_validate(event)
    parameters = checked_parameters(start.request, aws)
    operation_id = names.operation_id(start.execution_arn, start.execution_start_time)
    if not parameters["abandon"]:
        operation_id = str(parameters.get("operation_id", operation_id))
    target_cluster = str(parameters["target_cluster_id"])
    existing = aws.store.load(operation_id)
    if existing is None:
        return aws.store.begin(
            operation_started(
                operation_id,
                start.execution_arn,
                start.execution_start_time,
                parameters,
                target_cluster,
            )
        )
    if existing.execution_arn != start.execution_arn:
        raise InvalidRequest(
            f"operation_id: {operation_id} was used by execution {existing.execution_arn}; "
            "choose another, or leave it out."
        )
    if existing.status is Status.FAILED and start.redrive_count > existing.failed_attempt:
        abandonment.check_not_abandoned(existing)
        corrected = operation_redriven(existing).corrected(parameters, target_cluster)
        return aws.store.reopen(corrected)
    return existing


def checked_parameters(raw: JsonValue, aws: Aws) -> dict[str, JsonValue]:
    """The request with the deployment's defaults, or that of the operation it abandons."""
    if isinstance(raw, dict) and asks_to_abandon(raw):
        return abandonment.parameters(raw, aws.store)
    return RestoreRequest.parse(raw, aws.settings.defaults).model_dump(
        mode="json", exclude_none=True
    )


@step(Step.SNAPSHOT_CHECK, find=create_operation)
def handler(operation: Operation, aws: Aws) -> Operation:
    match operation.kind:
        case Kind.RESTORE:
            return check(operation, aws)
        case Kind.PLAN:
            checked = check(operation, aws)
            return restore_planned(checked, plan(checked, aws))
        case Kind.CLEAN_UP:
            return abandon(operation, aws)
        case unknown:
            assert_never(unknown)


def check(operation: Operation, aws: Aws) -> Operation:
    """Choose the snapshot and the route, or raise everything that is in the way as one error."""
    request, findings = operation.request, Findings()
    route: tuple[Hop, ...] | None = None
    if snapshot := findings.of(snapshot_choice.find, aws, request, clock.now()):
        findings.of(guard_rails.check_target_is_not_source, request, snapshot, aws.settings)
        route = findings.of(route_of, snapshot, operation, aws.settings)
    replaced = findings.of(find_replaced, operation, aws)
    quota = preflight.collect(findings, aws, request, snapshot, route or (), replaced, clock.now())
    if findings or snapshot is None or route is None:
        raise findings.error
    return snapshot_validated(operation, snapshot, route, replaced, quota)


def plan(checked: Operation, aws: Aws) -> Plan:
    """The complete plan: what the operation would do."""
    due = sweep.due(checked, aws, clock.now())
    earlier = aws.store.earlier_durations(str(checked.source_cluster), len(checked.route))
    near_quota = checked.snapshot_quota.warning if checked.snapshot_quota else None
    warnings = (*due.stuck, *([near_quota] if near_quota else []))
    return preview.plan(checked, due.removed, warnings, earlier, aws.settings.prices)


def route_of(snapshot: Snapshot, operation: Operation, settings: Settings) -> tuple[Hop, ...]:
    """The copies that bring the snapshot to where it can be restored."""
    request = operation.request
    to = Destination(
        account_id=settings.account_id,
        region=request.target_region,
        kms_key_id=request.kms_key_id,
        keeps_copy=request.archive is not Archive.DELETE,
    )
    through = settings.source_role(snapshot.account_id)
    return plan_route(snapshot, to, through, operation.operation_id, clock.now())


def abandon(operation: Operation, aws: Aws) -> Operation:
    """Make sure that the failed operation never goes on, and take over what it has left."""
    failed = abandonment.failed_operation(str(operation.request.operation_id), aws.store)
    if failed.abandoned_by != operation.operation_id:
        failed = aws.store.save(operation_abandoned(failed, operation.operation_id))
    return abandonment_started(operation, failed)


def find_replaced(operation: Operation, aws: Aws) -> ReplacedCluster | None:
    """The cluster that has the target id now, if there is one and it may be replaced."""
    request = operation.request
    aurora = aws.aurora(request.target_region)
    existing = aurora.cluster(request.target_cluster_id)
    if existing is None:
        return None
    instances = aurora.instances(existing.id)
    guard_rails.check_with_all_it_has(existing, instances, request, aws)
    final_snapshot = None
    if request.final_snapshot:
        final_snapshot = names.final_snapshot_id(
            existing.id, operation.start_time, operation.operation_id
        )
        if existing.kms_key_id:
            aws.keys(request.target_region).check_usable(existing.kms_key_id)
    return ReplacedCluster(
        cluster_id=existing.id,
        resource_id=existing.resource_id,
        final_snapshot_id=final_snapshot,
        instances=len(existing.members),
        differences=differences(existing, instances, request),
        keeps_backups=existing.keeps_backups(
            final_snapshot, unless_saved=aws.settings.keep_automated_backups
        ),
    )
