"""Functions that have slept: what `Invoke` answers until they are ready, and who calls again."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from tests.local.toys import a_function, a_machine, a_queue, a_role, a_task, a_zip

SECONDS = 100
PENDING = "Lambda.CodeArtifactUserPendingException"
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}


def retrying(*names: str) -> dict[str, Any]:
    """So many seconds after each other, and not for long."""
    retry = {"ErrorEquals": list(names), "IntervalSeconds": 60, "MaxAttempts": 2, "BackoffRate": 1}
    return {"Retry": [retry]}


def a_function_in_a_vpc(cloud: LocalCloud) -> str:
    created = cloud.client("lambda").create_function(
        FunctionName="toy",
        Runtime="python3.13",
        Role=a_role(cloud),
        Handler="toy.handler",
        Code={"ZipFile": a_zip(toy="def handler(event, context): return event")},
        VpcConfig=VPC,
    )
    return str(created["FunctionArn"])


def errors(cloud: LocalCloud, seconds_between: int) -> list[str]:
    """The errors of a function's calls, until it answers."""
    found = []
    while True:
        try:
            cloud.client("lambda").invoke(FunctionName="toy", Payload="{}")
        except ClientError as error:
            found.append(error.response["Error"]["Code"])
        else:
            return found
        cloud.clock.sleep(seconds_between)


def test_a_function_that_has_slept_answers_some_time_after_its_first_call(
    cloud: LocalCloud,
) -> None:
    a_function(cloud)
    cloud.functions.fall_asleep("toy", seconds=SECONDS)
    cloud.clock.sleep(10 * SECONDS)

    answers = errors(cloud, seconds_between=SECONDS // 4)

    assert answers == ["CodeArtifactUserPendingException"] * 4
    assert errors(cloud, seconds_between=1) == []


def test_in_a_vpc_the_first_call_is_answered_otherwise_than_the_next(cloud: LocalCloud) -> None:
    a_function_in_a_vpc(cloud)
    cloud.functions.fall_asleep("toy", seconds=SECONDS)

    answers = errors(cloud, seconds_between=SECONDS // 2)

    assert answers == ["ResourceNotReadyException", "ResourceConflictException"]


@pytest.mark.parametrize(
    ("retry", "status", "error"),
    [
        (retrying("Lambda.ServiceException"), "FAILED", PENDING),
        (retrying(PENDING), "SUCCEEDED", None),
    ],
)
def test_an_execution_waits_for_it_if_it_retries_the_error(
    cloud: LocalCloud, retry: dict[str, Any], status: str, error: str | None
) -> None:
    machine = a_machine(cloud, Count=a_task(a_function(cloud), **retry))
    cloud.functions.fall_asleep("toy", seconds=SECONDS)

    execution = cloud.run(machine, {})

    assert (execution.status, execution.error) == (status, error)


def test_a_message_waits_for_it_in_its_queue(cloud: LocalCloud) -> None:
    url, queue = a_queue(cloud, "orders", VisibilityTimeout="60")
    cloud.client("lambda").create_event_source_mapping(
        EventSourceArn=queue, FunctionName=a_function(cloud), BatchSize=1
    )
    cloud.functions.fall_asleep("toy", seconds=SECONDS)

    cloud.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"count": 1}))
    cloud.clock.sleep(3600)

    left = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert left["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert len(cloud.calls.of("lambda:Invoke")) == 3


def test_an_asynchronous_event_waits_for_it_at_lambda(cloud: LocalCloud) -> None:
    a_function(cloud, "def handler(event, context): print('here')")
    cloud.functions.fall_asleep("toy", seconds=SECONDS)

    cloud.client("lambda").invoke(FunctionName="toy", InvocationType="Event", Payload="{}")
    cloud.clock.sleep(3600)

    logged = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/toy")["events"]
    assert [line["message"].strip() for line in logged] == ["here"]


def test_an_emptied_cloud_has_no_sleepers(cloud: LocalCloud) -> None:
    cloud.functions.fall_asleep("toy", seconds=SECONDS)
    cloud.reset()
    a_function(cloud)

    assert errors(cloud, seconds_between=1) == []
