"""EventBridge: events reach the targets of the rules, or what was meant for them is kept."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from local.api.faults import Throttle
from local.cloud import LocalCloud
from tests.local.toys import (
    a_function,
    a_machine,
    a_queue,
    a_role,
    a_task,
    a_wait,
    messages,
)

FAILING = """
    def handler(event, context):
        raise RuntimeError("no")
"""
WITNESS = """
    import json, os, urllib.request, boto3

    def handler(event, context):
        boto3.client("sqs").send_message(
            QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event)
        )
"""
STATUS_CHANGES = {
    "source": ["aws.states"],
    "detail-type": ["Step Functions Execution Status Change"],
}


def a_rule(
    cloud: LocalCloud,
    target: Mapping[str, Any],
    *,
    pattern: Mapping[str, Any] | None = None,
    state: str = "ENABLED",
) -> None:
    events = cloud.client("events")
    when = (
        {"EventPattern": json.dumps(pattern)} if pattern else {"ScheduleExpression": "rate(1 day)"}
    )
    events.put_rule(Name="rule", State=state, **when)
    events.put_targets(Rule="rule", Targets=[{"Id": "target", **target}])


def a_witness(cloud: LocalCloud) -> tuple[str, str]:
    """A function that keeps every event it sees; its ARN, and the URL of the queue they are in."""
    url, _ = a_queue(cloud, "seen")
    arn = a_function(cloud, WITNESS, name="witness", environment={"QUEUE": url})
    return arn, url


def bodies(cloud: LocalCloud, queue_url: str) -> list[Any]:
    return [message["Body"] for message in messages(cloud, queue_url)]


def test_the_end_of_an_execution_is_published_with_all_its_details(cloud: LocalCloud) -> None:
    witness, seen = a_witness(cloud)
    pattern = {**STATUS_CHANGES, "detail": {"status": ["SUCCEEDED"]}}
    a_rule(cloud, {"Arn": witness}, pattern=pattern)
    machine = a_machine(cloud, Wait=a_wait(60))

    execution = cloud.run(machine, {"a": 1}, name="monday")

    (event,) = bodies(cloud, seen)
    detail = event["detail"]
    assert (event["source"], event["region"]) == ("aws.states", "us-west-2")
    assert event["resources"] == [execution.arn]
    assert event["time"] == f"{execution.stopped_at:%Y-%m-%dT%H:%M:%SZ}"
    assert detail["executionArn"] == execution.arn
    assert detail["stateMachineArn"] == machine
    assert (detail["name"], detail["status"]) == ("monday", "SUCCEEDED")
    assert json.loads(detail["input"]) == json.loads(detail["output"]) == {"a": 1}
    assert detail["stopDate"] - detail["startDate"] == 60_000
    assert (detail["error"], detail["cause"]) == (None, None)


@pytest.mark.parametrize(
    ("status", "timeout", "error"),
    [("FAILED", None, "RuntimeError"), ("TIMED_OUT", 30, None)],
)
def test_a_bad_end_is_published_too(
    cloud: LocalCloud, status: str, timeout: int | None, error: str | None
) -> None:
    witness, seen = a_witness(cloud)
    pattern = {**STATUS_CHANGES, "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"]}}
    a_rule(cloud, {"Arn": witness}, pattern=pattern)
    task = a_task(a_function(cloud, FAILING))
    machine = a_machine(cloud, timeout=timeout, Wait=a_wait(60, Next="Fail"), Fail=task)

    cloud.run(machine, {})

    (event,) = bodies(cloud, seen)
    assert (event["detail"]["status"], event["detail"]["error"]) == (status, error)
    assert event["detail"]["output"] is None


def test_the_start_of_an_execution_is_published(cloud: LocalCloud) -> None:
    witness, seen = a_witness(cloud)
    a_rule(cloud, {"Arn": witness}, pattern={**STATUS_CHANGES, "detail": {"status": ["RUNNING"]}})

    cloud.run(a_machine(cloud, Wait=a_wait(60)), {})

    (event,) = bodies(cloud, seen)
    assert event["detail"]["stopDate"] is None


@pytest.mark.parametrize(("state", "status"), [("DISABLED", "SUCCEEDED"), ("ENABLED", "FAILED")])
def test_rules_that_are_disabled_or_do_not_match_stay_silent(
    cloud: LocalCloud, state: str, status: str
) -> None:
    witness, seen = a_witness(cloud)
    pattern = {**STATUS_CHANGES, "detail": {"status": [status]}}
    a_rule(cloud, {"Arn": witness}, pattern=pattern, state=state)

    cloud.run(a_machine(cloud, Wait=a_wait(60)), {})

    assert bodies(cloud, seen) == []


def test_an_event_that_cannot_be_delivered_is_tried_again(cloud: LocalCloud) -> None:
    witness, seen = a_witness(cloud)
    a_rule(cloud, {"Arn": witness}, pattern=STATUS_CHANGES | {"detail": {"status": ["SUCCEEDED"]}})
    fault = cloud.faults.on("lambda:Invoke", do=Throttle(), times=3)

    execution = cloud.run(a_machine(cloud, Wait=a_wait(60)), {})

    assert len(fault.struck) == 3
    assert len(bodies(cloud, seen)) == 1
    assert cloud.clock.now() > execution.stopped_at + timedelta(seconds=1 + 2 + 4)


def test_an_event_that_is_never_delivered_ends_in_the_dead_letter_queue(cloud: LocalCloud) -> None:
    url, queue = a_queue(cloud)
    function = a_function(cloud)
    target = {
        "Arn": function,
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
        "DeadLetterConfig": {"Arn": queue},
    }
    a_rule(cloud, target, pattern=STATUS_CHANGES | {"detail": {"status": ["SUCCEEDED"]}})
    fault = cloud.faults.on("lambda:Invoke", do=Throttle(), times=99)

    execution = cloud.run(a_machine(cloud, Wait=a_wait(60)), {})

    (letter,) = messages(cloud, url)
    attributes = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
    assert len(fault.struck) == 3
    assert letter["Body"]["detail"]["executionArn"] == execution.arn
    assert attributes["TARGET_ARN"] == function
    assert attributes["ERROR_CODE"] == "TooManyRequestsException"
    assert attributes["RETRY_ATTEMPTS"] == "2"


def test_an_event_for_a_function_that_is_gone_is_not_tried_again(cloud: LocalCloud) -> None:
    url, queue = a_queue(cloud)
    gone = "arn:aws:lambda:us-west-2:123456789012:function:gone"
    a_rule(cloud, {"Arn": gone, "DeadLetterConfig": {"Arn": queue}}, pattern=STATUS_CHANGES)

    cloud.run(a_machine(cloud, Wait=a_wait(60)), {})

    codes = {
        letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] for letter in messages(cloud, url)
    }
    assert codes == {"NO_RESOURCE"}
    assert len(cloud.calls.of("lambda:Invoke")) == 2, "one for the start, one for the end"


def test_a_function_that_fails_is_retried_by_lambda_and_not_a_dead_letter_of_the_rule(
    cloud: LocalCloud,
) -> None:
    url, queue = a_queue(cloud)
    function = a_function(cloud, FAILING)
    target = {"Arn": function, "DeadLetterConfig": {"Arn": queue}}
    a_rule(cloud, target, pattern=STATUS_CHANGES | {"detail": {"status": ["SUCCEEDED"]}})

    execution = cloud.run(a_machine(cloud, Wait=a_wait(60)), {})

    assert messages(cloud, url) == []
    assert cloud.clock.now() >= execution.stopped_at + timedelta(seconds=60 + 120)


def test_a_scheduled_rule_starts_an_execution_with_its_input(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, Wait=a_wait(60))
    target = {"Arn": machine, "RoleArn": a_role(cloud)}
    a_rule(cloud, target | {"Input": json.dumps({"who": "schedule"})})

    cloud.fire("rule").wait(10)

    client = cloud.client("stepfunctions")
    (started,) = client.list_executions(stateMachineArn=machine)["executions"]
    execution = cloud.workflows.wait(started["executionArn"])
    assert execution.output == {"who": "schedule"}


def test_a_disabled_schedule_never_fires(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, Wait=a_wait(60))
    a_rule(cloud, {"Arn": machine}, state="DISABLED")

    with pytest.raises(ValueError, match="DISABLED"):
        cloud.fire("rule")


def test_a_target_may_get_a_part_of_the_event_or_a_template(cloud: LocalCloud) -> None:
    _, queue = a_queue(cloud, "parts")
    url = cloud.client("sqs").get_queue_url(QueueName="parts")["QueueUrl"]
    events = cloud.client("events")
    transformer = {
        "InputPathsMap": {"status": "$.detail.status"},
        "InputTemplate": '{"it": "<status>"}',
    }
    a_rule(cloud, {"Arn": queue, "InputPath": "$.detail.status"}, pattern=STATUS_CHANGES)
    events.put_targets(
        Rule="rule", Targets=[{"Id": "2", "Arn": queue, "InputTransformer": transformer}]
    )

    cloud.run(a_machine(cloud, Wait=a_wait(60)), {})

    assert sorted(map(str, bodies(cloud, url))) == sorted(
        ["RUNNING", "SUCCEEDED", "{'it': 'RUNNING'}", "{'it': 'SUCCEEDED'}"]
    )
