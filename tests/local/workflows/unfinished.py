"""Executions that did not finish, to be redriven."""

from datetime import timedelta
from typing import Any

from local.api.faults import Throttle
from local.clock import InstantClock, participant
from local.cloud import LocalCloud
from tests.local.toys import a_function, a_machine, a_task, a_wait

BROKEN = "Lambda.TooManyRequestsException"


def breaking(cloud: LocalCloud, *, times: int = 1, nth: int = 1) -> None:
    """Let the coming invocations fail; those after them succeed."""
    cloud.faults.on("lambda:Invoke", do=Throttle(), nth=nth, times=times)


def a_broken_execution(cloud: LocalCloud, **machine: Any) -> str:
    """An execution that waited an hour, then failed to count; returns its ARN."""
    count = a_task(a_function(cloud), **machine.pop("task", {}))
    arn = a_machine(cloud, Wait=a_wait(3600, Next="Count"), Count=count, **machine)
    breaking(cloud)
    execution = cloud.run(arn, {"count": 41})
    assert execution.error == BROKEN
    return execution.arn


def a_stopped_execution(cloud: LocalCloud, machine: str) -> str:
    """An execution that was stopped as soon as it had begun; returns its ARN."""
    client = cloud.client("stepfunctions")
    with participant(cloud.clock):
        arn: str = client.start_execution(stateMachineArn=machine)["executionArn"]
        client.stop_execution(executionArn=arn)
        assert cloud.workflows.wait(arn).status == "ABORTED"
    return arn


def described(cloud: LocalCloud, arn: str) -> dict[str, Any]:
    description: dict[str, Any] = cloud.client("stepfunctions").describe_execution(executionArn=arn)
    return description


def leap(cloud: LocalCloud, **span: float) -> None:
    assert isinstance(cloud.clock, InstantClock)
    cloud.clock.leap(timedelta(**span).total_seconds())
