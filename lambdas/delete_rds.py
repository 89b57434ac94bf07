"""Free the target id (`delete_first`), or cut over and remove the old cluster (`swap`)."""

from typing import assert_never

from shared.errors import InternalError
from shared.gateways.aws import Aws
from shared.operation.kind import Kind
from shared.operation.operation import Operation
from shared.operation.parts import Cutover
from shared.replacing import cutover, removal
from shared.runtime.step import step
from shared.steps import Step


@step(Step.DELETE_RDS)
def handler(operation: Operation, aws: Aws) -> Operation:
    match operation.kind:
        case Kind.RESTORE if operation.swaps and operation.cutover is not Cutover.PROVEN:
            return cutover.advance(operation, aws)
        case Kind.RESTORE:
            return removal.remove_replaced(operation, aws)
        case Kind.CLEAN_UP:
            return removal.remove_unfinished(operation, aws)
        case Kind.PLAN:
            raise InternalError(
                f"Operation {operation.operation_id} is a plan and deletes nothing."
            )
        case unknown:
            assert_never(unknown)
