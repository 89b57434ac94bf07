"""The reading side: what people ask of operations that are under way, or were.

Nothing here writes, so whoever may only look can use it.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from shared import clock, names
from shared.aws_errors import named_errors
from shared.gateways.items import item_of, values_of
from shared.gateways.migrations import operation_in
from shared.operation.audit import AuditEvent
from shared.operation.operation import Operation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class History:
    """Operations and audit trails of one deployment, as they are stored."""

    def __init__(self, client: "DynamoDBClient", state_table: str, audit_table: str) -> None:
        self._client = client
        self._state_table = state_table
        self._audit_table = audit_table

    def events(self, operation_id: str, after: datetime | None = None) -> tuple[AuditEvent, ...]:
        """The audit trail of an operation in order of time; of it, what is later than `after`."""
        with named_errors(f"Reading the audit trail of {operation_id}"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._audit_table,
                KeyConditionExpression="operation_id = :id AND #at > :after",
                ExpressionAttributeNames={"#at": "timestamp"},
                ExpressionAttributeValues=item_of(
                    {":id": operation_id, ":after": clock.iso(after) if after else "0"}
                ),
                ConsistentRead=True,
            )
            return tuple(_event(values_of(item)) for page in pages for item in page["Items"])

    def operations_onto(self, target_cluster: str) -> tuple[Operation, ...]:
        """Every stored operation of a target, the newest first; the index may lag by seconds."""
        with named_errors(f"Searching for operations onto {target_cluster}"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._state_table,
                IndexName=names.BY_TARGET_CLUSTER,
                KeyConditionExpression="target_cluster = :target",
                ExpressionAttributeValues=item_of({":target": target_cluster}),
                ScanIndexForward=False,
            )
            return tuple(operation_in(values_of(item)) for page in pages for item in page["Items"])


def _event(values: dict[str, object]) -> AuditEvent:
    values.pop("expires_at", None)
    return AuditEvent.model_validate(values)
