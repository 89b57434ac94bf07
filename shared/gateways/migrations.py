"""Items that an earlier version of the model has written, completed with what follows from them.

A field that has a default says itself what its absence means. Here is what needs more than that.
`tests/fixtures/state_items` holds items of every version.
"""

from collections.abc import Mapping
from typing import Any

from shared.operation.operation import Operation
from shared.operation.status import Phase, Status

# What is written for the readers of the table, and worked out again here.
_STORED_ONLY = frozenset({"next_step", "expires_at"})
# The last phase that was begun says how far an operation was: while it lasts, and after it.
_PROGRESS = (
    (Phase.ARCHIVE, Status.USERS_CONFIGURED, Status.SNAPSHOT_ARCHIVED),
    (Phase.USERS, Status.RESTORE_COMPLETED, Status.USERS_CONFIGURED),
    (Phase.RESTORE, Status.RESTORE_IN_PROGRESS, Status.RESTORE_COMPLETED),
    (Phase.DELETE, Status.CUTOVER_IN_PROGRESS, Status.CUTOVER_COMPLETED),
    (Phase.COPY, Status.COPY_IN_PROGRESS, Status.COPY_COMPLETED),
    (Phase.VALIDATION, Status.INITIATED, Status.SNAPSHOT_FOUND),
)


def operation_in(values: Mapping[str, Any]) -> Operation:
    """The operation that the plain values of a stored item hold, whatever version wrote them."""
    fields = {name: value for name, value in values.items() if name not in _STORED_ONLY}
    return Operation.model_validate(completed(fields))


def completed(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item as the present model would have written it.

    Version 1 did not keep where an operation failed, because it knew no redrive. Without it a
    redrive would begin again, and a cluster that is in use would count as unfinished.
    """
    if item["status"] != Status.FAILED or "failed_as" in item:
        return dict(item)
    return {**item, "failed_as": reached(item["phases"]), "failed_attempt": 0}


def reached(phases: Mapping[str, Mapping[str, Any]]) -> Status:
    """The status that an operation of version 1 had when it came to an end."""
    for phase, lasting, over in _PROGRESS:
        if times := phases.get(phase):
            return over if times["ended_at"] else lasting
    return Status.INITIATED
