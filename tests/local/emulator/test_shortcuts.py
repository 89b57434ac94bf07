"""With the shortcuts, the emulator's tables take and give what they do without them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models.dynamo_type import Item

from local.cloud import LocalCloud

ITEM = {
    "id": {"S": "one"},
    "number": {"N": "1.5"},
    "nothing": {"NULL": True},
    "is_it": {"BOOL": False},
    "many": {"L": [{"S": "a"}, {"M": {"S": {"S": "named as a type"}}}]},
    "words": {"SS": ["x", "y"]},
    "bytes": {"B": b"\x00\xff"},
}


@pytest.fixture
def table(cloud: LocalCloud) -> Any:
    client = cloud.client("dynamodb")
    client.create_table(
        TableName="things",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def test_nothing_is_kept_of_an_item_that_was_overwritten(table: Any) -> None:
    before = len(Item.instances_tracked)

    for _ in range(20):
        table.put_item(TableName="things", Item=ITEM)

    assert len(Item.instances_tracked) == before


def test_an_item_of_every_type_comes_back_as_it_was_put(table: Any) -> None:
    table.put_item(TableName="things", Item=ITEM)

    answer = table.get_item(TableName="things", Key={"id": {"S": "one"}})

    assert answer["Item"] == ITEM


def test_an_item_may_be_no_larger_than_dynamodb_allows(table: Any) -> None:
    with pytest.raises(ClientError, match="Item size has exceeded"):
        table.put_item(TableName="things", Item={"id": {"S": "one"}, "text": {"S": "x" * 410_000}})


def test_an_error_is_answered_as_the_service_describes_it(table: Any) -> None:
    with pytest.raises(ClientError) as refused:
        table.describe_table(TableName="nothing")

    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
