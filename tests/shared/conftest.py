"""Both tables, empty, and the store on them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from shared.gateways.store import Store
from tests.builders import settings


@pytest.fixture(scope="module")
def tables() -> Iterator[Any]:
    """Making the client and the tables takes longer than all that most tests do with them."""
    with mock_aws():
        client = boto3.client(
            "dynamodb",
            region_name="us-west-2",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        make_table(client, "state", "operation_id")
        make_table(client, "audit", "operation_id", "timestamp")
        yield client


@pytest.fixture
def dynamodb(tables: Any) -> Iterator[Any]:
    yield tables
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-west-2"].tables.values():
        table.items.clear()


def make_table(client: Any, name: str, *keys: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
    )


@pytest.fixture
def store(dynamodb: Any) -> Store:
    return Store(dynamodb, settings())
