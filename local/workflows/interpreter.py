"""The emulator's state machine interpreter, put on the local cloud's clock.

The emulator really sleeps, spawns a thread per task and per execution, times out in real time,
and parses the definition anew for every execution. Here an execution is one thread which takes
part in the clock, and everything it waits for, it waits for on the clock.
"""

import functools
import random
import threading
from collections.abc import Callable
from datetime import datetime, tzinfo
from types import SimpleNamespace
from typing import Any, Protocol

import moto.stepfunctions.parser.models as models
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.component.common.retry import (
    jitter_strategy_decl,
    retrier_decl,
)
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import (
    timestamp,
    wait_function,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.backend import execution, execution_worker
from moto.stepfunctions.parser.utils import TMP_THREADS

from local.clock import Clock
from local.patches import Patches
from local.workflows.limits import check_size
from local.workflows.redrives import Redrives, as_text, remember, reopen, resume
from local.workflows.run import Run


class Conductor(Protocol):
    """Who looks after the executions that the interpreter runs."""

    def starting(self, run: Run) -> None:
        """An execution is about to start; called by whoever starts it."""

    def started(self, run: Run) -> None:
        """An execution has started; called, as all below, in its own thread."""

    def invoke(self, run: Run, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Run a task, given the parameters of Lambda's `Invoke`; returns its response."""

    def entering(self, run: Run, state: str) -> None:
        """An execution enters a state; it can still be stopped before it does anything there."""

    def ended(self, run: Run) -> None:
        """An execution has ended; the clock still stands at the moment of its end."""


class _Moment(datetime):
    """A time which is written as Step Functions writes it."""

    def isoformat(self, *_: str) -> str:
        return as_text(self)


class Interpreter:
    """Executions as the emulator's interpreter runs them once it has been taken over."""

    def __init__(self, clock: Clock, conductor: Conductor, chance: random.Random) -> None:
        self._clock = clock
        self._chance = chance
        self._conductor = conductor
        self._here = threading.local()

    def take_over(self, patches: Patches) -> None:
        """Put the emulator's interpreter on the clock, until the patches are undone."""
        replace = patches.replace
        self._time_stands_on_the_clock(replace)
        # Waits and retry delays are slept by the execution, on the clock.
        replace(
            wait_function.WaitFunction,
            "_wait_interval",
            lambda _, env, wait_seconds: self._run.sleep(wait_seconds),  # noqa: ARG005
        )
        replace(retrier_decl, "time", SimpleNamespace(sleep=lambda s: self._run.sleep(s)))
        replace(jitter_strategy_decl, "random", self._chance)
        # A thread per execution is enough. Tasks and programs run in the one that asks for them,
        # and time out on the clock: a task where it is invoked, a program in `Run.sleep`.
        replace(execute_state, "Thread", _AtOnce)
        replace(program, "threading", SimpleNamespace(Thread=_AtOnce))
        evaluate = execute_state.ExecutionState._evaluate_with_timeout
        replace(execute_state.ExecutionState, "_evaluate_with_timeout", self._patiently(evaluate))
        # A state that is stopped, or out of time, has not failed, whatever its function says.
        enter_state = state.CommonStateField._eval_state_input
        replace(state.CommonStateField, "_eval_state_input", self._noticing(enter_state))
        replace(Environment, "set_error", _unless_over(Environment.set_error))
        # An execution takes part in the clock from before it starts until its end is made known.
        worker = execution_worker.ExecutionWorker
        replace(worker, "start", lambda worker: self._start(worker))
        # Parsing takes longer than running, and a parsed program holds no state of an execution.
        replace(models, "AmazonStateLanguageParser", SimpleNamespace(parse=_parse))
        replace(execution_worker, "AmazonStateLanguageParser", SimpleNamespace(parse=_parse))
        enter = worker._get_evaluation_entrypoint
        replace(worker, "_get_evaluation_entrypoint", self._limited(enter))
        set_up = worker._get_evaluation_environment
        replace(worker, "_get_evaluation_environment", _never_redriven(set_up))
        # The emulator builds a parser for every path that it follows.
        for module in (json_path, result_path):
            replace(module, "parse", functools.lru_cache(maxsize=1024)(module.parse))
        # Functions are invoked without a detour through HTTP and a client made for one call.
        replace(
            lambda_eval_utils,
            "_invoke_lambda_function",
            lambda parameters, region, state_credentials: self._invoke(  # noqa: ARG005
                parameters, region
            ),
        )

    def redrive(self, run: Run, redrives: Redrives) -> None:
        """Let an execution that has ended go on, in a run of its own, where it was."""
        run.thread.join()
        again = Run(self._clock, run.worker, redrives)
        unfinished = reopen(again.execution, redrives)
        self._launch(again, lambda: resume(again.worker, unfinished))

    @property
    def _run(self) -> Run:
        run: Run | None = getattr(self._here, "run", None)
        if run is None:
            raise NotImplementedError("The local cloud runs no Map or Parallel states.")
        return run

    def _time_stands_on_the_clock(self, replace: Callable[[Any, str, Any], Any]) -> None:
        """Start and stop dates, history, `$$.State.EnteredTime` and `Timestamp` waits."""
        clock = self._clock

        class ClockTime(_Moment):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> "ClockTime":
                moment = clock.now()
                return cls.combine(moment.date(), moment.time(), tz)

        for module in (models, state, execution, event_manager, timestamp):
            real = vars(module)["datetime"]
            replace(module, "datetime", SimpleNamespace(datetime=ClockTime, timezone=real.timezone))
        # `$$.Execution.StartTime` is a text, as in AWS, and not a time that no JSON can hold.
        details = execution.Execution.get_start_execution_details

        def details_in_texts(record: Any) -> Any:
            texts = details(record)
            texts.start_time = texts.start_time.isoformat()
            return texts

        replace(execution.Execution, "get_start_execution_details", details_in_texts)

    def _patiently(self, evaluate: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """Limit how long the current task of the execution may take."""

        def evaluate_with_simulated_timeout(task: Any, env: Any) -> None:
            task.timeout.eval(env=env)
            self._run.patience_seconds = env.stack.pop()
            evaluate(task, env)

        return evaluate_with_simulated_timeout

    def _limited(self, enter: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Limit how long the whole execution may take."""

        def enter_with_simulated_timeout(worker: Any) -> Any:
            entry = enter(worker)
            if entry.timeout_seconds:
                self._run.limit(entry.timeout_seconds.timeout_seconds)
            return entry

        return enter_with_simulated_timeout

    def _noticing(self, enter_state: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """Let an execution take notice when it enters a state."""

        def enter_state_and_notice(state: Any, env: Any) -> None:
            self._conductor.entering(self._run, state.name)
            self._run.notice()
            enter_state(state, env)

        return enter_state_and_notice

    def _invoke(self, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        run = self._run
        try:
            answer = self._conductor.invoke(run, parameters, region)
        finally:
            run.notice()
        check_size(run.worker.env, answer["Payload"])
        return answer

    def _start(self, worker: Any) -> None:
        self._launch(Run(self._clock, worker, Redrives()), worker._execution_logic)

    def _launch(self, run: Run, work: Callable[[], None]) -> None:
        self._conductor.starting(run)
        run.thread = threading.Thread(
            target=self._execute, args=(run, work), name=run.execution.execution_arn, daemon=True
        )
        run.thread.start()

    def _execute(self, run: Run, work: Callable[[], None]) -> None:
        self._here.run = run
        try:
            self._conductor.started(run)
            work()
        finally:
            TMP_THREADS.clear()  # where the emulator would collect its threads indefinitely
            try:
                self._conductor.ended(run)
            finally:
                run.leave()
                run.ended.set()


@functools.lru_cache(maxsize=64)
def _parse(definition: str) -> Any:
    return AmazonStateLanguageParser.parse(definition)


def _unless_over(fail: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Let an execution fail only while it runs."""

    def fail_while_running(env: Any, error: Any) -> None:
        if env.is_running():
            fail(env, error)

    return fail_while_running


def _never_redriven(set_up: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let `$$.Execution.RedriveCount` be there from the start."""

    def set_up_with_redrive_count(worker: Any) -> Any:
        env = set_up(worker)
        remember(env, Redrives())
        return env

    return set_up_with_redrive_count


class _AtOnce:
    """A stand-in for a thread, which does its work when it is started."""

    def __init__(
        self, target: Callable[..., None], args: tuple[Any, ...] = (), daemon: bool = True
    ) -> None:
        self._work = functools.partial(target, *args)
        self.daemon = daemon

    def start(self) -> None:
        self._work()

    def join(self, timeout: float | None = None) -> None:
        """All work is done."""

    def is_alive(self) -> bool:
        return False
