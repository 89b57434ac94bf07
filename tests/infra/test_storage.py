"""Tables, topic, queue and keys: nothing is lost, nothing is readable by others."""

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


def test_operations_are_found_by_their_target_cluster(template: Template) -> None:
    table = template.only("AWS::DynamoDB::Table", TableName="aurora-restore-state")

    (index,) = table["GlobalSecondaryIndexes"]

    assert table["KeySchema"] == [{"AttributeName": "operation_id", "KeyType": "HASH"}]
    assert index["IndexName"] == "by_target_cluster"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["target_cluster", "start_time"]


def test_audit_events_are_ordered_by_time(template: Template) -> None:
    table = template.only("AWS::DynamoDB::Table", TableName="aurora-restore-audit")

    assert [key["AttributeName"] for key in table["KeySchema"]] == ["operation_id", "timestamp"]


def test_messages_and_dead_letters_are_encrypted(template: Template) -> None:
    topic = template.only("AWS::SNS::Topic")
    queue = template.only("AWS::SQS::Queue")

    assert text(topic["KmsMasterKeyId"]).startswith("{NotificationKey")
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_key_that_clusters_depend_on_outlives_the_stack(template: Template) -> None:
    description = "aurora-restore: snapshot copies and restored clusters"

    key = template.id_of("AWS::KMS::Key", Description=description)

    assert template.deletion_policy(key) == "Retain"


def test_no_key_is_made_when_the_deployment_names_one(other_template: Template) -> None:
    descriptions = [key["Description"] for key in other_template.resources("AWS::KMS::Key")]

    assert descriptions == ["aurora-restore: messages about restores"]
    assert '"arn:aws:kms:us-west-2:123456789012:key/named"' in other_template.text


def test_people_get_the_messages(other_template: Template) -> None:
    subscription = other_template.only("AWS::SNS::Subscription")

    assert subscription["Protocol"] == "email"
    assert subscription["Endpoint"] == "database-team@example.com"
