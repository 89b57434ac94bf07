"""The cloud as a whole: it comes, is emptied, and goes without a trace."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.component.state.exec import execute_state

from local.api.faults import Throttle
from local.clock import Clock, InstantClock, ScaledClock, participant
from local.cloud import LocalCloud
from tests.local.toys import a_function, a_machine, a_queue, a_task, a_wait, invoke

HANGING = """
    import time
    def handler(event, context):
        time.sleep(60)
"""


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    with LocalCloud(InstantClock(), tmp_path) as cloud:
        yield cloud


def children() -> set[str]:
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True
    )
    return {line for line in listed.stdout.splitlines() if "ps -o" not in line}


def test_a_cloud_leaves_nothing_behind(tmp_path: Path) -> None:
    def traces() -> tuple[object, ...]:
        settings = dict(default_user_config["stepfunctions"]), dict(default_user_config["lambda"])
        return settings, execute_state.Thread, set(threading.enumerate()), children()

    before = traces()

    with LocalCloud(InstantClock(), tmp_path) as cloud:
        machine = a_machine(cloud, Count=a_task(a_function(cloud)))
        cloud.run(machine, {})
        inside = traces()

    assert inside != before
    assert traces() == before


def test_there_is_one_cloud_per_process(own_cloud: LocalCloud, tmp_path: Path) -> None:
    another = LocalCloud(InstantClock(), tmp_path / "another")

    with pytest.raises(RuntimeError, match="already"), another:
        pass

    assert own_cloud.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_cloud_goes_while_work_is_under_way(tmp_path: Path) -> None:
    began = time.monotonic()

    with LocalCloud(ScaledClock(1), tmp_path) as cloud:
        waiting = a_machine(cloud, name="waiting", Wait=a_wait(86400))
        working = a_machine(
            cloud, name="working", Hang=a_task(a_function(cloud, HANGING, timeout=60))
        )
        client = cloud.client("stepfunctions")
        for machine in (waiting, working):
            client.start_execution(stateMachineArn=machine)

    assert time.monotonic() - began < 20


@pytest.mark.parametrize("clock", [InstantClock(), ScaledClock(1), ScaledClock(1000)])
def test_an_execution_is_redriven_at_any_speed(clock: Clock, tmp_path: Path) -> None:
    with LocalCloud(clock, tmp_path) as cloud:
        machine = a_machine(cloud, Count=a_task(a_function(cloud)))
        cloud.faults.on("lambda:Invoke", do=Throttle())
        failed = cloud.run(machine, {"count": 1})

        execution = cloud.redrive(failed.arn)

    assert (failed.status, execution.output) == ("FAILED", {"count": 2})


def test_a_cloud_goes_while_a_redriven_execution_waits(tmp_path: Path) -> None:
    with LocalCloud(ScaledClock(1), tmp_path) as cloud:
        client = cloud.client("stepfunctions")
        machine = a_machine(cloud, Wait=a_wait(86400))
        arn = client.start_execution(stateMachineArn=machine)["executionArn"]
        client.stop_execution(executionArn=arn)
        cloud.workflows.wait(arn)
        client.redrive_execution(executionArn=arn)
        status = client.describe_execution(executionArn=arn)["status"]

    assert status == "RUNNING"
    assert arn not in {thread.name for thread in threading.enumerate()}


def test_a_reset_empties_the_cloud_quickly(own_cloud: LocalCloud) -> None:
    a_queue(own_cloud)
    a_function(own_cloud)
    invoke(own_cloud, {})
    own_cloud.client("s3", region_name="us-east-1").create_bucket(Bucket="box")
    began = time.perf_counter()

    own_cloud.reset()

    assert time.perf_counter() - began < 0.5
    assert "QueueUrls" not in own_cloud.client("sqs").list_queues()
    assert own_cloud.client("lambda").list_functions()["Functions"] == []
    assert own_cloud.client("s3").list_buckets()["Buckets"] == []
    assert own_cloud.functions.kill("toy") == 0


def test_a_reset_ends_executions_that_wait(own_cloud: LocalCloud) -> None:
    machine = a_machine(own_cloud, Wait=a_wait(86400))
    with participant(own_cloud.clock):
        arn = own_cloud.client("stepfunctions").start_execution(stateMachineArn=machine)
        began = own_cloud.clock.now()

        own_cloud.reset()

    assert own_cloud.clock.now() == began
    assert arn["executionArn"] not in {thread.name for thread in threading.enumerate()}


def test_the_simulated_rds_answers_before_and_after_a_reset(own_cloud: LocalCloud) -> None:
    rds = own_cloud.client("rds")
    before = rds.describe_db_clusters()["DBClusters"]

    own_cloud.reset()

    assert before == rds.describe_db_clusters()["DBClusters"] == []


def test_a_shell_finds_the_cloud_in_its_environment(own_cloud: LocalCloud) -> None:
    a_queue(own_cloud)
    script = "import boto3; print(boto3.client('sqs').list_queues()['QueueUrls'])"

    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=dict(own_cloud.environment),
        capture_output=True,
        text=True,
        check=True,
    )

    assert "/123456789012/letters" in ran.stdout


def test_uploading_does_not_wait_for_a_go_ahead_that_never_comes(cloud: LocalCloud) -> None:
    s3 = cloud.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="box")

    begun = time.monotonic()
    s3.put_object(Bucket="box", Key="a", Body=b"b" * 1_000_000)
    seconds = time.monotonic() - begun

    # Who sends a body waits for the server's word for a second, then sends it all the same.
    assert seconds < 0.9
    assert s3.get_object(Bucket="box", Key="a")["Body"].read() == b"b" * 1_000_000
