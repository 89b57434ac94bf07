"""EventBridge Scheduler: a schedule calls an API as its role, or what it meant is kept."""

import json
from typing import Any

import pytest

from local.api.faults import Throttle
from local.cloud import LocalCloud
from local.cloudformation.deployment import deploy
from local.functions.functions import ACCOUNT
from tests.local.toys import a_queue, an_assembly, messages

ROLE = "arn:aws:iam::123456789012:role/schedules"


def a_role(cloud: LocalCloud, *, service: str = "scheduler.amazonaws.com") -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    iam = cloud.client("iam")
    iam.create_role(
        RoleName="schedules", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )
    iam.put_role_policy(
        RoleName="schedules",
        PolicyName="may",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
    )


def a_schedule(
    cloud: LocalCloud, payload: object, *, state: str = "ENABLED", **target: object
) -> None:
    cloud.client("scheduler").create_schedule(
        Name="monthly",
        ScheduleExpression="rate(30 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        State=state,
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
            "RoleArn": ROLE,
            "Input": json.dumps(payload),
            **target,
        },
    )


def a_message(url: str, body: str = '{"from": "schedule"}') -> dict[str, str]:
    return {"QueueUrl": url, "MessageBody": body}


def test_a_schedule_makes_its_call_as_its_role(cloud: LocalCloud) -> None:
    url, _ = a_queue(cloud)
    a_role(cloud)
    a_schedule(cloud, a_message(url))

    cloud.fire_schedule("monthly").wait(10)

    (message,) = messages(cloud, url)
    assert message["Body"] == {"from": "schedule"}


def test_the_call_knows_when_it_was_due(cloud: LocalCloud) -> None:
    url, _ = a_queue(cloud)
    a_role(cloud)
    a_schedule(cloud, a_message(url, '"<aws.scheduler.scheduled-time>"'))

    cloud.fire_schedule("monthly").wait(10)

    (message,) = messages(cloud, url)
    assert message["Body"] == f"{cloud.clock.now():%Y-%m-%dT%H:%M:%SZ}"


def test_a_call_that_fails_is_made_again(cloud: LocalCloud) -> None:
    url, _ = a_queue(cloud)
    a_role(cloud)
    a_schedule(cloud, a_message(url))
    fault = cloud.faults.on("sqs:SendMessage", do=Throttle(), times=3)

    cloud.fire_schedule("monthly").wait(10)

    assert len(fault.struck) == 3
    assert len(messages(cloud, url)) == 1


def test_a_call_that_fails_for_good_ends_in_the_dead_letter_queue(cloud: LocalCloud) -> None:
    url, _ = a_queue(cloud, "wanted")
    dead_url, dead = a_queue(cloud, "dead")
    a_role(cloud)
    policy = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
    a_schedule(cloud, a_message(url), DeadLetterConfig={"Arn": dead}, RetryPolicy=policy)
    cloud.faults.on("sqs:SendMessage", do=Throttle(), times=99)

    cloud.fire_schedule("monthly").wait(10)

    cloud.faults.clear()
    (letter,) = messages(cloud, dead_url)
    attributes = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
    assert letter["Body"] == a_message(url)
    assert attributes["SCHEDULE_ARN"].endswith(":schedule/default/monthly")
    assert attributes["RETRY_ATTEMPTS"] == "2"


def test_a_disabled_schedule_never_comes_due(cloud: LocalCloud) -> None:
    a_role(cloud)
    a_schedule(cloud, {}, state="DISABLED")

    with pytest.raises(ValueError, match="DISABLED"):
        cloud.fire_schedule("monthly")


def test_a_role_that_is_not_for_schedules_is_not_taken(cloud: LocalCloud) -> None:
    a_role(cloud, service="events.amazonaws.com")
    a_schedule(cloud, {})

    with pytest.raises(ValueError, match=r"does not let scheduler\.amazonaws\.com take it"):
        cloud.fire_schedule("monthly")


def test_schedules_of_a_template_are_deployed(cloud: LocalCloud, tmp_path: Any) -> None:
    schedule = {
        "GroupName": {"Ref": "Group"},
        "Name": "monthly",
        "Description": "once a month",
        "ScheduleExpression": "rate(30 days)",
        "ScheduleExpressionTimezone": "Etc/UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": ROLE},
    }
    resources = {
        "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "ours"}},
        "Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": schedule},
    }
    outputs = {"Group": {"Value": {"Fn::GetAtt": ["Group", "Arn"]}}}
    assembly = an_assembly(tmp_path, {"Resources": resources, "Outputs": outputs})

    stack = deploy(cloud, assembly, ACCOUNT)

    deployed = cloud.client("scheduler").get_schedule(GroupName="ours", Name="monthly")
    assert deployed["Target"]["RoleArn"] == ROLE
    assert stack.outputs["Group"].endswith(":schedule-group/ours")
