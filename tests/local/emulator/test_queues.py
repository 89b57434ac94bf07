"""Lambda hands over the messages of a queue with a mapping, until one succeeds or is spent."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.api.faults import Throttle
from local.clock import participant
from local.cloud import LocalCloud
from tests.local.toys import a_function, a_machine, a_queue, a_wait, messages

HIDDEN_SECONDS = 60
TRIES = 3
ORDERS = "arn:aws:sqs:us-west-2:123456789012:orders"
STUBBORN = """
    import json, os

    def handler(event, context):
        (record,) = event["Records"]
        order = json.loads(record["body"])
        if int(record["attributes"]["ApproximateReceiveCount"]) < order["works_at"]:
            if order.get("crashes"):
                os.kill(os.getpid(), 9)
            raise RuntimeError("not yet")
"""
WITNESS = """
    import json, os, boto3

    def handler(event, context):
        boto3.client("sqs").send_message(
            QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(event)
        )
"""


def orders(cloud: LocalCloud, **attributes: str) -> tuple[str, str]:
    """A queue of orders; its URL and its ARN."""
    return a_queue(cloud, "orders", VisibilityTimeout=str(HIDDEN_SECONDS), **attributes)


def mapped(cloud: LocalCloud, queue: str, function: str, **settings: Any) -> None:
    """Let a function have the messages of a queue, both given by ARN."""
    cloud.client("lambda").create_event_source_mapping(
        EventSourceArn=queue, FunctionName=function, BatchSize=1, **settings
    )


def mapped_orders(cloud: LocalCloud) -> tuple[str, str]:
    """A queue of orders for a stubborn function, and its dead letters; the URLs of both."""
    letters, letters_arn = a_queue(cloud)
    policy = {"deadLetterTargetArn": letters_arn, "maxReceiveCount": TRIES}
    url, arn = orders(cloud, RedrivePolicy=json.dumps(policy))
    mapped(cloud, arn, a_function(cloud, STUBBORN))
    return url, letters


def send(cloud: LocalCloud, queue_url: str, **order: Any) -> None:
    cloud.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(order))


def seconds_of_tries(cloud: LocalCloud) -> list[int]:
    """When the function was invoked, counted from the first time."""
    times = [call.at for call in cloud.calls.of("lambda:Invoke")]
    return [round((at - times[0]).total_seconds()) for at in times]


def count(cloud: LocalCloud, queue_url: str) -> int:
    """How many messages a queue has, hidden or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = cloud.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
    return sum(int(number) for number in answer["Attributes"].values())


def test_a_message_is_handed_over_once_and_deleted(cloud: LocalCloud) -> None:
    queue, letters = mapped_orders(cloud)

    send(cloud, queue, works_at=1)
    cloud.clock.sleep(3600)

    assert seconds_of_tries(cloud) == [0]
    assert (count(cloud, queue), count(cloud, letters)) == (0, 0)


def test_a_function_gets_a_message_as_a_record(cloud: LocalCloud) -> None:
    seen, _ = a_queue(cloud, "seen")
    queue, arn = orders(cloud)
    mapped(cloud, arn, a_function(cloud, WITNESS, environment={"SEEN": seen}))

    send(cloud, queue, table=7)
    cloud.clock.sleep(60)

    (event,) = (message["Body"] for message in messages(cloud, seen))
    (record,) = event["Records"]
    assert json.loads(record["body"]) == {"table": 7}
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", arn)
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


@pytest.mark.parametrize("crashes", [False, True])
def test_a_message_whose_function_fails_reappears_after_the_visibility_timeout(
    cloud: LocalCloud, crashes: bool
) -> None:
    queue, letters = mapped_orders(cloud)

    send(cloud, queue, works_at=3, crashes=crashes)
    cloud.clock.sleep(3600)

    assert seconds_of_tries(cloud) == [0, HIDDEN_SECONDS, 2 * HIDDEN_SECONDS]
    assert (count(cloud, queue), count(cloud, letters)) == (0, 0)


IMPATIENT = """
    import boto3

    def handler(event, context):
        (record,) = event["Records"]
        sqs = boto3.client("sqs")
        account, name = record["eventSourceARN"].split(":")[-2:]
        url = f"{sqs.meta.endpoint_url}/{account}/{name}"
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=5
        )
        raise RuntimeError("sooner")
"""


def test_a_function_may_have_its_message_come_again_sooner(cloud: LocalCloud) -> None:
    letters, letters_arn = a_queue(cloud)
    policy = {"deadLetterTargetArn": letters_arn, "maxReceiveCount": TRIES}
    queue, arn = orders(cloud, RedrivePolicy=json.dumps(policy))
    mapped(cloud, arn, a_function(cloud, IMPATIENT))

    send(cloud, queue, works_at=99)
    cloud.clock.sleep(3600)

    first, second, third = seconds_of_tries(cloud)
    assert (first, second, third) == pytest.approx((0, 5, 10), abs=2)
    assert (count(cloud, queue), count(cloud, letters)) == (0, 1)


def test_a_message_whose_function_is_throttled_reappears_too(cloud: LocalCloud) -> None:
    queue, _ = mapped_orders(cloud)
    cloud.faults.on("lambda:Invoke", do=Throttle())

    send(cloud, queue, works_at=1)
    cloud.clock.sleep(3600)

    assert seconds_of_tries(cloud) == [0, HIDDEN_SECONDS]
    assert count(cloud, queue) == 0


def test_a_message_that_always_fails_ends_in_the_dead_letter_queue(cloud: LocalCloud) -> None:
    queue, letters = mapped_orders(cloud)

    send(cloud, queue, works_at=99)
    cloud.clock.sleep(3600)

    assert len(seconds_of_tries(cloud)) == TRIES
    assert count(cloud, queue) == 0
    (letter,) = messages(cloud, letters)
    assert letter["Body"] == {"works_at": 99}


def test_a_message_is_hidden_from_others_between_two_tries(cloud: LocalCloud) -> None:
    queue, letters = mapped_orders(cloud)

    with participant(cloud.clock) as me:
        send(cloud, queue, works_at=99)
        me.sleep(HIDDEN_SECONDS / 2)

        assert messages(cloud, queue) == []
        assert (count(cloud, queue), count(cloud, letters)) == (1, 0)


def test_a_message_that_always_fails_without_a_dead_letter_queue_expires(cloud: LocalCloud) -> None:
    queue, arn = orders(cloud, MessageRetentionPeriod=str(5 * HIDDEN_SECONDS))
    mapped(cloud, arn, a_function(cloud, STUBBORN))

    send(cloud, queue, works_at=99)
    cloud.clock.sleep(3600)

    assert len(seconds_of_tries(cloud)) == 5
    assert count(cloud, queue) == 0


def test_a_message_that_somebody_deletes_is_not_tried_again(cloud: LocalCloud) -> None:
    queue, letters = mapped_orders(cloud)

    with participant(cloud.clock) as me:
        send(cloud, queue, works_at=99)
        me.sleep(HIDDEN_SECONDS / 2)
        cloud.client("sqs").purge_queue(QueueUrl=queue)
        me.sleep(3600)

    assert seconds_of_tries(cloud) == [0]
    assert count(cloud, letters) == 0


def test_many_messages_at_once_are_all_dealt_with(cloud: LocalCloud) -> None:
    queue, letters = mapped_orders(cloud)

    with participant(cloud.clock):
        for number in range(30):
            send(cloud, queue, works_at=1 + number % 2)
    cloud.clock.sleep(3600)

    assert len(seconds_of_tries(cloud)) == 45
    assert (count(cloud, queue), count(cloud, letters)) == (0, 0)


def test_messages_wait_until_there_is_a_mapping(cloud: LocalCloud) -> None:
    queue, arn = orders(cloud)
    send(cloud, queue, works_at=1)
    waiting = count(cloud, queue)

    mapped(cloud, arn, a_function(cloud, STUBBORN))
    cloud.clock.sleep(60)

    assert waiting == 1
    assert count(cloud, queue) == 0


def test_a_disabled_mapping_takes_nothing(cloud: LocalCloud) -> None:
    queue, arn = orders(cloud)
    mapped(cloud, arn, a_function(cloud, STUBBORN), Enabled=False)

    send(cloud, queue, works_at=1)
    cloud.clock.sleep(60)

    (message,) = messages(cloud, queue)
    assert message["Body"] == {"works_at": 1}


def test_a_message_must_not_reappear_while_its_function_may_be_at_work(cloud: LocalCloud) -> None:
    queue, arn = orders(cloud)
    function = a_function(cloud, STUBBORN, timeout=HIDDEN_SECONDS + 1)

    with pytest.raises(ClientError, match="less than Function timeout: 61 seconds"):
        mapped(cloud, arn, function)

    send(cloud, queue, works_at=1)
    assert len(messages(cloud, queue)) == 1


@pytest.mark.parametrize(("works_at", "tries", "dead"), [(1, 1, 0), (2, 2, 0), (99, TRIES, 1)])
def test_an_execution_has_told_of_its_end_when_the_message_was_dealt_with(
    cloud: LocalCloud, works_at: int, tries: int, dead: int
) -> None:
    queue, letters = mapped_orders(cloud)
    events = cloud.client("events")
    events.put_rule(Name="rule", EventPattern=json.dumps({"detail": {"status": ["SUCCEEDED"]}}))
    order = json.dumps({"works_at": works_at})
    events.put_targets(Rule="rule", Targets=[{"Id": "orders", "Arn": ORDERS, "Input": order}])

    execution = cloud.run(a_machine(cloud, Wait=a_wait(60)), {})

    assert len(seconds_of_tries(cloud)) == tries
    assert (count(cloud, queue), count(cloud, letters)) == (0, dead)
    assert cloud.clock.now() - execution.stopped_at >= timedelta(
        seconds=(tries - 1 + dead) * HIDDEN_SECONDS
    )


def test_a_reset_ends_the_wait_of_a_message(cloud: LocalCloud) -> None:
    queue, _ = mapped_orders(cloud)
    with participant(cloud.clock):
        send(cloud, queue, works_at=99)
        began = cloud.clock.now()

        cloud.reset()

    assert cloud.clock.now() == began
    assert "message of orders" not in {thread.name for thread in threading.enumerate()}
