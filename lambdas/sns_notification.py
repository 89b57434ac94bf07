"""Close the operation: final state, lock released, final audit event, metrics, message."""

from shared import failure, telemetry
from shared.aws import Aws
from shared.names import Step
from shared.operation import Operation
from shared.step import Event, load, step


def find_operation(event: Event, aws: Aws) -> Operation:
    """The operation that the state machine names, or the one whose execution has ended badly."""
    return failure.closed_operation(event, aws) if "detail" in event else load(event, aws)


@step(Step.SNS_NOTIFICATION, find=find_operation)
def handler(operation: Operation, aws: Aws) -> Operation:
    closed = operation if operation.is_closed else operation.completed()
    if closed.events:
        closed = aws.store.save(closed)
    told = closed.notified(aws.messages.tell(closed))
    # Only then: a message that cannot be published is tried again, and would be counted again.
    telemetry.measure(closed)
    return told
