"""The state machine's definition, held against the steps, the error tree and the next steps."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from shared import errors
from shared.errors import RestoreError, Retryable, Terminal
from shared.settings import LONGEST_EXECUTION_HOURS
from shared.steps import Step

DEFINITION = json.loads(Path("statemachine/aurora_restore.asl.json").read_text())
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
CHOICES = {name: state for name, state in STATES.items() if state["Type"] == "Choice"}

FROM_STEP_FUNCTIONS = {
    "ServiceException",
    "AWSLambdaException",
    "SdkClientException",
    "ClientExecutionTimeoutException",
    "TooManyRequestsException",
    "Unknown",
}
"""What *Handle Lambda service exceptions* of Step Functions' guide says may come and go."""

NO_RETRY_HELPS = {
    r"RuntimeAlias\w+|RuntimeVersion\w+|InvalidRuntime\w+": "the runtime is gone: deploy again",
    r"CodeArtifactUserFailed\w+|InvalidZipFile\w+": "the code has to be deployed again",
    r"InvalidSecurityGroupID\w+|InvalidSubnetID\w+": "the VPC has to be put right",
    r"\w*AccessDenied\w+|KMS\w+": "a key or a permission has to be put right",
    r"SnapStart\w+|EFS\w+|S3Files\w+|DurableExecution\w+|NoPublishedVersion\w+": "not used",
    r"ModeNotSupported\w+|ResourceNotFound\w+": "there is no such function",
    r"RequestTooLarge\w+|SerializedRequest\w+|UnsupportedMedia\w+": "the payload is what it is",
    r"InvalidRequestContent\w+|InvalidParameterValue\w+": "the call is what it is",
    r"ServiceQuotaExceeded\w+|RecursiveInvocation\w+": "somebody has to look into it",
}
"""What botocore says `Invoke` may answer, and why calling again would not change that."""

# After a step, the next steps that it can leave an operation with.
CAN_FOLLOW = {
    Step.SNAPSHOT_CHECK: {
        Step.COPY_SNAPSHOT,
        Step.DELETE_RDS,
        Step.RESTORE_SNAPSHOT,
        Step.SNS_NOTIFICATION,
    },
    Step.CHECK_COPY_STATUS: {
        Step.CHECK_COPY_STATUS,
        Step.COPY_SNAPSHOT,
        Step.DELETE_RDS,
        Step.RESTORE_SNAPSHOT,
    },
    Step.DELETE_RDS: {
        Step.DELETE_RDS,
        Step.RESTORE_SNAPSHOT,
        Step.SETUP_DB_USERS,
        Step.ARCHIVE_SNAPSHOT,
    },
    Step.CHECK_RESTORE_STATUS: {
        Step.CHECK_RESTORE_STATUS,
        Step.RESTORE_SNAPSHOT,
        Step.SETUP_DB_USERS,
    },
    Step.SETUP_DB_USERS: {
        Step.SETUP_DB_USERS,
        Step.RESTORE_SNAPSHOT,
        Step.DELETE_RDS,
        Step.ARCHIVE_SNAPSHOT,
    },
    Step.ARCHIVE_SNAPSHOT: {Step.ARCHIVE_SNAPSHOT, Step.SNS_NOTIFICATION},
}
GOES_STRAIGHT_ON = {
    Step.COPY_SNAPSHOT: Step.CHECK_COPY_STATUS,
    Step.RESTORE_SNAPSHOT: Step.CHECK_RESTORE_STATUS,
}


def leaves(of: type[RestoreError]) -> set[str]:
    return {
        one.__name__
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, of) and not one.__subclasses__()
    }


def retried(task: dict[str, Any]) -> set[str]:
    return {name for retry in task["Retry"] for name in retry["ErrorEquals"]}


def first_task_after(name: str) -> str:
    while STATES[name]["Type"] != "Task":
        name = STATES[name]["Next"]
    return name


def test_there_is_one_task_per_step_under_the_steps_own_name() -> None:
    assert set(TASKS) == {step.state for step in Step}
    for step in Step:
        function = TASKS[step.state]["Parameters"]["FunctionName"]
        assert function == "${" + step.state + "FunctionArn}"


@pytest.mark.parametrize(("step", "following"), CAN_FOLLOW.items())
def test_every_next_step_that_a_step_can_produce_has_its_branch(
    step: Step, following: set[Step]
) -> None:
    choice = STATES[TASKS[step.state]["Next"]]

    branches = {branch["StringEquals"]: branch["Next"] for branch in choice["Choices"]}

    assert set(branches) == following
    for next_step, target in branches.items():
        assert first_task_after(target) == Step(next_step).state


@pytest.mark.parametrize(("step", "following"), GOES_STRAIGHT_ON.items())
def test_where_only_one_step_can_follow_there_is_no_choice(step: Step, following: Step) -> None:
    assert first_task_after(TASKS[step.state]["Next"]) == following.state


def test_every_step_but_the_last_is_followed_by_what_can_follow_it() -> None:
    assert set(CAN_FOLLOW) | set(GOES_STRAIGHT_ON) == set(Step) - {Step.SNS_NOTIFICATION}


def test_a_step_that_follows_itself_waits_in_between_unless_it_worked_all_the_time() -> None:
    for choice in CHOICES.values():
        for branch in choice["Choices"]:
            came_from = [name for name, task in TASKS.items() if STATES[task["Next"]] is choice]
            if first_task_after(branch["Next"]) in came_from:
                works = branch["Next"] == Step.SETUP_DB_USERS.state
                assert STATES[branch["Next"]]["Type"] == ("Task" if works else "Wait")


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_every_retryable_error_is_retried_and_no_terminal_one(task: dict[str, Any]) -> None:
    may_be_left_out = {"CopyQuotaReached", "ExportQuotaReached"}

    assert leaves(Retryable) - retried(task) <= may_be_left_out
    assert not leaves(Terminal) & retried(task)
    assert "States.ALL" not in retried(task)


@pytest.mark.parametrize(
    ("quota", "step"),
    [("CopyQuotaReached", "CopySnapshot"), ("ExportQuotaReached", "ArchiveSnapshot")],
)
def test_only_the_step_that_can_reach_a_quota_waits_for_it(quota: str, step: str) -> None:
    waiting = {name for name, task in TASKS.items() if quota in retried(task)}

    assert waiting == {step}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_every_retry_is_bounded_and_spread(task: dict[str, Any]) -> None:
    for retry in task["Retry"]:
        assert retry["JitterStrategy"] == "FULL"
        assert retry["MaxDelaySeconds"] <= 300
        assert retry["MaxAttempts"] <= 600


def test_nothing_is_caught_so_that_redrive_has_something_to_repeat() -> None:
    assert not any("Catch" in state for state in STATES.values())


def test_every_state_says_what_it_is_for() -> None:
    assert all(state.get("Comment") for state in STATES.values())


def test_everything_that_can_last_has_a_limit() -> None:
    assert DEFINITION["TimeoutSeconds"] == LONGEST_EXECUTION_HOURS * 3600
    assert all(task["TimeoutSeconds"] for task in TASKS.values())


def test_choices_read_the_next_step_and_waits_the_ticket() -> None:
    for choice in CHOICES.values():
        assert all(branch["Variable"] == "$.next_step" for branch in choice["Choices"])
    for state in STATES.values():
        if state["Type"] == "Wait":
            assert state["SecondsPath"] == "$.wait_seconds"


def answers_of_invoke() -> set[str]:
    """The errors of Lambda's `Invoke`, by its model."""
    model = Session().get_service_model("lambda").operation_model("Invoke")
    return {shape.name for shape in model.error_shapes}


def retried_answers(task: dict[str, Any]) -> set[str]:
    return {name.removeprefix("Lambda.") for name in retried(task) if name.startswith("Lambda.")}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_every_answer_of_invoke_is_retried_or_no_retry_would_help(task: dict[str, Any]) -> None:
    hopeless = {
        answer
        for answer in answers_of_invoke()
        if any(re.fullmatch(pattern, answer) for pattern in NO_RETRY_HELPS)
    }

    assert answers_of_invoke() | FROM_STEP_FUNCTIONS == retried_answers(task) | hopeless
    assert not retried_answers(task) & hopeless


def test_every_reason_not_to_retry_is_of_an_answer() -> None:
    for pattern in "|".join(NO_RETRY_HELPS).split("|"):
        assert any(re.fullmatch(pattern, answer) for answer in answers_of_invoke()), pattern


def usual_delays(task: dict[str, Any], error: str) -> list[float]:
    """How many seconds the retries of an error wait; full jitter halves them on the whole."""
    (retry,) = [one for one in task["Retry"] if error in one["ErrorEquals"]]
    return [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** nth, retry["MaxDelaySeconds"]) / 2
        for nth in range(retry["MaxAttempts"])
    ]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_function_in_a_vpc_is_given_ten_minutes_to_wake_up(task: dict[str, Any]) -> None:
    delays = usual_delays(task, "Lambda.CodeArtifactUserPendingException")

    assert sum(delays) >= 600
    # Whoever wakes up sooner is not waited for much longer.
    assert max(delays) <= 15


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("error", ["Throttled", "Lambda.TooManyRequestsException"])
def test_a_crowd_is_given_most_of_an_hour_to_spread(task: dict[str, Any], error: str) -> None:
    delays = usual_delays(task, error)

    assert sum(delays) >= 45 * 60
    assert delays[0] <= 1


@pytest.mark.parametrize(
    ("quota", "step"),
    [("CopyQuotaReached", "CopySnapshot"), ("ExportQuotaReached", "ArchiveSnapshot")],
)
def test_a_quota_is_waited_for_as_long_as_the_documents_say(quota: str, step: str) -> None:
    assert sum(usual_delays(TASKS[step], quota)) >= 24 * 3600
