"""Both tables, empty, and the store on them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from local.emulator.shortcuts import shortcuts
from shared.gateways.store import Store
from shared.names import BY_TARGET_CLUSTER
from tests.builders import settings


@pytest.fixture(scope="module")
def tables() -> Iterator[Any]:
    """Making the client and the tables takes longer than all that most tests do with them."""
    with mock_aws(), shortcuts():
        client = boto3.client(
            "dynamodb",
            region_name="us-west-2",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        make_table(client, "state", "operation_id", index=(BY_TARGET_CLUSTER, "target_cluster"))
        make_table(client, "audit", "operation_id", "timestamp")
        yield client


@pytest.fixture
def dynamodb(tables: Any) -> Iterator[Any]:
    yield tables
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-west-2"].tables.values():
        table.items.clear()


def make_table(client: Any, name: str, *keys: str, index: tuple[str, str] | None = None) -> None:
    """Make a table with this key; an index has its own partition key, and is sorted by time."""
    index_name, partition_key = index or ("", "")
    indexed = (partition_key, "start_time") if index else ()
    schema = {
        "IndexName": index_name,
        "KeySchema": key_schema(*indexed),
        "Projection": {"ProjectionType": "ALL"},
    }
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"} for key in (*keys, *indexed)
        ],
        KeySchema=key_schema(*keys),
        **({"GlobalSecondaryIndexes": [schema]} if index else {}),
    )


def key_schema(*keys: str) -> list[dict[str, str]]:
    kinds = ("HASH", "RANGE")
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)]


@pytest.fixture
def store(dynamodb: Any) -> Store:
    return Store(dynamodb, settings())
