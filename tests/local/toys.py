"""Small functions and state machines to try the local cloud with."""

import io
import json
import textwrap
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.cloud import LocalCloud

EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
"""The policy of the toys' role."""

COUNTER = """
    def handler(event, context):
        return {"count": event.get("count", 0) + 1}
"""

MISBEHAVING = """
    import os, sys, time

    class SpecialError(Exception):
        pass

    def handler(event, context):
        print("about to", event["do"])
        match event["do"]:
            case "raise": raise SpecialError("told to")
            case "exit": sys.exit(3)
            case "die": os.kill(os.getpid(), 9)
            case "hang": time.sleep(60)
            case "return nonsense": return object()
            case _: return "done"
"""


def a_zip(**sources: str) -> bytes:
    """Code with these modules; `shared__clock` is `shared/clock.py`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, source in sources.items():
            archive.writestr(name.replace("__", "/") + ".py", textwrap.dedent(source))
    return buffer.getvalue()


def a_role(cloud: LocalCloud) -> str:
    """The one role of all toys; returns its ARN."""
    iam = cloud.client("iam")
    if not iam.list_roles()["Roles"]:
        iam.create_role(RoleName="toy", AssumeRolePolicyDocument="{}")
        iam.put_role_policy(
            RoleName="toy", PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING)
        )
    return str(iam.get_role(RoleName="toy")["Role"]["Arn"])


def a_function(
    cloud: LocalCloud,
    source: str = COUNTER,
    *,
    name: str = "toy",
    timeout: int = 10,
    environment: Mapping[str, str] | None = None,
    handler: str = "toy.handler",
    **more_sources: str,
) -> str:
    """Deploy a function whose module `toy` is `source`; returns its ARN."""
    created = cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=a_role(cloud),
        Handler=handler,
        Timeout=timeout,
        Code={"ZipFile": a_zip(toy=source, **more_sources)},
        Environment={"Variables": dict(environment or {})},
    )
    return str(created["FunctionArn"])


def invoke(cloud: LocalCloud, payload: object, name: str = "toy") -> Any:
    """What a function returns, or the error it is reported with."""
    response = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload))
    return json.load(response["Payload"])


def a_task(function_arn: str, **fields: Any) -> dict[str, Any]:
    """A task state that hands its whole input to a function and takes over its output."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function_arn, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def a_wait(seconds: int, **fields: Any) -> dict[str, Any]:
    """A wait state."""
    return {
        "Type": "Wait",
        "Seconds": seconds,
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def a_machine(
    cloud: LocalCloud,
    *,
    name: str = "toy",
    timeout: int | None = None,
    kind: str = "STANDARD",
    **states: Any,
) -> str:
    """Create a state machine that starts with the first of `states`; returns its ARN."""
    definition = {
        "StartAt": next(iter(states)),
        "States": states,
        **({"TimeoutSeconds": timeout} if timeout else {}),
    }
    created = cloud.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=a_role(cloud), type=kind
    )
    return str(created["stateMachineArn"])


def a_queue(cloud: LocalCloud, name: str = "letters", **attributes: str) -> tuple[str, str]:
    """Create a queue; returns its URL and its ARN."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(url), str(arn["Attributes"]["QueueArn"])


def messages(cloud: LocalCloud, queue_url: str) -> list[dict[str, Any]]:
    """The messages in a queue, with their bodies read as JSON."""
    received = cloud.client("sqs").receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return [
        {**message, "Body": json.loads(message["Body"])} for message in received.get("Messages", [])
    ]


def an_assembly(directory: Path, template: Mapping[str, Any], **assets: Mapping[str, str]) -> Path:
    """Write a cloud assembly with one stack and zip assets of the named files."""
    files = {}
    for name, sources in assets.items():
        folder = directory / f"asset.{name}"
        for path, source in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(textwrap.dedent(source))
        files[name] = {
            "source": {"path": folder.name, "packaging": "zip"},
            "destinations": {
                "here": {
                    "bucketName": "assets-${AWS::AccountId}-${AWS::Region}",
                    "objectKey": f"{name}.zip",
                }
            },
        }
    manifest = {
        "artifacts": {
            "toys": {
                "type": "aws:cloudformation:stack",
                "environment": "aws://unknown-account/us-west-2",
                "properties": {"templateFile": "toys.template.json", "stackName": "toys"},
            }
        }
    }
    (directory / "manifest.json").write_text(json.dumps(manifest))
    (directory / "toys.template.json").write_text(json.dumps(template))
    (directory / "toys.assets.json").write_text(json.dumps({"files": files}))
    return directory
