"""Who is at work: the worker processes by the access key that each of them was given."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from local.functions.fork_server import Worker


@dataclass(frozen=True)
class Function:
    """A deployed function, as far as running it goes."""

    name: str
    arn: str
    region: str
    handler: str
    role: str
    environment: tuple[tuple[str, str], ...]
    timeout_seconds: int
    memory_mb: int
    code_hash: str
    is_in_vpc: bool

    @property
    def log_group(self) -> str:
        """Where its output goes."""
        return f"/aws/lambda/{self.name}"

    def variables(self, home: Path, task_root: str) -> dict[str, str]:
        """What all workers of it share: Lambda's own variables and the deployed ones."""
        return {
            "PATH": os.defpath,
            "HOME": str(home),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "LAMBDA_TASK_ROOT": task_root,
            "_HANDLER": self.handler,
            **dict(self.environment),
        }


@dataclass(frozen=True, eq=False)
class Runner:
    """A worker process together with what it was started with."""

    function: Function
    worker: Worker
    access_key: str
    log_stream: str


class Registry:
    """All runners of a cloud, idle or busy."""

    def __init__(self) -> None:
        self._runners: dict[str, Runner] = {}
        self._idle: dict[Function, list[Runner]] = {}
        self._lent: dict[str, str] = {}
        self._lock = threading.Lock()

    def add(self, runner: Runner) -> None:
        """Enter a new runner, which is busy."""
        with self._lock:
            self._runners[runner.access_key] = runner

    def remove(self, runner: Runner) -> None:
        """Forget a busy runner."""
        with self._lock:
            self._runners.pop(runner.access_key, None)

    def lend(self, access_key: str, session_key: str) -> None:
        """Let calls with a session's key, taken with `access_key`, count as its owner's."""
        with self._lock:
            self._lent[session_key] = access_key

    def take_idle(self, function: Function) -> Runner | None:
        """An idle runner of exactly this function, now busy."""
        with self._lock:
            idle = self._idle.get(function)
            return idle.pop() if idle else None

    def put_idle(self, runner: Runner) -> bool:
        """Let a busy runner be idle; false when it was forgotten meanwhile."""
        with self._lock:
            is_known = runner.access_key in self._runners
            if is_known:
                self._idle.setdefault(runner.function, []).append(runner)
            return is_known

    def dismiss(self, function_name: str | None = None) -> tuple[list[Runner], list[Runner]]:
        """Forget all runners, or those of one function; the idle ones, and the busy ones."""
        with self._lock:
            everyone = [
                runner
                for runner in self._runners.values()
                if function_name in (None, runner.function.name)
            ]
            idle = [runner for runner in everyone if runner in self._idle.get(runner.function, ())]
            for runner in everyone:
                del self._runners[runner.access_key]
                self._idle.pop(runner.function, None)
        return idle, [runner for runner in everyone if runner not in idle]

    def function_of(self, access_key: str) -> str | None:
        """The name of the function whose worker was given `access_key`."""
        runner = self._owner_of(access_key)
        return runner.function.name if runner else None

    def runner_of(self, access_key: str) -> Runner:
        """The runner that was given `access_key`."""
        return self._runners[self._lent.get(access_key, access_key)]

    def kill_owner_of(self, access_key: str) -> None:
        """Kill the worker that was given `access_key`."""
        if runner := self._owner_of(access_key):
            runner.worker.kill()

    def time_out_owner_of(self, access_key: str) -> None:
        """Let the time-out of the worker that was given `access_key` strike now."""
        if runner := self._owner_of(access_key):
            runner.worker.time_out()

    def time_out(self, function_name: str) -> None:
        """Let the time-out of a function strike in all workers that are busy with it."""
        with self._lock:
            runners = list(self._runners.values())
        for runner in runners:
            if runner.function.name == function_name:
                runner.worker.time_out()

    def _owner_of(self, access_key: str) -> Runner | None:
        return self._runners.get(self._lent.get(access_key, access_key))
