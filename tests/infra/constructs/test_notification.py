"""The topic and who hears of it: unreadable by others, each subscriber in its own form."""

from typing import Any

from tests.infra.template import Template, text


def test_messages_are_encrypted_with_a_key_of_their_own(template: Template) -> None:
    topic = template.only("AWS::SNS::Topic")

    assert text(topic["KmsMasterKeyId"]).startswith("{NotificationKey")


def test_the_alarm_may_publish_to_the_topic_and_use_its_key(template: Template) -> None:
    key = template.only("AWS::KMS::Key", Description="aurora-restore: messages about restores")
    topic = template.only("AWS::SNS::TopicPolicy")["PolicyDocument"]
    alarms = "arn:aws:cloudwatch:us-west-2:123456789012:alarm:aurora-restore-*"

    (publishing,) = _allowed_to_alarms(topic)
    (encrypting,) = _allowed_to_alarms(key["KeyPolicy"])

    assert publishing["Action"] == "sns:Publish"
    assert text(publishing["Condition"]["ArnLike"]["aws:SourceArn"]) == alarms
    assert encrypting["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_everyone_is_subscribed_and_only_queues_get_the_json_alone(
    other_template: Template,
) -> None:
    subscribed = {
        one["Protocol"]: (one["Endpoint"], one.get("RawMessageDelivery"))
        for one in other_template.resources("AWS::SNS::Subscription")
    }

    assert subscribed == {
        "email": ("database-team@example.com", None),
        "sms": ("+14155550100", None),
        "sqs": ("arn:aws:sqs:us-west-2:210987654321:restores", True),
        "https": ("https://example.com/restores", None),
    }


def test_all_subscribe_to_the_one_topic(other_template: Template) -> None:
    topic = {"Ref": other_template.id_of("AWS::SNS::Topic")}

    topics = [one["TopicArn"] for one in other_template.resources("AWS::SNS::Subscription")]

    assert topics == [topic] * 4


def _allowed_to_alarms(policy: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        statement
        for statement in policy["Statement"]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        and statement["Effect"] == "Allow"
    ]
