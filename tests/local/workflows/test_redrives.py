"""Redriving executions: what is done again, and what is published about it."""

import json
import time
from datetime import timedelta

from local.clock import participant
from local.cloud import LocalCloud
from tests.local.toys import a_function, a_machine, a_queue, a_task, a_wait, messages
from tests.local.workflows.unfinished import (
    BROKEN,
    a_broken_execution,
    a_stopped_execution,
    breaking,
    described,
    leap,
)

DAY = 24 * 3600
SLOW_COUNTER = """
    import time

    def handler(event, context):
        time.sleep(0.3)
        return {"count": event["count"] + 1}
"""
SLOW_FAILURE = """
    import time

    def handler(event, context):
        time.sleep(0.3)
        raise RuntimeError("no")
"""


def stopped_at_work(cloud: LocalCloud, source: str, request: object) -> str:
    """An execution that was stopped while its one function worked; returns its ARN."""
    machine = a_machine(cloud, Try=a_task(a_function(cloud, source)))
    client = cloud.client("stepfunctions")
    started = client.start_execution(stateMachineArn=machine, input=json.dumps(request))
    arn: str = started["executionArn"]
    while not cloud.calls.of("lambda:Invoke"):
        time.sleep(0.01)
    client.stop_execution(executionArn=arn)
    stopped = cloud.workflows.wait(arn)
    assert (stopped.status, stopped.error) == ("ABORTED", None)
    return arn


def test_a_failed_state_gets_its_input_again_and_no_state_before_it_is_repeated(
    cloud: LocalCloud,
) -> None:
    arn = a_broken_execution(cloud)
    began = cloud.clock.now()

    execution = cloud.redrive(arn)

    assert (execution.arn, execution.status, execution.output) == (arn, "SUCCEEDED", {"count": 42})
    assert execution.states == ("Wait", "Count", "Count")
    assert cloud.clock.now() - began < timedelta(minutes=1)


def test_the_history_goes_on_in_order(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud)
    leap(cloud, days=1)

    cloud.redrive(arn)

    history = cloud.client("stepfunctions").get_execution_history(executionArn=arn)["events"]
    types = [event["type"] for event in history]
    redriven = history[types.index("ExecutionRedriven")]
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert types[types.index("ExecutionFailed") :] == [
        "ExecutionFailed",
        "ExecutionRedriven",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert redriven["executionRedrivenEventDetails"] == {"redriveCount": 1}
    assert redriven["previousEventId"] == redriven["id"] - 1
    assert redriven["timestamp"] - history[redriven["id"] - 2]["timestamp"] >= timedelta(days=1)


def test_retries_are_counted_anew(cloud: LocalCloud) -> None:
    retry = [{"ErrorEquals": [BROKEN], "IntervalSeconds": 10, "MaxAttempts": 2}]
    machine = a_machine(cloud, Count=a_task(a_function(cloud), Retry=retry))
    breaking(cloud, times=3 + 2)

    failed = cloud.run(machine, {})
    succeeded = cloud.redrive(failed.arn)

    assert (failed.status, succeeded.status) == ("FAILED", "SUCCEEDED")
    assert len(cloud.calls.of("lambda:Invoke")) == 3 + 3


def test_a_wait_that_was_stopped_is_waited_again_in_full(cloud: LocalCloud) -> None:
    arn = a_stopped_execution(cloud, a_machine(cloud, Wait=a_wait(DAY)))
    began = cloud.clock.now()

    execution = cloud.redrive(arn)

    assert execution.status == "SUCCEEDED"
    assert execution.stopped_at - began == timedelta(days=1)


def test_a_wait_for_a_time_that_has_passed_is_over_at_once(cloud: LocalCloud) -> None:
    until = f"{cloud.clock.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    wait = {"Type": "Wait", "Timestamp": until, "End": True}
    arn = a_stopped_execution(cloud, a_machine(cloud, Wait=wait))
    leap(cloud, hours=5)
    began = cloud.clock.now()

    execution = cloud.redrive(arn)

    assert (execution.status, execution.stopped_at) == ("SUCCEEDED", began)


def test_a_choice_is_made_again_and_a_fail_state_fails_again(cloud: LocalCloud) -> None:
    wants = {"Variable": "$.go", "BooleanEquals": True, "Next": "Fail"}
    fail = {"Type": "Fail", "Error": "Wrong", "Cause": "way"}
    machine = a_machine(cloud, Choose={"Type": "Choice", "Choices": [wants]}, Fail=fail)

    undecided = cloud.redrive(cloud.run(machine, {"go": False}).arn)
    wrong = cloud.redrive(cloud.run(machine, {"go": True}).arn)

    assert (undecided.status, undecided.states) == ("FAILED", ("Choose", "Choose"))
    assert (wrong.error, wrong.states) == ("Wrong", ("Choose", "Fail", "Fail"))


def test_the_time_limit_of_the_execution_begins_anew(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, timeout=3600, Short=a_wait(1800, Next="Long"), Long=a_wait(3000))
    failed = cloud.run(machine, {})
    leap(cloud, hours=5)

    execution = cloud.redrive(failed.arn)

    assert failed.status == "TIMED_OUT"
    assert (execution.status, execution.states) == ("SUCCEEDED", ("Short", "Long", "Long"))


def test_the_definition_is_the_one_that_the_execution_began_with(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud)
    cloud.client("stepfunctions").update_state_machine(
        stateMachineArn=described(cloud, arn)["stateMachineArn"],
        definition=json.dumps({"StartAt": "New", "States": {"New": a_wait(1)}}),
    )

    execution = cloud.redrive(arn)

    assert execution.states == ("Wait", "Count", "Count")


def test_the_context_object_shows_redrives(cloud: LocalCloud) -> None:
    report = {
        "Type": "Pass",
        "Parameters": {"execution.$": "$$.Execution", "input.$": "$"},
        "End": True,
    }
    count = a_task(a_function(cloud), Next="Report")
    machine = a_machine(cloud, Count=count, Report=report)
    at_first = cloud.run(machine, {}).output["execution"]
    breaking(cloud)
    failed = cloud.run(machine, {})
    leap(cloud, hours=1)
    moment = cloud.clock.now()

    after = cloud.redrive(failed.arn).output["execution"]

    assert (at_first["RedriveCount"], "RedriveTime" in at_first) == (0, False)
    assert after["RedriveCount"] == 1
    assert after["RedriveTime"] == f"{moment:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    assert after["StartTime"] == f"{failed.started_at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def test_an_execution_is_described_as_it_is_now(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud, task={"Next": "Rest"}, Rest=a_wait(60))
    failed = described(cloud, arn)
    client = cloud.client("stepfunctions")

    with participant(cloud.clock):
        date = client.redrive_execution(executionArn=arn)["redriveDate"]
        running = described(cloud, arn)
    cloud.workflows.wait(arn)

    succeeded = described(cloud, arn)
    assert (failed["status"], failed["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    assert (failed["redriveCount"], "redriveDate" in failed) == (0, False)
    assert (running["status"], running["redriveStatus"]) == ("RUNNING", "NOT_REDRIVABLE")
    assert running["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
    assert (running["redriveCount"], running["redriveDate"]) == (1, date)
    assert not {"stopDate", "error", "cause"} & set(running)
    assert running["startDate"] == succeeded["startDate"] == failed["startDate"]
    assert succeeded["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert succeeded["stopDate"] - date >= timedelta(seconds=60)


def test_an_execution_can_be_redriven_again_and_again(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud)
    breaking(cloud, times=2)

    statuses = [cloud.redrive(arn).status for _ in range(3)]

    assert statuses == ["FAILED", "FAILED", "SUCCEEDED"]
    assert described(cloud, arn)["redriveCount"] == 3


def test_a_redriven_execution_can_be_stopped_and_redriven_again(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud, task={"Next": "Rest"}, Rest=a_wait(DAY))
    client = cloud.client("stepfunctions")
    with participant(cloud.clock) as me:
        client.redrive_execution(executionArn=arn)
        me.sleep(60)
        client.stop_execution(executionArn=arn, error="Enough")
        stopped = cloud.workflows.wait(arn)

    execution = cloud.redrive(arn)

    assert (stopped.status, stopped.error) == ("ABORTED", "Enough")
    assert (execution.status, execution.error) == ("SUCCEEDED", None)
    assert execution.states == ("Wait", "Count", "Count", "Rest", "Rest")


def test_a_task_that_was_stopped_while_its_function_ran_gets_its_input_again(
    cloud: LocalCloud,
) -> None:
    arn = stopped_at_work(cloud, SLOW_COUNTER, {"count": 41})

    execution = cloud.redrive(arn)

    assert execution.output == {"count": 42}
    assert execution.states == ("Try", "Try")


def test_a_state_whose_output_was_too_large_gets_its_input_again(cloud: LocalCloud) -> None:
    large = {"Type": "Pass", "Result": "x" * 300_000, "End": True}
    failed = cloud.run(a_machine(cloud, Large=large), {"count": 1})

    execution = cloud.redrive(failed.arn)

    inputs = [
        event["stateEnteredEventDetails"]["input"]
        for event in execution.history
        if "stateEnteredEventDetails" in event
    ]
    assert failed.error == "States.DataLimitExceeded"
    assert [json.loads(each) for each in inputs] == [{"count": 1}] * 2


def test_a_task_that_fails_after_the_execution_was_stopped_was_stopped(cloud: LocalCloud) -> None:
    arn = stopped_at_work(cloud, SLOW_FAILURE, {})

    execution = cloud.redrive(arn)

    assert (execution.status, execution.error) == ("FAILED", "RuntimeError")
    assert execution.states == ("Try", "Try")


def test_both_attempts_are_published_to_the_rules(cloud: LocalCloud) -> None:
    url, queue = a_queue(cloud)
    events = cloud.client("events")
    events.put_rule(Name="rule", EventPattern=json.dumps({"source": ["aws.states"]}))
    events.put_targets(Rule="rule", Targets=[{"Id": "1", "Arn": queue}])
    arn = a_broken_execution(cloud)
    leap(cloud, hours=1)

    execution = cloud.redrive(arn)

    events = sorted((m["Body"] for m in messages(cloud, url)), key=lambda event: event["time"])
    details = [event["detail"] for event in events]
    assert [(d["status"], d["redriveCount"], d["redriveStatus"]) for d in details] == [
        ("RUNNING", 0, "NOT_REDRIVABLE"),
        ("FAILED", 0, "REDRIVABLE"),
        ("RUNNING", 1, "NOT_REDRIVABLE"),
        ("SUCCEEDED", 1, "NOT_REDRIVABLE"),
    ]
    assert details[2]["redriveDate"] - details[1]["stopDate"] >= 3_600_000
    assert (details[2]["stopDate"], details[2]["error"]) == (None, None)
    assert events[3]["time"] == f"{execution.stopped_at:%Y-%m-%dT%H:%M:%SZ}"
