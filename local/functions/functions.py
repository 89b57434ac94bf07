"""Lambda in the local cloud: deployed functions, run in worker processes of their own."""

import io
import json
import threading
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from moto.awslambda_simple.models import lambda_simple_backends

from local.clock import Clock, Sleeper
from local.functions.fork_server import ForkServer, Worker, WorkerDied, WorkerTimedOut
from local.functions.output import may_log, put_embedded_metrics, write_log
from local.functions.registry import Function, Registry, Runner
from local.functions.sleep import Sleepers
from local.iam.sessions import take_role

ACCOUNT = "123456789012"
_BETWEEN_INVOCATIONS = timedelta(milliseconds=1)


@dataclass(frozen=True)
class InvocationSeconds:
    """The simulated time that one invocation costs its caller."""

    warm: float = 0.3
    cold: float = 1.5


@dataclass(frozen=True)
class Answer:
    """What an invocation returned; `function_error` is Lambda's `Unhandled`, or nothing."""

    payload: bytes
    function_error: str | None = None


class Functions:
    """The functions that are deployed, and the processes that run them."""

    def __init__(
        self,
        clock: Clock,
        directory: Path,
        fork_server: ForkServer,
        registry: Registry,
        environment: Mapping[str, str],
        costs: InvocationSeconds,
    ) -> None:
        """Unpack code under `directory`, and add `environment` to what is deployed."""
        self._clock = clock
        self._code_directory = directory / "code"
        self._code_directory.mkdir(parents=True, exist_ok=True)
        self._registry = registry
        self._environment = dict(environment)
        self._costs = costs
        self._sleepers = Sleepers(clock)
        self._fork_server = fork_server
        self._background: list[threading.Thread] = []
        self._is_stopping = False
        self._last_moment: datetime | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.reset()

    def invoke(
        self,
        name: str,
        region: str,
        payload: bytes,
        *,
        sleeper: Sleeper | None,
        patience_seconds: float = float("inf"),
    ) -> Answer:
        """Run a function, given by name or ARN, and wait for what it returns.

        The simulated time that takes is slept with `sleeper`. Raises `TimeoutError` when it takes
        longer than `patience_seconds`; the function works on, as it does in AWS. Raises the
        emulator's `UnknownFunctionException` when there is no such function, and `NotAwakeError`
        as long as it is not ready.
        """
        function, code = self._deployed(name, region)
        self._sleepers.call(function.name, is_in_vpc=function.is_in_vpc)
        runner, is_cold = self._borrow(function, code)
        cost = self._costs.cold if is_cold else self._costs.warm
        try:
            if sleeper:
                sleeper.sleep(min(cost, patience_seconds))
        except BaseException:
            # A caller that is interrupted while it waits never gets as far as `_run`.
            self._discard(runner)
            raise
        if cost >= patience_seconds:
            self._give_back(runner)
            raise TimeoutError(f"{function.name} did not answer within {patience_seconds} s")
        return self._run(runner, payload, sleeper, patience_seconds - cost)

    def fall_asleep(self, *names: str, seconds: float) -> None:
        """Let functions be as if nobody had invoked them for weeks, but for their workers.

        Each is ready so many seconds after the next call to it.
        """
        for name in names:
            self._sleepers.put(name, seconds)

    def wake_all(self) -> None:
        """Let no function be asleep."""
        self._sleepers.wake_all()

    def kill(self, function_name: str | None = None) -> int:
        """Kill all workers of a function, or of all; how many there were.

        Whoever waits for one gets `WorkerDied`.
        """
        idle, busy = self._registry.dismiss(function_name)
        for runner in busy:
            runner.worker.kill()
        for runner in idle:
            runner.worker.dispose()
        return len(idle) + len(busy)

    def time_out(self, function_name: str) -> None:
        """Let the time-out of a function strike now, wherever it is at work."""
        self._registry.time_out(function_name)

    def run_twice(self, access_key: str) -> None:
        """Run once more, from beginning to end, what a worker is in the middle of.

        As when Step Functions stops waiting for a function that goes on working.
        """
        runner = self._registry.runner_of(access_key)
        function = runner.function
        self.invoke(function.name, function.region, runner.worker.payload.encode(), sleeper=None)

    def stop(self) -> None:
        """Kill all workers, and every new one, until `reset`."""
        self._is_stopping = True
        self.kill()

    def reset(self) -> None:
        """End all workers, and wait for those that work without a caller."""
        self.stop()
        with self._lock:
            background, self._background = self._background, []
        for thread in background:
            thread.join()
        self.wake_all()
        self._is_stopping = False

    def _deployed(self, name: str, region: str) -> tuple[Function, bytes]:
        deployed = lambda_simple_backends[ACCOUNT][region].get_function(name, None)
        variables = {**deployed.environment_vars, **self._environment}
        function = Function(
            name=deployed.function_name,
            arn=deployed.function_arn,
            region=region,
            handler=deployed.handler,
            role=deployed.role,
            environment=tuple(sorted(variables.items())),
            timeout_seconds=int(deployed.timeout),
            memory_mb=int(deployed.memory_size),
            code_hash=deployed.code_digest,
            is_in_vpc=bool((deployed.vpc_config or {}).get("SubnetIds")),
        )
        return function, deployed.code_bytes

    def _borrow(self, function: Function, code: bytes) -> tuple[Runner, bool]:
        """An idle runner of the function, or a new one; and whether it is new."""
        if runner := self._registry.take_idle(function):
            return runner, False
        return self._new_runner(function, code), True

    def _new_runner(self, function: Function, code: bytes) -> Runner:
        log_stream = f"{self._clock.now():%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
        credentials = take_role(function.role, function.name, function.region)
        task_root = str(self._unpacked(function.code_hash, code))
        environment = {
            **function.variables(self._code_directory, task_root),
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
        }
        settings = {
            "environment": environment,
            "task_root": task_root,
            "handler": function.handler,
        }
        worker = Worker(self._fork_server, settings)
        runner = Runner(function, worker, credentials.access_key_id, log_stream)
        self._registry.add(runner)
        return runner

    def _unpacked(self, code_hash: str, code: bytes) -> Path:
        """The directory with the function's code, unpacked once for all that share it."""
        task_root = self._code_directory / code_hash
        with self._lock:
            if not task_root.exists():
                unfinished = task_root.with_suffix(".unfinished")
                with zipfile.ZipFile(io.BytesIO(code)) as archive:
                    archive.extractall(unfinished)
                unfinished.rename(task_root)
        return task_root

    def _run(
        self, runner: Runner, payload: bytes, sleeper: Sleeper | None, patience_seconds: float
    ) -> Answer:
        function = runner.function
        request_id = str(uuid.uuid4())
        if self._is_stopping:
            runner.worker.kill()
        try:
            runner.worker.start(
                {
                    "request_id": request_id,
                    "function_arn": function.arn,
                    "payload": payload.decode() or "{}",
                    "now": self._moment().isoformat(),
                    "speed": self._clock.speed,
                    "timeout_seconds": function.timeout_seconds,
                }
            )
            answer = runner.worker.finish(min(function.timeout_seconds, patience_seconds))
        except WorkerDied as error:
            self._discard(runner)
            return _failure("Runtime.ExitError", f"RequestId: {request_id} Error: {error}")
        except WorkerTimedOut:
            if patience_seconds < function.timeout_seconds:
                self._finish_in_background(runner, function.timeout_seconds - patience_seconds)
                raise TimeoutError(f"{function.name} did not answer in time") from None
            self._discard(runner)
            if sleeper:
                sleeper.sleep(function.timeout_seconds)
            return _failure(
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after "
                f"{function.timeout_seconds:.2f} seconds",
            )
        self._give_back(runner)
        return Answer(answer.payload, "Unhandled" if answer.failed else None)

    def _moment(self) -> datetime:
        """When an invocation begins: no two at once, also where the clock stands still."""
        with self._lock:
            now = self._clock.now()
            if not self._clock.speed and self._last_moment:
                now = max(now, self._last_moment + _BETWEEN_INVOCATIONS)
            self._last_moment = now
            return now

    def _finish_in_background(self, runner: Runner, seconds: float) -> None:
        """Let a worker that nobody waits for any more come to its end."""

        def finish() -> None:
            try:
                runner.worker.finish(seconds)
            except (WorkerDied, WorkerTimedOut):
                self._discard(runner)
            else:
                self._give_back(runner)

        thread = threading.Thread(target=finish, name=f"{runner.function.name} without a caller")
        with self._lock:
            self._background.append(thread)
        thread.start()

    def _give_back(self, runner: Runner) -> None:
        self._publish_output(runner)
        if not self._registry.put_idle(runner):
            runner.worker.dispose()

    def _discard(self, runner: Runner) -> None:
        self._registry.remove(runner)
        runner.worker.dispose()
        self._publish_output(runner)

    def _publish_output(self, runner: Runner) -> None:
        function = runner.function
        lines = runner.worker.take_output()
        if may_log(function.role, function.region, function.log_group, runner.log_stream):
            write_log(ACCOUNT, function.region, function.log_group, runner.log_stream, lines)
            put_embedded_metrics(ACCOUNT, function.region, lines, self._clock.now())


def _failure(error_type: str, message: str) -> Answer:
    payload = json.dumps({"errorType": error_type, "errorMessage": message})
    return Answer(payload.encode(), "Unhandled")
