"""SNS in the local cloud: each subscriber gets the form that is meant for it."""

import json

from local.cloud import LocalCloud
from tests.local.toys import a_queue, messages

FORMS = {"default": '{"for": "machines"}', "email": "Dear reader", "sms": "Brief"}


def a_topic(cloud: LocalCloud, *subscribers: tuple[str, str], **attributes: str) -> str:
    """Create a topic with subscribers, each a protocol and an endpoint; returns its ARN."""
    sns = cloud.client("sns")
    topic = str(sns.create_topic(Name="news")["TopicArn"])
    for protocol, endpoint in subscribers:
        sns.subscribe(
            TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=dict(attributes)
        )
    return topic


def publish(cloud: LocalCloud, topic: str, kind: str = "good") -> None:
    cloud.client("sns").publish(
        TopicArn=topic,
        Subject="News",
        MessageStructure="json",
        Message=json.dumps(FORMS),
        MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}},
    )


def test_people_get_their_form_and_only_e_mails_have_a_subject(cloud: LocalCloud) -> None:
    topic = a_topic(cloud, ("email", "me@example.com"), ("sms", "+14155550100"))

    publish(cloud, topic)

    ((email, text),) = cloud.mail.collect("email", "sms")
    assert (email.endpoint, email.subject, email.message) == (
        "me@example.com",
        "News",
        "Dear reader",
    )
    assert (text.endpoint, text.subject, text.message) == ("+14155550100", None, "Brief")
    assert cloud.mail.collect("email") == []


def test_a_queue_gets_what_has_no_form_of_its_own(cloud: LocalCloud) -> None:
    url, arn = a_queue(cloud)
    topic = a_topic(cloud, ("sqs", arn), RawMessageDelivery="true")

    publish(cloud, topic)

    (message,) = messages(cloud, url)
    assert message["Body"] == {"for": "machines"}
    assert message["MessageAttributes"]["kind"]["StringValue"] == "good"
    assert cloud.mail.collect("email") == []


def test_a_filter_policy_keeps_messages_away(cloud: LocalCloud) -> None:
    topic = a_topic(cloud, ("email", "me@example.com"), FilterPolicy='{"kind": ["bad"]}')

    publish(cloud, topic, "good")
    publish(cloud, topic, "bad")

    assert len(cloud.mail.collect("email")) == 1
