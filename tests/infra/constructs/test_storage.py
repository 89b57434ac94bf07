"""Tables, queues and keys: nothing is lost, nothing is readable by others."""

import pytest

from tests.infra.template import Template, text

TABLES = ("aurora-restore-state", "aurora-restore-audit")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_can_be_brought_back_and_forgets_in_time(template: Template, name: str) -> None:
    table = template.only("AWS::DynamoDB::Table", TableName=name)

    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True


@pytest.mark.parametrize("name", TABLES)
def test_a_table_outlives_the_stack(template: Template, name: str) -> None:
    table = template.id_of("AWS::DynamoDB::Table", TableName=name)

    assert template.deletion_policy(table) == "Retain"


def test_operations_are_found_by_their_target_and_their_source(template: Template) -> None:
    table = template.only("AWS::DynamoDB::Table", TableName="aurora-restore-state")

    keys = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }

    assert table["KeySchema"] == [{"AttributeName": "operation_id", "KeyType": "HASH"}]
    assert keys == {
        "by_target_cluster": ["target_cluster", "start_time"],
        "by_source_cluster": ["source_cluster", "start_time"],
    }


def test_nobody_in_the_account_may_change_the_audit_trail(template: Template) -> None:
    table = template.only("AWS::DynamoDB::Table", TableName="aurora-restore-audit")

    (denial,) = table["ResourcePolicy"]["PolicyDocument"]["Statement"]

    assert denial["Effect"] == "Deny"
    assert denial["Principal"] == {"AWS": "*"}
    assert set(denial["Action"]) >= {"dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    assert text(denial["Resource"]).endswith(":table/aurora-restore-audit")


def test_audit_events_are_ordered_by_time(template: Template) -> None:
    table = template.only("AWS::DynamoDB::Table", TableName="aurora-restore-audit")

    assert [key["AttributeName"] for key in table["KeySchema"]] == ["operation_id", "timestamp"]


@pytest.mark.parametrize(
    ("name", "days"), [("aurora-restore-failed-executions", 4), ("aurora-restore-dead-letters", 14)]
)
def test_a_queue_keeps_its_messages_long_and_unreadable(
    template: Template, name: str, days: int
) -> None:
    queue = template.only("AWS::SQS::Queue", QueueName=name)
    (policy,) = [
        policy
        for policy in template.resources("AWS::SQS::QueuePolicy")
        if policy["Queues"] == [{"Ref": template.id_of("AWS::SQS::Queue", QueueName=name)}]
    ]
    denied = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]

    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == days * 24 * 3600
    assert [(one["Action"], one["Condition"]) for one in denied] == [
        ("sqs:*", {"Bool": {"aws:SecureTransport": "false"}})
    ]


def test_a_key_that_clusters_depend_on_outlives_the_stack(template: Template) -> None:
    description = "aurora-restore: snapshot copies and restored clusters"

    key = template.id_of("AWS::KMS::Key", Description=description)

    assert template.deletion_policy(key) == "Retain"


def test_no_key_is_made_when_the_deployment_names_one(other_template: Template) -> None:
    descriptions = [key["Description"] for key in other_template.resources("AWS::KMS::Key")]

    assert descriptions == ["aurora-restore: messages about restores"]
    assert '"arn:aws:kms:us-west-2:123456789012:key/named"' in other_template.text
