"""Both tables, empty, and the store on them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.gateways.store import Store
from tests.builders import settings


@pytest.fixture
def dynamodb() -> Iterator[Any]:
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
