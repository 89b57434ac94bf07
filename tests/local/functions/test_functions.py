"""Lambda: deployed code, in processes of its own."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.functions.functions import InvocationSeconds
from tests.local.toys import COUNTER, MISBEHAVING, a_function, invoke

WHO_AM_I = """
    import os, sys
    import boto3

    def handler(event, context):
        return {
            "environment": dict(os.environ),
            "path": sys.path,
            "process": os.getpid(),
            "identity": boto3.client("sts").get_caller_identity()["Arn"],
            "context": [context.function_name, context.invoked_function_arn],
            "milliseconds": context.get_remaining_time_in_millis(),
        }
"""


def test_a_function_runs_in_a_process_of_its_own_with_what_was_deployed(cloud: LocalCloud) -> None:
    arn = a_function(cloud, WHO_AM_I, environment={"COLOUR": "green", "PGHOSTADDR": "10.0.0.1"})

    seen = invoke(cloud, {})

    environment = seen["environment"]
    assert seen["process"] != os.getpid()
    assert seen["identity"] == "arn:aws:sts::123456789012:assumed-role/toy/toy"
    assert seen["context"] == ["toy", arn]
    assert 0 < seen["milliseconds"] <= 10_000
    assert environment["COLOUR"] == "green"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-west-2"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "toy"
    assert environment["_HANDLER"] == "toy.handler"
    assert environment["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert environment["PGHOSTADDR"] == "127.0.0.1", "the cloud's own word counts"


def test_a_function_sees_nothing_of_the_developer(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("SECRET_OF_THE_DEVELOPER", "1")
    a_function(cloud, WHO_AM_I)

    seen = invoke(cloud, {})

    assert not {"AWS_PROFILE", "SECRET_OF_THE_DEVELOPER", "PYTHONPATH"} & set(seen["environment"])
    assert seen["path"][0] == seen["environment"]["LAMBDA_TASK_ROOT"]
    assert str(Path.cwd()) not in seen["path"]


def test_the_working_copy_cannot_be_imported(cloud: LocalCloud) -> None:
    a_function(cloud, "import local.clock\ndef handler(event, context): pass")

    error = invoke(cloud, {})

    assert error["errorType"] == "Runtime.ImportModuleError"


def test_a_warm_worker_is_used_again(cloud: LocalCloud) -> None:
    a_function(cloud, WHO_AM_I)

    processes = {invoke(cloud, {})["process"] for _ in range(3)}

    assert len(processes) == 1


def test_concurrent_invocations_get_workers_of_their_own(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever waits on the clock waits until the other, who holds it still, has done its work.
    monkeypatch.setattr(cloud.functions, "_costs", InvocationSeconds(warm=0, cold=0))
    meeting = """
        import os, time, pathlib

        def handler(event, context):
            here = pathlib.Path(event["directory"])
            (here / event["name"]).touch()
            deadline = time.monotonic() + 5
            while len(list(here.iterdir())) < 2 and time.monotonic() < deadline:
                time.sleep(0.005)
            return len(list(here.iterdir()))
    """
    a_function(cloud, meeting)
    payloads = [{"directory": str(tmp_path), "name": name} for name in ("first", "second")]

    with ThreadPoolExecutor() as callers:
        present = list(callers.map(partial(invoke, cloud), payloads))

    assert present == [2, 2]


def test_new_code_gets_a_new_worker(cloud: LocalCloud) -> None:
    a_function(cloud, "def handler(event, context): return 'old'")
    before = invoke(cloud, {})
    cloud.client("lambda").delete_function(FunctionName="toy")
    a_function(cloud, "def handler(event, context): return 'new'")

    after = invoke(cloud, {})

    assert (before, after) == ("old", "new")


def test_an_exception_is_reported_by_its_bare_name(cloud: LocalCloud) -> None:
    a_function(cloud, MISBEHAVING)

    response = cloud.client("lambda").invoke(FunctionName="toy", Payload='{"do": "raise"}')

    error = json.load(response["Payload"])
    assert response["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("SpecialError", "told to")
    assert "raise SpecialError" in error["stackTrace"][0]


@pytest.mark.parametrize(
    ("misdeed", "message"),
    [
        ("die", "Error: Runtime exited with error: signal: killed"),
        ("exit", "Error: Runtime exited with error: exit status 3"),
    ],
)
def test_a_worker_that_exits_is_an_exit_error(
    cloud: LocalCloud, misdeed: str, message: str
) -> None:
    a_function(cloud, MISBEHAVING)

    error = invoke(cloud, {"do": misdeed})

    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].startswith("RequestId: ")
    assert error["errorMessage"].endswith(message)
    assert invoke(cloud, {"do": "nothing"}) == "done"


def test_a_function_that_takes_too_long_is_killed(cloud: LocalCloud) -> None:
    a_function(cloud, MISBEHAVING, timeout=1)

    error = invoke(cloud, {"do": "hang"})

    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")


def test_a_result_that_is_no_json_is_a_marshal_error(cloud: LocalCloud) -> None:
    a_function(cloud, MISBEHAVING)

    error = invoke(cloud, {"do": "return nonsense"})

    assert error["errorType"] == "Runtime.MarshalError"


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [
        ("missing.handler", "Runtime.ImportModuleError"),
        ("toy.missing", "Runtime.HandlerNotFound"),
    ],
)
def test_a_wrong_handler_is_reported_every_time(
    cloud: LocalCloud, handler: str, error_type: str
) -> None:
    a_function(cloud, handler=handler)

    errors = [invoke(cloud, {})["errorType"] for _ in range(2)]

    assert errors == [error_type, error_type]


def test_an_unknown_function_is_not_found(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError) as caught:
        invoke(cloud, {}, name="nobody")

    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_killed_workers_are_replaced(cloud: LocalCloud) -> None:
    a_function(cloud, WHO_AM_I)
    before = invoke(cloud, {})["process"]

    killed = cloud.functions.kill("toy")

    assert killed == 1
    assert invoke(cloud, {})["process"] != before


def test_a_function_lives_in_simulated_time(cloud: LocalCloud) -> None:
    source = """
        from shared import clock

        def handler(event, context):
            return [clock.now().isoformat() for _ in range(3)]
    """
    clock_module = """
        source = None

        def use(new_source):
            global source
            source = new_source

        def now():
            return source()
    """
    a_function(cloud, source, shared__clock=clock_module)
    cloud.clock.sleep(30 * 24 * 3600)

    looks = [datetime.fromisoformat(look) for look in invoke(cloud, {})]

    now = cloud.clock.now()
    assert all(now <= look < now + timedelta(milliseconds=1) for look in looks)
    assert looks == sorted(set(looks)), "two looks are never the same moment"
    assert looks[0].tzinfo == UTC


def test_an_invocation_costs_simulated_time(cloud: LocalCloud) -> None:
    a_function(cloud)
    began = cloud.clock.now()

    invoke(cloud, {})
    cold = cloud.clock.now() - began
    invoke(cloud, {})
    warm = cloud.clock.now() - began - cold

    assert (cold.total_seconds(), warm.total_seconds()) == (1.5, 0.3)


def test_a_function_may_invoke_another_while_the_clock_is_held(cloud: LocalCloud) -> None:
    caller = """
        import boto3, json

        def handler(event, context):
            answer = boto3.client("lambda").invoke(FunctionName="counter", Payload=b'{"count": 6}')
            return json.load(answer["Payload"])
    """
    a_function(cloud, COUNTER, name="counter")
    a_function(cloud, caller)

    assert invoke(cloud, {}) == {"count": 7}
