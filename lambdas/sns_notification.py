"""Close the operation: final state, lock released, final audit event, metrics, message."""

from shared.closing import failed_executions
from shared.closing.transitions import notification_sent, operation_completed
from shared.gateways.aws import Aws
from shared.operation.operation import Operation
from shared.runtime import telemetry
from shared.runtime.step import Event, load, step
from shared.steps import Step


def find_operation(event: Event, aws: Aws) -> Operation:
    """The operation that the state machine names, or the one whose execution has ended badly."""
    return failed_executions.closed_operation(event, aws) if "detail" in event else load(event, aws)


@step(Step.SNS_NOTIFICATION, find=find_operation)
def handler(operation: Operation, aws: Aws) -> Operation:
    closed = operation if operation.is_closed else operation_completed(operation)
    if closed.events:
        closed = aws.store.save(closed)
    message_id = aws.messages.publish(closed)
    # Not before: publishing may fail and be retried, which would count the operation twice.
    telemetry.measure(closed)
    return notification_sent(closed, message_id)
