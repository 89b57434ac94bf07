"""Start the next hop of the copy route, or adopt it when it was already started."""

from shared.gateways.aws import Aws
from shared.names import Step
from shared.operation import progress
from shared.operation.operation import Operation
from shared.runtime.step import step


@step(Step.COPY_SNAPSHOT)
def handler(operation: Operation, aws: Aws) -> Operation:
    hop = operation.next_hop
    snapshots = aws.snapshots(hop.region, hop.account_id)
    with progress.waiting_for_the_source(operation):
        copy = snapshots.ensure_copy(hop, operation.copy_tags(hop))
    return operation.copying(copy)
