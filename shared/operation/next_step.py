"""Which step the state machine runs next; `shared.operation.status` draws the way."""

from typing import assert_never

from shared.operation.kind import Kind
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.steps import Step


def next_step(operation: Operation) -> Step | None:
    """The step that the state machine runs next; `None` when the operation is over."""
    match operation.status:
        case Status.INITIATED:
            return Step.SNAPSHOT_CHECK
        case Status.SNAPSHOT_FOUND:
            return _after_the_check(operation)
        case Status.COPY_IN_PROGRESS:
            return _while_copying(operation)
        case Status.COPY_COMPLETED:
            return _once_copied(operation)
        case Status.CUTOVER_IN_PROGRESS:
            return _while_replacing(operation)
        case Status.CUTOVER_COMPLETED:
            return _once_replaced(operation)
        case Status.RESTORE_IN_PROGRESS:
            return _while_restoring(operation)
        case Status.RESTORE_COMPLETED:
            return Step.SETUP_DB_USERS
        case Status.USERS_CONFIGURED:
            return _once_usable(operation)
        case Status.SNAPSHOT_ARCHIVED:
            return Step.SNS_NOTIFICATION
        case Status.COMPLETED | Status.FAILED:
            return _once_closed(operation)
        case unknown:
            assert_never(unknown)


def _after_the_check(operation: Operation) -> Step:
    match operation.kind:
        case Kind.RESTORE:
            return Step.COPY_SNAPSHOT if operation.is_copy_needed else _once_copied(operation)
        case Kind.PLAN:
            return Step.SNS_NOTIFICATION
        case Kind.CLEAN_UP:
            return Step.DELETE_RDS
        case unknown:
            assert_never(unknown)


def _while_copying(operation: Operation) -> Step:
    return Step.CHECK_COPY_STATUS if operation.hop_under_way else Step.COPY_SNAPSHOT


def _while_restoring(operation: Operation) -> Step:
    return Step.CHECK_RESTORE_STATUS if operation.move_under_way else Step.RESTORE_SNAPSHOT


def _while_replacing(operation: Operation) -> Step:
    return Step.SETUP_DB_USERS if operation.is_proof_due else Step.DELETE_RDS


def _once_usable(operation: Operation) -> Step:
    return Step.DELETE_RDS if operation.swaps else Step.ARCHIVE_SNAPSHOT


def _once_copied(operation: Operation) -> Step:
    return Step.DELETE_RDS if operation.deletes_first else Step.RESTORE_SNAPSHOT


def _once_replaced(operation: Operation) -> Step:
    is_last = operation.swaps or operation.kind is Kind.CLEAN_UP
    return Step.ARCHIVE_SNAPSHOT if is_last else Step.RESTORE_SNAPSHOT


def _once_closed(operation: Operation) -> Step | None:
    return None if operation.notification else Step.SNS_NOTIFICATION
