"""Step Functions, Lambda and SQS: executions, redrives, errors of functions, messages."""

import json
from datetime import date
from typing import Any

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import fact
from tests.contract.harness.needs import Need
from tests.contract.harness.place import refused

_REDRIVE = "Step Functions developer guide, Redriving executions"


def _ended(aws: Aws, **input_: object) -> str:
    """Run an execution to its end; returns its ARN."""
    client = aws.home.client("stepfunctions")
    arn = client.start_execution(
        stateMachineArn=aws.has(Need.MACHINE),
        name=aws.home.run.new_name("execution"),
        input=json.dumps({"fails": False} | input_),
    )["executionArn"]

    def has_ended() -> bool:
        return bool(client.describe_execution(executionArn=arn)["status"] != "RUNNING")

    aws.home.run.wait_until("the execution has ended", has_ended)
    return str(arn)


@fact(
    "An execution knows its name ($$.Execution.Name), and its ARN ends with it.",
    source="Step Functions developer guide, Accessing execution data from the Context object",
    since=FIRST,
    needs=[Need.MACHINE],
)
def an_execution_knows_its_name(aws: Aws) -> None:
    arn = _ended(aws)

    described = aws.home.client("stepfunctions").describe_execution(executionArn=arn)

    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["output"]) == {"name": described["name"]}
    assert arn.endswith(f":{described['name']}")


@fact(
    "The name of an execution is taken, also when it has ended: ExecutionAlreadyExists.",
    source="botocore: StartExecution.name (90 days) and its errors",
    since=FIRST,
    needs=[Need.MACHINE],
)
def names_of_executions_are_taken(aws: Aws) -> None:
    arn = _ended(aws)

    with refused("ExecutionAlreadyExists"):
        aws.home.client("stepfunctions").start_execution(
            stateMachineArn=aws.has(Need.MACHINE), name=arn.rpartition(":")[2], input='{"fails": 1}'
        )


@fact(
    "An execution that succeeded is not redriven: ExecutionNotRedrivable.",
    source=_REDRIVE,
    since=FIRST,
    needs=[Need.MACHINE],
)
def success_is_not_redriven(aws: Aws) -> None:
    with refused("ExecutionNotRedrivable"):
        aws.home.client("stepfunctions").redrive_execution(executionArn=_ended(aws))


@fact(
    "An execution that failed has its error's name; it is redriven under the same ARN, with a "
    "redrive count.",
    source=f"{_REDRIVE}; botocore: DescribeExecution",
    since=FIRST,
    needs=[Need.MACHINE],
)
def a_failure_is_redriven_under_its_arn(aws: Aws) -> None:
    client, arn = aws.home.client("stepfunctions"), _ended(aws, fails=True)
    failed = client.describe_execution(executionArn=arn)

    client.redrive_execution(executionArn=arn)
    aws.home.run.wait_until(
        "it has failed again",
        lambda: client.describe_execution(executionArn=arn)["status"] == "FAILED",
    )

    assert (failed["status"], failed["error"], failed["redriveCount"]) == ("FAILED", "ToldTo", 0)
    assert client.describe_execution(executionArn=arn)["redriveCount"] == 1


@fact(
    "What a function returns is the payload. What it raises is `Unhandled`, with the bare name of "
    "the class as errorType.",
    source="Lambda developer guide, Python function errors",
    since=FIRST,
    needs=[Need.FUNCTION],
)
def an_error_of_a_function_has_the_bare_name_of_its_class(aws: Aws) -> None:
    def invoke(payload: object) -> tuple[str | None, object]:
        answer = aws.home.client("lambda").invoke(
            FunctionName=aws.has(Need.FUNCTION), Payload=json.dumps(payload)
        )
        return answer.get("FunctionError"), json.load(answer["Payload"])

    well, failed = invoke({"some": "thing"}), invoke({"fails": True})

    assert well == (None, {"some": "thing"})
    function_error, payload = failed
    assert function_error == "Unhandled"
    assert isinstance(payload, dict)
    assert (payload["errorType"], payload["errorMessage"]) == ("SpecialError", "told to")


@fact(
    "A function that is not there is ResourceNotFoundException.",
    source="botocore: errors of Invoke",
    since=FIRST,
)
def an_unknown_function_is_not_found(aws: Aws) -> None:
    with refused("ResourceNotFoundException"):
        aws.home.client("lambda").invoke(FunctionName=aws.home.run.new_name("nothing"))


@fact(
    "A function's environment of more than 4 KB is refused with InvalidParameterValueException.",
    source="Lambda developer guide, Lambda quotas",
    since=None,
    needs=[Need.FUNCTION],
)
def an_environment_has_four_kilobytes(aws: Aws) -> None:
    with refused("InvalidParameterValueException"):
        aws.home.client("lambda").update_function_configuration(
            FunctionName=aws.has(Need.FUNCTION), Environment={"Variables": {"LONG": "x" * 4097}}
        )


@fact(
    "ChangeMessageVisibility lets a message in flight come again after that time, and no sooner, "
    "whatever the visibility timeout was.",
    source="SQS developer guide, Amazon SQS visibility timeout; botocore: ChangeMessageVisibility",
    since=date(2026, 11, 28),
    needs=[Need.QUEUE],
    risk=8,
    relied_on_by="Undoing a cut-over: a failed attempt comes again after seconds, not minutes.",
)
def a_message_in_flight_comes_again_when_told(aws: Aws) -> None:
    queue, client = aws.has(Need.QUEUE), aws.home.client("sqs")

    def received(**how: Any) -> list[Any]:
        messages = client.receive_message(QueueUrl=queue, VisibilityTimeout=600, **how)
        return list(messages.get("Messages", []))

    client.send_message(QueueUrl=queue, MessageBody=aws.home.run.new_name("message"))
    (first,) = received(WaitTimeSeconds=5)
    client.change_message_visibility(
        QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=3
    )
    too_soon = received(WaitTimeSeconds=1)
    again = received(WaitTimeSeconds=10)
    for message in again:
        client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    assert too_soon == []
    assert [message["MessageId"] for message in again] == [first["MessageId"]]
