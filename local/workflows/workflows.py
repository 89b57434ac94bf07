"""Step Functions in the local cloud: executions on its clock that publish their end."""

import json
import random
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from moto.awslambda.exceptions import LambdaClientError
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from local.api.faults import AnswerError
from local.api.gate import Gate, client_error
from local.clock import Clock, participant
from local.eventbridge.rules import Events, event
from local.functions.functions import Functions
from local.patches import Patches
from local.workflows.interpreter import Interpreter
from local.workflows.redrives import Redrive, obstacle
from local.workflows.run import Run

if TYPE_CHECKING:
    from local.eventbridge.deliveries import Delivery


@dataclass(frozen=True)
class Execution:
    """An execution that has ended."""

    arn: str
    name: str
    status: str
    output: Any
    error: str | None
    cause: str | None
    started_at: datetime
    stopped_at: datetime
    history: tuple[Mapping[str, Any], ...]

    @property
    def states(self) -> tuple[str, ...]:
        """The states it entered, in order."""
        return tuple(
            step["stateEnteredEventDetails"]["name"]
            for step in self.history
            if "stateEnteredEventDetails" in step
        )


class Workflows:
    """The executions of the cloud's state machines."""

    def __init__(self, clock: Clock, functions: Functions, gate: Gate, events: Events) -> None:
        self._clock = clock
        self._functions = functions
        self._gate = gate
        self._events = events
        self._runs: dict[str, Run] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._lock = threading.Lock()
        self._redriving = threading.Lock()
        self._is_stopping = False
        self.watchers: list[Callable[[str, str], None]] = []
        """Each is called with an execution's ARN and the name of the state that it enters."""
        self.chance = random.Random()
        """What the jitter of retries is drawn from; seeded, they come at the same moments again."""
        self._interpreter = Interpreter(clock, self, self.chance)
        self._patches = Patches()

    def __enter__(self) -> Self:
        """Take over the emulator's interpreter."""
        self._interpreter.take_over(self._patches)
        replace = self._patches.replace
        start = StepFunctionsParserBackend.start_execution
        describe = StepFunctionResponse.describe_execution

        def start_with_a_name(
            backend: Any, arn: str, name: str | None = None, execution_input: str | None = None
        ) -> Any:
            if name:
                backend._validate_name(name)
            return start(backend, arn, name or str(uuid.uuid4()), execution_input)

        def asked_for(response: Any) -> Any:
            arn = response._get_param("executionArn")
            return response.stepfunction_backend.describe_execution(arn)

        def describe_with_stop_date_and_redrives(response: Any) -> ActionResult:
            result = describe(response)
            record = asked_for(response)
            redrives = self._runs[record.execution_arn].redrives
            more = redrives.details(record, self._clock.now()) | {"stopDate": record.stop_date}
            result.result.update((name, value) for name, value in more.items() if value is not None)
            return result

        def redrive_execution(response: Any) -> ActionResult:
            record = asked_for(response)
            redrive = self._redrive(record, response._get_param("clientToken"))
            return ActionResult({"redriveDate": redrive.date})

        def stop_with_error_and_cause(response: Any) -> ActionResult:
            record = asked_for(response)
            now = self._clock.now()
            self._runs[record.execution_arn].stop(
                now, response._get_param("error"), response._get_param("cause")
            )
            return ActionResult({"stopDate": record.stop_date or now})

        # An execution that is started without a name gets one; the emulator names it "None".
        replace(StepFunctionsParserBackend, "start_execution", start_with_a_name)
        # The emulator forgets when a timed-out execution stopped, and why one was stopped.
        replace(StepFunctionResponse, "describe_execution", describe_with_stop_date_and_redrives)
        replace(StepFunctionResponse, "stop_execution", stop_with_error_and_cause)
        # The emulator knows no redrive.
        self._patches.add(StepFunctionResponse, "redrive_execution", redrive_execution)
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.undo()

    def stop(self) -> None:
        """Stop all executions, and every new one, until `reset`."""
        self._is_stopping = True
        for run in self._all_runs():
            run.stop(self._clock.now(), error=None, cause=None)

    def reset(self) -> None:
        """Wait until all executions have ended, and forget them."""
        for run in self._all_runs():
            run.thread.join()
        with self._lock:
            self._runs.clear()
            self._deliveries.clear()
        self._is_stopping = False

    def wait(self, execution_arn: str, timeout_seconds: float = 300) -> Execution:
        """Wait until an execution has ended and the rules' targets have been notified.

        Raises `TimeoutError` when that takes longer than `timeout_seconds` of real time.
        """
        run = self._runs[execution_arn]
        if not run.ended.wait(timeout_seconds):
            raise TimeoutError(f"{execution_arn} is still running after {timeout_seconds} s")
        self._deliveries[execution_arn].wait(timeout_seconds)
        record = run.execution
        return Execution(
            arn=execution_arn,
            name=record.name,
            status=record.status,
            output=record.output,
            error=record.error,
            cause=record.cause,
            started_at=record.start_date,
            stopped_at=record.stop_date,
            history=tuple(record.to_history_output()["events"]),
        )

    def _all_runs(self) -> list[Run]:
        with self._lock:
            return list(self._runs.values())

    def _redrive(self, record: Any, client_token: str | None) -> Redrive:
        """Let an execution go on, unless the same call has already done so.

        Raises `ExecutionNotRedrivable` when it may not; of two calls at once, one gets that.
        """
        with self._redriving, participant(self._clock):
            run, now = self._runs[record.execution_arn], self._clock.now()
            if made := run.redrives.asked_for_by(client_token, now):
                return made
            if reason := obstacle(record, now):
                raise AWSError(reason, "ExecutionNotRedrivable")
            redrive = Redrive(now, client_token)
            self._interpreter.redrive(run, run.redrives.and_one(redrive))
            return redrive

    def starting(self, run: Run) -> None:
        """Remember an execution from before its first moment."""
        with self._lock:
            self._runs[run.execution.execution_arn] = run
        if self._is_stopping:
            run.stop(self._clock.now(), error=None, cause=None)

    def started(self, run: Run) -> None:
        """Publish that an execution starts, or goes on."""
        self._events.publish(self._status_change(run))

    def entering(self, run: Run, state: str) -> None:
        """Notify the watchers that an execution enters a state."""
        for watcher in self.watchers:
            watcher(run.execution.execution_arn, state)

    def ended(self, run: Run) -> None:
        """Publish that an execution has ended."""
        record = run.execution
        outcome = run.worker.env.program_state()
        if isinstance(outcome, ProgramStopped):
            record.error, record.cause = outcome.error, outcome.cause
        self._deliveries[record.execution_arn] = self._events.publish(self._status_change(run))

    def invoke(self, run: Run, parameters: dict[str, Any], region: str) -> dict[str, Any]:
        """Run a task's function; the answer is Lambda's `Invoke` response."""
        name = parameters["FunctionName"]
        self._gate.invocation(name, region, role_arn=run.execution.role_arn)
        try:
            answer = self._functions.invoke(
                name,
                region,
                parameters.get("Payload", b"{}"),
                sleeper=run,
                patience_seconds=run.patience_seconds,
            )
        except LambdaClientError as error:
            answered = AnswerError(error.error_type, error.message, http_status=error.code)
            raise client_error(answered) from error
        response = {
            "StatusCode": 200,
            "ExecutedVersion": "$LATEST",
            "Payload": json.loads(answer.payload),
        }
        if answer.function_error:
            response["FunctionError"] = answer.function_error
        return response

    def _status_change(self, run: Run) -> dict[str, Any]:
        """The event that Step Functions sends, with all details that AWS documents."""
        record = run.execution
        has_output = record.status == "SUCCEEDED"
        redrives = run.redrives.details(record, self._clock.now())
        return event(
            source="aws.states",
            detail_type="Step Functions Execution Status Change",
            region=record.region_name,
            time=record.stop_date or run.redrives.last_date or record.start_date,
            resources=[record.execution_arn],
            detail={
                "executionArn": record.execution_arn,
                "stateMachineArn": record.state_machine_arn,
                "stateMachineVersionArn": None,
                "stateMachineAliasArn": None,
                "name": record.name,
                "status": record.status,
                "startDate": _milliseconds(record.start_date),
                "stopDate": _milliseconds(record.stop_date),
                "input": record.execution_input,
                "inputDetails": {"included": True},
                "output": json.dumps(record.output) if has_output else None,
                "outputDetails": {"included": True} if has_output else None,
                "error": record.error,
                "cause": record.cause,
                **redrives,
                "redriveDate": _milliseconds(redrives["redriveDate"]),
            },
        )


def _milliseconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None
