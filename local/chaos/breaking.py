"""Arming the fault of a breakage point, and reporting whether it struck."""

from collections.abc import Callable

from local.api.faults import (
    AnswerError,
    Effect,
    KillWorker,
    LoseConnection,
    Precede,
    ServerError,
    Throttle,
    TimeOut,
)
from local.calls import Call
from local.chaos.points import Fault, Point
from local.chaos.scenarios import TARGET
from local.cloud import LocalCloud
from local.postgres.interruptions import Interruption, Refusal

_EFFECTS: dict[Fault, Effect] = {
    Fault.THROTTLED: Throttle(),
    Fault.SERVER_ERROR: ServerError(),
    Fault.LOST: LoseConnection(),
    Fault.KILLED_BEFORE: KillWorker("before"),
    Fault.KILLED_AFTER: KillWorker("after"),
    Fault.TIMED_OUT: TimeOut(),
    Fault.TERMINAL: AnswerError(
        "AccessDeniedException", "Not allowed, on request of a test.", http_status=403
    ),
}
_REFUSALS = {
    Fault.THROTTLED: Refusal("53300", "sorry, too many clients already"),
    Fault.SERVER_ERROR: Refusal("57P01", "terminating connection due to administrator command"),
    Fault.TERMINAL: Refusal("XX000", "on request of a test", is_final=False),
}
_SECONDS_UNTIL_AWAKE = 300
"""Outside a VPC 40 to 106 s have been reported; in one, Lambda's guide speaks of minutes."""
_TAKES_EFFECT = (Fault.LOST, Fault.KILLED_AFTER, Fault.TIMED_OUT)


def arm(cloud: LocalCloud, point: Point) -> Callable[[], bool]:
    """Let the next restore meet the point; the answer says whether it has."""
    match point.what:
        case "states:Enter":
            return _arm_abortion(cloud, point)
        case "postgres:connection" | "postgres:statement":
            return _arm_interruption(cloud, point)
        case _ if point.fault is Fault.RUN_TWICE:
            return _arm_second_run(cloud, point)
        case _ if point.fault is Fault.ASLEEP:
            return _arm_sleep(cloud, point)
    function = "" if point.what == "lambda:Invoke" else point.function
    armed = cloud.faults.on(
        point.what, _EFFECTS[point.fault], nth=int(point.nth), function=function
    )
    return lambda: armed.fired


def disarm(cloud: LocalCloud) -> None:
    """Let nothing go wrong any more."""
    cloud.faults.clear()
    cloud.databases.front.clear_interruptions()
    cloud.workflows.watchers.clear()
    cloud.functions.wake_all()


def _arm_abortion(cloud: LocalCloud, point: Point) -> Callable[[], bool]:
    entered = 0

    def watch(execution_arn: str, state: str) -> None:
        nonlocal entered
        if state != point.step:
            return
        entered += 1
        if entered == int(point.nth):
            cloud.client("stepfunctions").stop_execution(
                executionArn=execution_arn, error="Stopped", cause="On request of a test."
            )

    cloud.workflows.watchers.append(watch)
    return lambda: entered >= int(point.nth)


def _arm_second_run(cloud: LocalCloud, point: Point) -> Callable[[], bool]:
    has_run = False

    def run_twice(call: Call) -> None:
        nonlocal has_run
        cloud.functions.run_twice(call.access_key)
        has_run = True

    cloud.faults.on(point.what, Precede(run_twice), nth=int(point.nth), function=point.function)
    return lambda: has_run


def _arm_sleep(cloud: LocalCloud, point: Point) -> Callable[[], bool]:
    """Let the function that is invoked there have slept."""

    def fall_asleep(call: Call) -> None:
        name = str(call.parameters["FunctionName"]).rsplit(":", 1)[-1]
        cloud.functions.fall_asleep(name, seconds=_SECONDS_UNTIL_AWAKE)

    armed = cloud.faults.on(point.what, Precede(fall_asleep), nth=int(point.nth), function="")
    return lambda: armed.fired


def _arm_interruption(cloud: LocalCloud, point: Point) -> Callable[[], bool]:
    connection, _, statement = point.nth.partition(".")
    struck = False

    def strike() -> None:
        nonlocal struck
        struck = True
        if point.fault in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER):
            cloud.functions.kill(point.function)
        elif point.fault is Fault.TIMED_OUT:
            cloud.functions.time_out(point.function)

    cloud.databases.front.interrupt(
        Interruption(
            hostname_pattern=f"{TARGET}*",
            after_statements=int(statement) - 1 if statement else None,
            nth=int(connection),
            takes_effect=bool(statement) and point.fault in _TAKES_EFFECT,
            refusal=_REFUSALS.get(point.fault),
            act=strike,
        )
    )
    return lambda: struck
