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
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, assert_never

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from pydantic import BaseModel

from shared import names
from shared.aws_errors import named_errors
from shared.errors import RestoreError, StateConflict, TargetLocked, Throttled, UnexpectedAwsError
from shared.gateways import migrations
from shared.operation.audit import AuditEvent
from shared.operation.next_step import next_step
from shared.operation.operation import Operation
from shared.operation.status import Kind, Status
from shared.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Item = dict[str, Any]

BY_SOURCE_CLUSTER = "by_source_cluster"
_RESTORES_COUNTED = 5

ITEM_IS_NEW = "attribute_not_exists(operation_id)"
VERSION_IS_THE_ONE_READ = "#version = :read"
LOCK_IS_OURS = "holder = :operation_id"

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


class Store:
    """The operations of one deployment."""

    def __init__(self, client: "DynamoDBClient", settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def load(self, operation_id: str) -> Operation | None:
        """The operation as it was last saved."""
        item = self._read(operation_id)
        return None if item is None else _operation(item)

    def earlier_durations(self, source_cluster: str, hops: int) -> tuple[float, ...]:
        """Seconds that the last restores of a cluster took that took the same number of copies."""
        with named_errors(f"Looking for earlier restores of {source_cluster}"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._settings.state_table,
                IndexName=BY_SOURCE_CLUSTER,
                KeyConditionExpression="source_cluster = :cluster",
                FilterExpression="#status = :completed AND size(route) = :hops "
                "AND NOT attribute_type(#plan, :map)",
                ExpressionAttributeNames={"#status": "status", "#plan": "plan"},
                ExpressionAttributeValues=_item(
                    {
                        ":cluster": source_cluster,
                        ":completed": Status.COMPLETED,
                        ":hops": hops,
                        ":map": "M",
                    }
                ),
                ScanIndexForward=False,
            )
            newest = (_operation(_values(item)) for page in pages for item in page["Items"])
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
                    "Key": _item({"operation_id": lock}),
                    "ConditionExpression": LOCK_IS_OURS,
                    "ExpressionAttributeValues": _item({":operation_id": operation.operation_id}),
                }
            }
        ]

    def _write(
        self, operation: Operation, with_lock: list["TransactWriteItemTypeDef"]
    ) -> Operation:
        saved = operation.saved()
        state = _plain(saved) | {
            "next_step": next_step(saved),
            "expires_at": _epoch(operation.last_updated_time, self._settings.state_retention_days),
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
            put_state["Put"]["ExpressionAttributeValues"] = _item({":read": operation.version})
        events = [self._event(event) for event in operation.events]
        with named_errors(f"Saving operation {operation.operation_id}"):
            self._transact([put_state, *events, *with_lock], operation.operation_id)
        return saved

    def _transact(self, items: list["TransactWriteItemTypeDef"], operation_id: str) -> None:
        try:
            self._client.transact_write_items(TransactItems=items)
        except self._client.exceptions.TransactionCanceledException as error:
            raise _why_cancelled(error, operation_id) from error

    def _event(self, event: AuditEvent) -> "TransactWriteItemTypeDef":
        expires_at = _epoch(event.timestamp, self._settings.audit_retention_days)
        item = _plain(event) | {"expires_at": expires_at}
        return self._put(self._settings.audit_table, item, ITEM_IS_NEW)

    def _put(
        self, table: str, item: Mapping[str, Any], condition: str
    ) -> "TransactWriteItemTypeDef":
        return {"Put": {"TableName": table, "Item": _item(item), "ConditionExpression": condition}}

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
                Key=_item({"operation_id": key}),
                ConsistentRead=True,
            )
        found = answer.get("Item")
        return None if found is None else _values(found)


def _why_cancelled(error: ClientError, operation_id: str) -> RestoreError:
    """A transaction's reasons, under our names: a failed condition is a conflict."""
    reasons: list[Mapping[str, str]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = {reason.get("Code", "None") for reason in reasons} - {"None"}
    if codes & {"ThrottlingError", "ProvisionedThroughputExceeded"}:
        return Throttled(f"Saving operation {operation_id}: the table is throttled.")
    if codes <= {"ConditionalCheckFailed", "TransactionConflict"}:
        return StateConflict(
            f"Operation {operation_id} or its lock was written by somebody else at the same time."
        )
    return UnexpectedAwsError(
        f"Saving operation {operation_id}: DynamoDB refused with {', '.join(sorted(codes))}."
    )


def _values(item: Mapping[str, Any]) -> Item:
    return {name: _readable(_deserializer.deserialize(value)) for name, value in item.items()}


def _operation(item: Item) -> Operation:
    for stored_only in ("next_step", "expires_at"):
        item.pop(stored_only, None)
    return Operation.model_validate(migrations.completed(item))


def _plain(model: BaseModel) -> Item:
    plain: Item = model.model_dump(mode="json")
    return plain


def _item(values: Mapping[str, Any]) -> Item:
    return {name: _serializer.serialize(_exact(value)) for name, value in values.items()}


def _exact(value: Any) -> Any:
    """DynamoDB takes no floats: write them as the decimals they print as."""
    match value:
        case float():
            return Decimal(str(value))
        case Mapping():
            return {key: _exact(one) for key, one in value.items()}
        case list() | tuple():
            return [_exact(one) for one in value]
        case _:
            return value


def _readable(value: Any) -> Any:
    """What `_exact` wrote, as plain numbers again."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {key: _readable(one) for key, one in value.items()}
        case list():
            return [_readable(one) for one in value]
        case _:
            return value


def _epoch(moment: datetime, retention_days: int) -> int:
    return int((moment + timedelta(days=retention_days)).timestamp())
