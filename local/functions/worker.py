"""The process that functions run in: a fork server, and the workers that it forks.

This file is run as a script, by `local/functions/fork_server.py`, and knows nothing of the local
cloud. The fork server imports once what every function needs; then a fork takes milliseconds.
It answers two requests on its standard input, a socket:

    fork            with two file descriptors, a channel and an output; answers the worker's id
    reap <id>       waits for the end of a worker; answers how it ended, as `os.wait` does

A worker reads from its channel what it shall be (environment, code, handler), then one
invocation after the other, and writes an answer to each. Every message is JSON behind its length
in four bytes. When the other end of a channel goes away, so does the worker.
"""

import functools
import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

Handler = Callable[[Any, "Context"], Any]

_PREPARED_PACKAGES = (
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "psycopg2.extensions",
    "psycopg2.sql",
    "pydantic.types",
)
_PREPARED_SERVICES = (
    "dynamodb",
    "ec2",
    "kms",
    "rds",
    "secretsmanager",
    "sns",
    "stepfunctions",
    "sts",
)


class Context:
    """What Lambda hands to a handler as its second argument."""

    client_context = None
    identity = None
    function_version = "$LATEST"

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.aws_request_id: str = invocation["request_id"]
        self.invoked_function_arn: str = invocation["function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._ends_at = time.monotonic() + float(invocation["timeout_seconds"])

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        return max(0, round((self._ends_at - time.monotonic()) * 1000))


class SimulatedTime:
    """The local cloud's time during one invocation.

    At speed 0 the cloud's clock stands still while a function works; here it advances by a
    microsecond with every look, so that two events never happen at the same time.
    """

    def __init__(self, now: datetime, speed: float) -> None:
        self._now = now
        self._speed = speed
        self._origin = time.monotonic()

    def __call__(self) -> datetime:
        if self._speed:
            return self._now + timedelta(seconds=(time.monotonic() - self._origin) * self._speed)
        self._now += timedelta(microseconds=1)
        return self._now


def _read(channel: socket.socket) -> dict[str, Any]:
    """The next message; ends the process when there will be none."""
    size = int.from_bytes(_read_bytes(channel, 4), "big")
    message: dict[str, Any] = json.loads(_read_bytes(channel, size))
    return message


def _read_bytes(channel: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = channel.recv(size - len(data))
        if not chunk:
            os._exit(0)
        data += chunk
    return data


def _write(channel: socket.socket, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    channel.sendall(len(data).to_bytes(4, "big") + data)


def _load_handler(handler: str) -> Handler:
    """Import `module.function`, where the module may be written as a path."""
    module_name, _, function_name = handler.rpartition(".")
    module = importlib.import_module(module_name.replace("/", "."))
    return getattr(module, function_name)  # type: ignore[no-any-return]


def _use_time(now: str, speed: float) -> None:
    """Give the deployed code the cloud's time, if it has a place that asks for it."""
    try:
        clock = importlib.import_module("shared.clock")
    except ModuleNotFoundError:
        return
    clock.use(SimulatedTime(datetime.fromisoformat(now), speed))


def _error(error: BaseException, error_type: str | None = None) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": error_type or type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def _answer(handler: Handler, invocation: dict[str, Any]) -> dict[str, Any]:
    """Run the handler once; what it returns or raises, as Lambda reports it."""
    _use_time(invocation["now"], invocation["speed"])
    try:
        result = handler(json.loads(invocation["payload"]), Context(invocation))
    except Exception as error:
        # Whoever reads the trace is not interested in this line of ours.
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        return {"failed": True, "payload": json.dumps(_error(error))}
    try:
        return {"failed": False, "payload": json.dumps(result)}
    except (TypeError, ValueError) as error:
        return {"failed": True, "payload": json.dumps(_error(error, "Runtime.MarshalError"))}


def _work(channel: socket.socket) -> NoReturn:
    """Be the worker of one function, until the other end of `channel` goes away."""
    function = _read(channel)
    os.environ.clear()
    os.environ.update(function["environment"])
    time.tzset()
    os.chdir(function["task_root"])
    sys.path.insert(0, function["task_root"])
    handler: Handler | None = None
    failure: dict[str, Any] = {}
    try:
        handler = _load_handler(function["handler"])
    except (ImportError, AttributeError) as error:
        kind = "ImportModuleError" if isinstance(error, ImportError) else "HandlerNotFound"
        failure = {"failed": True, "payload": json.dumps(_error(error, f"Runtime.{kind}"))}
    except Exception as error:
        failure = {"failed": True, "payload": json.dumps(_error(error))}
    while True:
        invocation = _read(channel)
        answer = _answer(handler, invocation) if handler else failure
        _flush()
        _write(channel, answer)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def _become_worker(channel_fd: int, output_fd: int) -> NoReturn:
    """Turn the forked process into a worker. Never returns into the loop of the fork server."""
    status = 1
    try:
        with Path(os.devnull).open() as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output_fd, 1)
        os.dup2(output_fd, 2)
        os.close(output_fd)
        _work(socket.socket(fileno=channel_fd))
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


def _prepare() -> None:
    """Import the packages and read the API descriptions that nearly every function uses."""
    for package in _PREPARED_PACKAGES:
        importlib.import_module(package)
    boto3 = importlib.import_module("boto3")
    # Reading a description takes longer than everything else a client does at its birth. It is a
    # pure function of a file's path, so workers may inherit what it returned.
    loader = importlib.import_module("botocore.loaders").JSONFileLoader
    loader.load_file = staticmethod(functools.cache(loader().load_file))
    # So is the text that names the client to the service: for every call, letter by letter.
    agent: Any = importlib.import_module("botocore.useragent")
    clean = agent.sanitize_user_agent_string_component
    agent.sanitize_user_agent_string_component = functools.cache(clean)
    for service in _PREPARED_SERVICES:
        boto3.Session("none", "none", region_name="us-east-1").client(service)


def _serve_forks(control: socket.socket) -> None:
    """Fork and reap on request until the other end of `control` goes away."""
    children: set[int] = set()
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 64, 2)
        words = request.decode().split()
        if not words:
            break
        if words[0] == "fork":
            child = os.fork()
            if child == 0:
                control.close()
                _become_worker(*descriptors)
            children.add(child)
            for descriptor in descriptors:
                os.close(descriptor)
            control.sendall(f"{child}\n".encode())
        else:
            child = int(words[1])
            _, status = os.waitpid(child, 0)
            children.discard(child)
            control.sendall(f"{status}\n".encode())
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _main() -> None:
    project = Path(__file__).resolve().parents[2]
    # Functions see their deployed asset and third-party packages, never the working copy.
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != project]
    _prepare()
    gc.freeze()
    control = socket.socket(fileno=os.dup(0))
    _serve_forks(control)


if __name__ == "__main__":
    _main()
