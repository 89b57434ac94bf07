"""Step Functions: the emulator's interpreter on the cloud's clock."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.api.faults import ServerError, Throttle
from local.clock import participant
from local.cloud import LocalCloud
from tests.local.toys import a_function, a_machine, a_task, a_wait

MOODY = """
    import pathlib, time

    class Moody(Exception):
        pass

    def handler(event, context):
        if event.get("sleep"):
            time.sleep(event["sleep"])
        if event.get("mood") == "bad":
            raise Moody("not today")
        return event
"""
DAY = 24 * 3600


def a_retry(error: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"ErrorEquals": [error], **fields}]


def test_a_day_of_waiting_takes_no_time(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, Wait=a_wait(DAY))

    execution = cloud.run(machine, {"some": "input"})

    assert execution.status == "SUCCEEDED"
    assert execution.output == {"some": "input"}
    assert execution.stopped_at - execution.started_at == timedelta(days=1)


def test_dates_and_history_stand_on_the_clock(cloud: LocalCloud) -> None:
    cloud.clock.sleep(30 * DAY)
    began = cloud.clock.now()
    machine = a_machine(cloud, Wait=a_wait(3600))

    execution = cloud.run(machine, {})

    client = cloud.client("stepfunctions")
    described = client.describe_execution(executionArn=execution.arn)
    history = client.get_execution_history(executionArn=execution.arn)["events"]
    assert abs(described["startDate"] - began) < timedelta(seconds=1)
    assert described["stopDate"] - described["startDate"] == timedelta(hours=1)
    assert history[-1]["timestamp"] - history[0]["timestamp"] == timedelta(hours=1)
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "WaitStateEntered",
        "WaitStateExited",
        "ExecutionSucceeded",
    ]


def test_the_context_object_has_simulated_time_as_aws_writes_it(cloud: LocalCloud) -> None:
    times = {"started.$": "$$.Execution.StartTime", "entered.$": "$$.State.EnteredTime"}
    machine = a_machine(
        cloud, Wait=a_wait(60, Next="Pass"), Pass={"Type": "Pass", "Parameters": times, "End": True}
    )
    moment = cloud.clock.now()

    output = cloud.run(machine, {}).output

    milliseconds = f"{moment:%Y-%m-%dT%H:%M:%S.%f}"[:-3]
    assert output["started"] == f"{milliseconds}Z"
    assert output["entered"] == f"{moment + timedelta(seconds=60):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def test_a_wait_for_a_timestamp_ends_at_it(cloud: LocalCloud) -> None:
    until = cloud.clock.now().replace(microsecond=0) + timedelta(hours=5)
    machine = a_machine(
        cloud, Wait={"Type": "Wait", "Timestamp": f"{until:%Y-%m-%dT%H:%M:%SZ}", "End": True}
    )

    execution = cloud.run(machine, {})

    assert abs(execution.stopped_at - until) <= timedelta(seconds=1)


def test_a_task_gets_its_input_and_passes_on_its_output(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, Count=a_task(a_function(cloud)))

    execution = cloud.run(machine, {"count": 41})

    assert execution.output == {"count": 42}
    assert execution.states == ("Count",)


def test_retries_wait_on_the_clock(cloud: LocalCloud) -> None:
    retry = a_retry("Moody", IntervalSeconds=100, BackoffRate=2, MaxAttempts=3)
    machine = a_machine(cloud, Try=a_task(a_function(cloud, MOODY), Retry=retry))

    execution = cloud.run(machine, {"mood": "bad"})

    took = execution.stopped_at - execution.started_at
    assert (execution.status, execution.error) == ("FAILED", "Moody")
    assert json.loads(execution.cause or "")["errorMessage"] == "not today"
    assert took == timedelta(seconds=100 + 200 + 400 + 1.5 + 3 * 0.3)


def test_a_task_that_takes_too_long_times_out(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, Try=a_task(a_function(cloud, MOODY), TimeoutSeconds=2))

    execution = cloud.run(machine, {"sleep": 1})

    assert (execution.status, execution.error) == ("FAILED", "States.Timeout")
    assert "TaskTimedOut" in [event["type"] for event in execution.history]


def test_a_function_works_on_after_its_task_timed_out(cloud: LocalCloud) -> None:
    source = """
        import time
        def handler(event, context):
            time.sleep(1)
            print("finished all the same")
    """
    machine = a_machine(cloud, Try=a_task(a_function(cloud, source), TimeoutSeconds=2))
    cloud.run(machine, {})

    for thread in threading.enumerate():
        if thread.name == "toy without a caller":
            thread.join()

    events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/toy")["events"]
    assert [event["message"] for event in events] == ["finished all the same"]


def test_an_execution_times_out_in_simulated_time(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, timeout=3600, Wait=a_wait(600, Next="Again"), Again=a_wait(DAY))

    execution = cloud.run(machine, {})

    described = cloud.client("stepfunctions").describe_execution(executionArn=execution.arn)
    assert execution.status == described["status"] == "TIMED_OUT"
    assert described["stopDate"] - described["startDate"] == timedelta(hours=1)
    assert execution.history[-1]["type"] == "ExecutionTimedOut"


def test_retries_end_when_the_execution_times_out(cloud: LocalCloud) -> None:
    retry = a_retry("Moody", IntervalSeconds=100, BackoffRate=1, MaxAttempts=1000)
    machine = a_machine(cloud, timeout=1000, Try=a_task(a_function(cloud, MOODY), Retry=retry))

    execution = cloud.run(machine, {"mood": "bad"})

    assert execution.status == "TIMED_OUT"
    assert execution.stopped_at - execution.started_at == timedelta(seconds=1000)


def test_an_execution_can_be_stopped_while_it_waits(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, Wait=a_wait(DAY))
    client = cloud.client("stepfunctions")
    with participant(cloud.clock):
        arn = client.start_execution(stateMachineArn=machine)["executionArn"]
        began = cloud.clock.now()
        client.stop_execution(executionArn=arn, error="Enough", cause="no more")

        execution = cloud.workflows.wait(arn)

    described = client.describe_execution(executionArn=arn)
    assert execution.status == described["status"] == "ABORTED"
    assert (described["error"], described["cause"]) == ("Enough", "no more")
    assert execution.stopped_at == began


def test_an_execution_that_never_waits_can_be_stopped_too(cloud: LocalCloud) -> None:
    machine = a_machine(
        cloud, Ping={"Type": "Pass", "Next": "Pong"}, Pong={"Type": "Pass", "Next": "Ping"}
    )
    client = cloud.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]

    client.stop_execution(executionArn=arn)

    assert cloud.workflows.wait(arn, timeout_seconds=10).status == "ABORTED"


def test_an_execution_that_starts_while_all_are_stopped_is_stopped_as_well(
    cloud: LocalCloud,
) -> None:
    machine = a_machine(cloud, Wait=a_wait(DAY))
    cloud.workflows.stop()

    execution = cloud.run(machine, {})

    assert execution.status == "ABORTED"


def test_an_execution_without_a_name_gets_one_of_its_own(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, Wait=a_wait(1))

    names = {cloud.run(machine, {}).name for _ in range(2)}

    assert len(names) == 2
    assert not names & {"None", None}


def test_a_name_is_used_once(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, Wait=a_wait(1))
    cloud.run(machine, {"a": 1}, name="monday")

    with pytest.raises(ClientError) as caught:
        cloud.run(machine, {"a": 2}, name="monday")

    assert caught.value.response["Error"]["Code"] == "ExecutionAlreadyExists"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Throttle(), "Lambda.TooManyRequestsException"),
        (ServerError(), "Lambda.ServiceException"),
    ],
)
def test_an_invocation_fails_as_the_service_names_it(
    cloud: LocalCloud, fault: Throttle | ServerError, error: str
) -> None:
    machine = a_machine(cloud, Count=a_task(a_function(cloud)))
    armed = cloud.faults.on("lambda:Invoke", do=fault)

    failed = cloud.run(machine, {})
    succeeded = cloud.run(machine, {})

    assert armed.fired
    assert (failed.status, failed.error) == ("FAILED", error)
    assert succeeded.status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("length", "error"), [(200_000, None), (300_000, "States.DataLimitExceeded")]
)
def test_a_task_returns_256_kb_at_the_most(
    cloud: LocalCloud, length: int, error: str | None
) -> None:
    function = a_function(cloud, f"def handler(event, context): return 'x' * {length}")

    execution = cloud.run(a_machine(cloud, Count=a_task(function)), {})

    assert execution.error == error


def test_a_function_that_does_not_exist_fails_the_task(cloud: LocalCloud) -> None:
    arn = "arn:aws:lambda:us-west-2:123456789012:function:nobody"
    machine = a_machine(cloud, Count=a_task(arn))

    execution = cloud.run(machine, {})

    assert execution.error == "Lambda.ResourceNotFoundException"


def test_a_hundred_executions_run_side_by_side_in_one_order_of_time(cloud: LocalCloud) -> None:
    function = a_function(cloud)
    machine = a_machine(cloud, Wait=a_wait(3600, Next="Count"), Count=a_task(function))
    client = cloud.client("stepfunctions")
    began = cloud.clock.now()

    with participant(cloud.clock):
        arns = [
            client.start_execution(stateMachineArn=machine, input=json.dumps({"count": number}))[
                "executionArn"
            ]
            for number in range(100)
        ]
    executions = [cloud.workflows.wait(arn) for arn in arns]

    assert [execution.output["count"] for execution in executions] == list(range(1, 101))
    assert cloud.clock.now() - began < timedelta(seconds=3600 + 10)
