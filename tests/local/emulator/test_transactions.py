"""How large an item of DynamoDB may be, alone and in a transaction."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.emulator.transactions import size_of

LIMIT = 400 * 1024
EMULATORS = 395 * 1024
"""A little below the emulator's own limit, which is lower, and knows no surcharge."""
ITEMS = {
    "a text": {"S": "x" * EMULATORS},
    "many texts": {"L": [{"S": "x"}] * ((LIMIT - 7) // 2)},
    "a map": {"M": {"b": {"S": "ü" * (EMULATORS // 2)}}},
}
MORE = {"S": "x" * 5_000}


@pytest.fixture
def dynamodb(cloud: LocalCloud) -> Any:
    client = cloud.client("dynamodb")
    client.create_table(
        TableName="state",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


@pytest.mark.parametrize("content", ITEMS.values(), ids=ITEMS)
def test_an_item_of_400_kb_is_taken_and_a_larger_one_refused(
    dynamodb: Any, content: dict[str, Any]
) -> None:
    item = {"k": {"S": "1"}, "v": content}
    larger = item | {"w": MORE}

    taken, refused = ([{"Put": {"TableName": "state", "Item": one}}] for one in (item, larger))
    dynamodb.transact_write_items(TransactItems=taken)

    with pytest.raises(ClientError, match="exceeded the maximum allowed size"):
        dynamodb.transact_write_items(TransactItems=refused)
    with pytest.raises(ClientError, match="exceeded the maximum allowed size"):
        dynamodb.put_item(TableName="state", Item=larger)
    assert dynamodb.scan(TableName="state")["Items"] == [item]


def test_numbers_weigh_half_a_byte_a_digit() -> None:
    assert size_of({"n": {"N": "-1234.5"}}) == 1 + 4
    assert size_of({"b": {"BOOL": True}, "z": {"NULL": True}}) == 4
