"""The plan: what a restore would make, delete and cost, before any of it is done."""

import statistics
from collections.abc import Iterator, Sequence

from shared import names
from shared.operation.operation import Operation
from shared.operation.parts import TemporarySnapshot
from shared.operation.published import Plan
from shared.request.fields import Archive
from shared.settings import Prices

_HOURS_A_MONTH = 730
# Measured in the simulator, with the times that the user guides give: `make bench`.
_UNSERVED = (
    "; nobody serves while the names change, 3 to 4 minutes, and while a new certificate is made, "
    "8 to 9 more"
)


def plan(
    operation: Operation,
    due: Sequence[str],
    warnings: Sequence[str],
    earlier_seconds: Sequence[float],
    prices: Prices | None,
) -> Plan:
    """What a restore like this operation, whose snapshot and route are known, would do.

    `due` is what the sweep at the end would remove, `warnings` are told as they are,
    `earlier_seconds` are the durations of restores of the same source with the same number of
    copies. Names end in the digits of the operation that makes them; the restore will have others
    than the plan.
    """
    own, any_other = names.fingerprint(operation.operation_id), "xxxxxx"
    return Plan(
        creates=tuple(line.replace(own, any_other) for line in _creates(operation)),
        deletes=(
            *(line.replace(own, any_other) for line in _deletes(operation)),
            *(f"{name}, a leftover of an earlier operation" for name in due),
        ),
        estimated_seconds=statistics.median(earlier_seconds) if earlier_seconds else None,
        estimated_from=len(earlier_seconds),
        monthly_price=_monthly_price(operation, prices),
        differences=operation.replaced_cluster.differences if operation.replaced_cluster else (),
        warnings=tuple(warnings),
    )


def _creates(operation: Operation) -> Iterator[str]:
    request = operation.request
    for hop in operation.route:
        copy = TemporarySnapshot.of(hop)
        key = f", under key {hop.kms_key_id}" if hop.kms_key_id else ""
        yield f"temporary snapshot {copy.snapshot_id} in {copy.where}{key}"
    new_name = f", later {operation.target_cluster}" if operation.swaps else ""
    own_key = request.kms_key_id or operation.snapshot.kms_key_id
    encrypted = f"under key {own_key}" if own_key else "with a key that AWS owns"
    yield f"cluster {operation.restored_id}{new_name}, encrypted {encrypted}"
    for name in operation.instance_ids:
        yield f"instance {name}, {request.db_instance_class}"
    if operation.replaced_cluster and operation.replaced_cluster.final_snapshot_id:
        later = ", when the kept cluster is removed" if request.keep_replaced_hours else ""
        yield f"final snapshot {operation.replaced_cluster.final_snapshot_id}{later}"
    if request.archive is Archive.EXPORT and operation.route:
        yield "an export of the snapshot's data to the deployment's bucket"


def _deletes(operation: Operation) -> Iterator[str]:
    request = operation.request
    if operation.deletes_first:
        yield (
            f"cluster {operation.target_cluster}, before its successor is restored: nobody serves "
            "until that is done"
        )
    elif operation.swaps and request.keep_replaced_hours:
        yield (
            f"cluster {operation.target_cluster}, renamed to {operation.renamed_id} and kept for "
            f"{request.keep_replaced_hours} h{_UNSERVED}"
        )
    elif operation.swaps:
        yield (
            f"cluster {operation.target_cluster}, once its successor serves under its id{_UNSERVED}"
        )
    made = operation.model_copy(
        update={"temporary_snapshots": tuple(TemporarySnapshot.of(hop) for hop in operation.route)}
    )
    for copy in made.snapshots_to_delete:
        yield f"temporary snapshot {copy.snapshot_id} in {copy.where}, at the end"


def _monthly_price(operation: Operation, prices: Prices | None) -> str | None:
    """What its instances cost a month at the prices in the settings, which include discounts."""
    request = operation.request
    hour = prices.instance_hours.get(request.db_instance_class) if prices else None
    if prices is None or hour is None:
        return None
    month = hour * _HOURS_A_MONTH * request.instance_count
    return f"{prices.currency} {month:,.2f} a month for instances; storage and I/O are extra"
