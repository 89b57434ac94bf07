"""Start the next hop of the copy route, or adopt it when it was already started."""

from datetime import timedelta

from shared import clock, names
from shared.copying.transitions import copy_started
from shared.gateways.aws import Aws
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.parts import Hop
from shared.request.fields import Archive
from shared.runtime.step import step
from shared.steps import Step


@step(Step.COPY_SNAPSHOT)
def handler(operation: Operation, aws: Aws) -> Operation:
    hop = operation.next_hop
    snapshots = aws.snapshots(hop.region, hop.account_id)
    with waiting.for_the_source(operation):
        copy = snapshots.ensure_copy(hop, copy_tags(operation, hop))
    return copy_started(operation, copy)


def copy_tags(operation: Operation, hop: Hop) -> dict[str, str]:
    """The tags of a temporary snapshot; one that is kept for a time says until when."""
    request, taken_at = operation.request, operation.snapshot.created_at
    tags = operation.tags | ({names.TAG_TAKEN_AT: clock.iso(taken_at)} if taken_at else {})
    if request.archive is not Archive.RETAIN or hop.account_id:
        return tags
    days = request.retain_days
    until = clock.iso(operation.start_time + timedelta(days=days)) if days else "never"
    return tags | {names.TAG_DELETE_AFTER: until}
