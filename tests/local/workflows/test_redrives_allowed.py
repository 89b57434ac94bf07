"""Redriving executions: which may be, and how often a call counts."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from botocore.exceptions import ClientError

from local.clock import participant
from local.cloud import LocalCloud
from tests.local.toys import a_machine, a_wait
from tests.local.workflows.unfinished import BROKEN, a_broken_execution, breaking, described, leap

DAY = 24 * 3600


def refusal(cloud: LocalCloud, arn: str) -> tuple[str, str]:
    """The code and the words with which a redrive is refused."""
    with pytest.raises(ClientError) as caught:
        cloud.redrive(arn)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_what_succeeded_or_runs_is_not_redriven(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, Wait=a_wait(60))
    done = cloud.run(machine, {}).arn
    client = cloud.client("stepfunctions")
    with participant(cloud.clock):
        running = client.start_execution(stateMachineArn=machine)["executionArn"]

        refusals = [refusal(cloud, arn) for arn in (done, running)]

    assert refusals == [
        ("ExecutionNotRedrivable", "Execution is SUCCEEDED and cannot be redriven"),
        ("ExecutionNotRedrivable", "Execution is RUNNING and cannot be redriven"),
    ]


def test_an_execution_can_be_redriven_for_14_days(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud)
    breaking(cloud)

    leap(cloud, days=13.9)
    in_time = cloud.redrive(arn)
    leap(cloud, days=14.1)
    too_late = refusal(cloud, arn)

    assert in_time.error == BROKEN
    assert too_late == ("ExecutionNotRedrivable", "Execution redrivable period exceeded")
    assert described(cloud, arn)["redriveStatusReason"] == too_late[1]


def test_an_execution_is_open_for_a_year_at_most(cloud: LocalCloud) -> None:
    machine = a_machine(cloud, timeout=366 * DAY, Wait=a_wait(367 * DAY))

    execution = cloud.run(machine, {})

    assert refusal(cloud, execution.arn)[1] == "Execution has exceeded the max execution time"


def test_a_history_that_is_full_takes_no_redrive(cloud: LocalCloud) -> None:
    again = {"Type": "Pass", "Next": "Wait"}
    machine = a_machine(cloud, timeout=6250, Wait=a_wait(1, Next="Again"), Again=again)

    execution = cloud.run(machine, {})

    assert len(execution.history) == 24_999
    assert refusal(cloud, execution.arn)[1] == "Execution history event limit exceeded"


def test_express_workflows_are_not_redriven(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud, kind="EXPRESS")

    assert refusal(cloud, arn)[0] == "ExecutionNotRedrivable"
    assert described(cloud, arn)["redriveStatus"] == "NOT_REDRIVABLE"


def test_an_execution_that_does_not_exist_is_not_found(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud)

    assert refusal(cloud, f"{arn}x")[0] == "ExecutionDoesNotExist"


def test_the_same_call_made_twice_redrives_once(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud)
    breaking(cloud)
    client = cloud.client("stepfunctions")

    def redrive() -> object:
        redriven = client.redrive_execution(executionArn=arn, clientToken="once")
        cloud.workflows.wait(arn)
        return redriven["redriveDate"]

    dates = {redrive(), redrive()}
    leap(cloud, minutes=16)
    later = redrive()

    assert len(dates) == 1
    assert later not in dates
    assert described(cloud, arn)["redriveCount"] == 2


def test_of_many_redrives_at_once_one_is_made(cloud: LocalCloud) -> None:
    arn = a_broken_execution(cloud)
    client = cloud.client("stepfunctions")
    together = Barrier(8)

    def redrive(_: int) -> str:
        together.wait()
        try:
            client.redrive_execution(executionArn=arn)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "redriven"

    with participant(cloud.clock), ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(redrive, range(8)))

    execution = cloud.workflows.wait(arn)
    assert answers == ["ExecutionNotRedrivable"] * 7 + ["redriven"]
    assert execution.states == ("Wait", "Count", "Count")
