"""Asynchronous invocations are retried by Lambda, and end in a destination."""

from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from local.clock import participant
from local.cloud import LocalCloud
from tests.local.toys import MISBEHAVING, a_function, a_queue, messages


def test_an_asynchronous_event_is_retried_and_then_sent_on(cloud: LocalCloud) -> None:
    url, arn = a_queue(cloud)
    a_function(cloud, MISBEHAVING)
    functions = cloud.client("lambda")
    functions.put_function_event_invoke_config(
        FunctionName="toy", DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    with participant(cloud.clock):
        accepted = functions.invoke(
            FunctionName="toy", InvocationType="Event", Payload='{"do": "raise"}'
        )
        began = cloud.clock.now()

    cloud.clock.sleep(600)

    (letter,) = messages(cloud, url)
    tried = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/toy")["events"]
    assert accepted["StatusCode"] == 202
    assert len(tried) == 3
    assert letter["Body"]["requestPayload"] == {"do": "raise"}
    assert letter["Body"]["responsePayload"]["errorType"] == "SpecialError"
    assert datetime.fromisoformat(letter["Body"]["timestamp"]) >= began + timedelta(seconds=180)


def test_an_event_that_is_dealt_with_is_not_tried_again(cloud: LocalCloud) -> None:
    a_function(cloud, MISBEHAVING)

    cloud.client("lambda").invoke(
        FunctionName="toy", InvocationType="Event", Payload='{"do": "nothing"}'
    )
    cloud.clock.sleep(600)

    tried = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/toy")["events"]
    assert len(tried) == 1


def test_an_event_for_an_unknown_function_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.client("lambda").invoke(FunctionName="nobody", InvocationType="Event", Payload="{}")

    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
