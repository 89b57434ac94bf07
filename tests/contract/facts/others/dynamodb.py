"""DynamoDB: conditions, transactions, sizes."""

from typing import Any

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import fact
from tests.contract.harness.needs import Need
from tests.contract.harness.place import refused

_GUIDE = "DynamoDB developer guide"


def _key(aws: Aws, word: str) -> dict[str, Any]:
    return {"id": {"S": aws.home.run.new_name(word)}}


def _put(aws: Aws, item: dict[str, Any], **condition: Any) -> dict[str, Any]:
    return {"Put": {"TableName": aws.has(Need.TABLE), "Item": item, **condition}}


_IS_NEW = {"ConditionExpression": "attribute_not_exists(id)"}


@fact(
    "A put whose condition does not hold is refused with ConditionalCheckFailedException, and "
    "changes nothing; a consistent read sees every write before it.",
    source=f"{_GUIDE}, Condition expressions; Read consistency",
    since=FIRST,
    needs=[Need.TABLE],
)
def a_condition_that_fails_changes_nothing(aws: Aws) -> None:
    table, client, key = aws.has(Need.TABLE), aws.home.client("dynamodb"), _key(aws, "item")
    client.put_item(TableName=table, Item={**key, "value": {"N": "1"}})

    with refused("ConditionalCheckFailedException"):
        client.put_item(TableName=table, Item={**key, "value": {"N": "2"}}, **_IS_NEW)

    item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    assert item["value"] == {"N": "1"}


@fact(
    "A transaction is written as a whole or not at all. TransactionCanceledException has a reason "
    "for each write, in their order: ConditionalCheckFailed, or None.",
    source="botocore: TransactWriteItems",
    since=FIRST,
    needs=[Need.TABLE],
)
def a_transaction_has_reasons_in_order(aws: Aws) -> None:
    table, client = aws.has(Need.TABLE), aws.home.client("dynamodb")
    taken, free = _key(aws, "taken"), _key(aws, "free")
    client.put_item(TableName=table, Item=taken)
    with refused("TransactionCanceledException") as refusal:
        client.transact_write_items(
            TransactItems=[_put(aws, free, **_IS_NEW), _put(aws, taken, **_IS_NEW)]
        )

    codes = [reason["Code"] for reason in refusal["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    assert "Item" not in client.get_item(TableName=table, Key=free, ConsistentRead=True)


@fact(
    "An item of more than 400 KB is refused with ValidationException, names of attributes counted.",
    source=f"{_GUIDE}, Quotas",
    since=FIRST,
    needs=[Need.TABLE],
)
def an_item_has_a_size(aws: Aws) -> None:
    with refused("ValidationException"):
        aws.home.client("dynamodb").put_item(
            TableName=aws.has(Need.TABLE),
            Item={**_key(aws, "large"), "value": {"S": "x" * 400 * 1024}},
        )


@fact(
    "A table that is not there is ResourceNotFoundException.",
    source="botocore: errors of GetItem",
    since=FIRST,
)
def an_unknown_table_is_not_found(aws: Aws) -> None:
    with refused("ResourceNotFoundException"):
        aws.home.client("dynamodb").get_item(
            TableName=aws.home.run.new_name("nothing"), Key=_key(aws, "item")
        )
