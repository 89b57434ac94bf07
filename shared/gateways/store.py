"""State, audit trail and lock in DynamoDB; one transaction for what belongs together.

begin ─── state (new) + first event + lock (new) ──┐   (what only plans takes no lock)
                                                   │  the lock stays, however long it takes
save ──── state (version read) + events            │
                                                   │
save ──── state (closed) + events + lock (gone) ───┘
                                                   after a redrive:
reopen ── state (version read) + event + lock (new)
"""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, assert_never

from botocore.exceptions import ClientError
from pydantic import BaseModel

from shared import names
from shared.aws_errors import named_errors
from shared.errors import RestoreError, StateConflict, TargetLocked, Throttled, UnexpectedAwsError
from shared.gateways.items import Item, expiry, item_of, values_of
from shared.gateways.migrations import operation_in
from shared.operation import bounds
from shared.operation.audit import AuditEvent
from shared.operation.kind import Kind
from shared.operation.next_step import next_step
from shared.operation.operation import Operation
from shared.operation.status import Status
from shared.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_RESTORES_COUNTED = 5

ITEM_IS_NEW = "attribute_not_exists(operation_id)"
VERSION_IS_THE_ONE_READ = "#version = :read"
LOCK_IS_OURS = "holder = :operation_id"


class Store:
    """The operations of one deployment."""

    def __init__(self, client: "DynamoDBClient", settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def load(self, operation_id: str) -> Operation | None:
        """The operation as it was last saved."""
        item = self._read(operation_id)
        return None if item is None else operation_in(item)

    def earlier_durations(self, source_cluster: str, hops: int) -> tuple[float, ...]:
        """How many seconds the last restores of a cluster took, with the same number of copies."""
        with named_errors(f"Searching for earlier restores of {source_cluster}"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._settings.state_table,
                IndexName=names.BY_SOURCE_CLUSTER,
                KeyConditionExpression="source_cluster = :cluster",
                FilterExpression="#status = :completed AND size(route) = :hops "
                "AND NOT attribute_type(#plan, :map)",
                ExpressionAttributeNames={"#status": "status", "#plan": "plan"},
                ExpressionAttributeValues=item_of(
                    {
                        ":cluster": source_cluster,
                        ":completed": Status.COMPLETED,
                        ":hops": hops,
                        ":map": "M",
                    }
                ),
                ScanIndexForward=False,
            )
            newest = (operation_in(values_of(item)) for page in pages for item in page["Items"])
            metrics = (one.metrics.metrics for one in newest if one.metrics)
            return tuple(
                each["total_duration_seconds"] for each in islice(metrics, _RESTORES_COUNTED)
            )

    def begin(self, operation: Operation) -> Operation:
        """Save a new operation and take its lock; raises `TargetLocked` naming who has it.

        One that only plans needs no lock.
        """
        return self._write_as_the_holder(operation)

    def reopen(self, operation: Operation) -> Operation:
        """Save a failed operation that goes on, and take its lock again; raises `TargetLocked`."""
        return self._write_as_the_holder(operation)

    def _write_as_the_holder(self, operation: Operation) -> Operation:
        match operation.kind:
            case Kind.PLAN:
                return self._write(operation, [])
            case Kind.RESTORE | Kind.CLEAN_UP:
                return self._write_and_lock(operation)
            case unknown:
                assert_never(unknown)

    def _write_and_lock(self, operation: Operation) -> Operation:
        lock = self._lock_of(operation)
        taken = {
            "operation_id": lock,
            "holder": operation.operation_id,
            "execution_arn": operation.execution_arn,
        }
        try:
            return self._write(
                operation, [self._put(self._settings.state_table, taken, ITEM_IS_NEW)]
            )
        except StateConflict:
            holder = self._holder_of(lock)
            if holder in (None, operation.operation_id):
                raise
            raise TargetLocked(
                f"Operation {holder} is restoring onto {operation.target_cluster} in "
                f"{self._settings.defaults.target_region}. Wait until it ends, or stop it."
            ) from None

    def save(self, operation: Operation) -> Operation:
        """Save the next version with its events; one that is closed gives its lock back.

        Raises `StateConflict` when the version it was made from is not the stored one any more.
        """
        return self._write(operation, self._release(operation) if operation.is_closed else [])

    def _release(self, operation: Operation) -> list["TransactWriteItemTypeDef"]:
        lock = self._lock_of(operation)
        if self._holder_of(lock) != operation.operation_id:
            return []
        return [
            {
                "Delete": {
                    "TableName": self._settings.state_table,
                    "Key": item_of({"operation_id": lock}),
                    "ConditionExpression": LOCK_IS_OURS,
                    "ExpressionAttributeValues": item_of({":operation_id": operation.operation_id}),
                }
            }
        ]

    def _write(
        self, operation: Operation, with_lock: list["TransactWriteItemTypeDef"]
    ) -> Operation:
        saved = bounds.stored(operation.saved())
        state = _plain(saved) | {
            "next_step": next_step(saved),
            "expires_at": expiry(operation.last_updated_time, self._settings.state_retention_days),
        }
        if saved.source_cluster is None:
            del state["source_cluster"]  # the key of an index must not be null
        put_state = self._put(
            self._settings.state_table,
            state,
            VERSION_IS_THE_ONE_READ if operation.version else ITEM_IS_NEW,
        )
        if operation.version:
            put_state["Put"]["ExpressionAttributeNames"] = {"#version": "version"}
            put_state["Put"]["ExpressionAttributeValues"] = item_of({":read": operation.version})
        events = [self._event(bounds.stored_event(event)) for event in operation.events]
        with named_errors(f"Saving operation {operation.operation_id}"):
            self._transact([put_state, *events, *with_lock], operation.operation_id)
        return saved

    def _transact(self, items: list["TransactWriteItemTypeDef"], operation_id: str) -> None:
        try:
            self._client.transact_write_items(TransactItems=items)
        except self._client.exceptions.TransactionCanceledException as error:
            raise _why_cancelled(error, operation_id) from error

    def _event(self, event: AuditEvent) -> "TransactWriteItemTypeDef":
        expires_at = expiry(event.timestamp, self._settings.audit_retention_days)
        item = _plain(event) | {"expires_at": expires_at}
        return self._put(self._settings.audit_table, item, ITEM_IS_NEW)

    def _put(
        self, table: str, item: Mapping[str, Any], condition: str
    ) -> "TransactWriteItemTypeDef":
        return {
            "Put": {"TableName": table, "Item": item_of(item), "ConditionExpression": condition}
        }

    def _holder_of(self, lock: str) -> str | None:
        item = self._read(lock)
        return str(item["holder"]) if item else None

    def _lock_of(self, operation: Operation) -> str:
        # A deployment restores into its own region only.
        region = self._settings.defaults.target_region
        return names.lock_id(self._settings.account_id, region, operation.target_cluster)

    def _read(self, key: str) -> Item | None:
        with named_errors(f"Reading {key}"):
            answer = self._client.get_item(
                TableName=self._settings.state_table,
                Key=item_of({"operation_id": key}),
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return None if item is None else values_of(item)


def _why_cancelled(error: ClientError, operation_id: str) -> RestoreError:
    """A transaction's reasons, under our names: a failed condition is a conflict."""
    reasons: list[Mapping[str, str]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = {reason.get("Code", "None") for reason in reasons} - {"None"}
    if codes & {"ThrottlingError", "ProvisionedThroughputExceeded"}:
        return Throttled(f"Saving operation {operation_id}: the table is throttled.")
    if codes <= {"ConditionalCheckFailed", "TransactionConflict"}:
        return StateConflict(
            f"Operation {operation_id} or its lock was changed by another call at the same time."
        )
    return UnexpectedAwsError(
        f"Saving operation {operation_id}: DynamoDB refused with {', '.join(sorted(codes))}."
    )


def _plain(model: BaseModel) -> Item:
    plain: Item = model.model_dump(mode="json")
    return plain
