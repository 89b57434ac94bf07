"""What CDK synthesizes is deployed as it is, or not at all."""

from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.cloudformation.deployment import DeploymentFailed
from tests.local.toys import EVERYTHING, an_assembly, messages

DEFINITION = (
    '{"StartAt": "Count", "States": {"Count": {"Type": "Task", "End": true, '
    '"Resource": "arn:aws:states:::lambda:invoke", "OutputPath": "$.Payload", '
    '"Parameters": {"Payload.$": "$", "FunctionName": "'
)
SOURCES = {
    "lambdas/__init__.py": "",
    "lambdas/counter.py": """
        import os

        def handler(event, context):
            return {"count": event["count"] + int(os.environ["STEP"])}
    """,
}


def a_template(**more_resources: Any) -> dict[str, Any]:
    """A small pipeline as CDK writes it, with every output a deployment has."""
    resources = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {},
                "Policies": [{"PolicyName": "everything", "PolicyDocument": EVERYTHING}],
            },
        },
        "Counter": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "counter",
                "Handler": "lambdas.counter.handler",
                "Runtime": "python3.13",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Environment": {"Variables": {"STEP": "5"}},
                "Code": {
                    "S3Bucket": {"Fn::Sub": "assets-${AWS::AccountId}-${AWS::Region}"},
                    "S3Key": "code.zip",
                },
            },
            "DependsOn": ["Role", "Alarm"],
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "machine",
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "DefinitionString": {
                    "Fn::Join": ["", [DEFINITION, {"Fn::GetAtt": ["Counter", "Arn"]}, '"}}}}']]
                },
            },
        },
        "Letters": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "letters"}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "topic"}},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {}},
        **more_resources,
    }
    outputs = {
        "StateMachineArn": {"Ref": "Machine"},
        "StateTable": "state",
        "AuditTable": "audit",
        "TopicArn": {"Ref": "Topic"},
        "DeadLetterQueueUrl": {"Ref": "Letters"},
        "SomethingElse": "more",
    }
    return {
        "Parameters": {
            "BootstrapVersion": {
                "Type": "AWS::SSM::Parameter::Value<String>",
                "Default": "/cdk-bootstrap/hnb659fds/version",
            }
        },
        "Resources": resources,
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }


def test_a_deployed_state_machine_runs_the_deployed_code(cloud: LocalCloud, tmp_path: Path) -> None:
    assembly = an_assembly(tmp_path, a_template(), code=SOURCES)

    deployment = cloud.deploy(assembly)
    execution = cloud.run(deployment.state_machine_arn, {"count": 1})

    assert execution.output == {"count": 6}


def test_a_deployment_tells_the_outputs_of_its_stack(cloud: LocalCloud, tmp_path: Path) -> None:
    deployment = cloud.deploy(an_assembly(tmp_path, a_template(), code=SOURCES))

    assert deployment.region == "us-west-2"
    assert deployment.state_machine_arn.endswith(":stateMachine:machine")
    assert deployment.topic_arn == "arn:aws:sns:us-west-2:123456789012:topic"
    assert deployment.dead_letter_queue_url.endswith("/letters")
    assert (deployment.state_table, deployment.audit_table) == ("state", "audit")
    assert deployment.outputs["SomethingElse"] == "more"


def test_a_resource_that_cannot_be_created_fails_the_deployment(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    template = a_template(Pipe={"Type": "AWS::Pipes::Pipe", "Properties": {}})
    assembly = an_assembly(tmp_path, template, code=SOURCES)

    with pytest.raises(DeploymentFailed, match=r"cannot create Pipe \(AWS::Pipes::Pipe\)"):
        cloud.deploy(assembly)


def test_an_output_that_is_missing_is_named(cloud: LocalCloud, tmp_path: Path) -> None:
    template = a_template()
    del template["Outputs"]["AuditTable"]
    assembly = an_assembly(tmp_path, template, code=SOURCES)

    with pytest.raises(DeploymentFailed, match="no output for audit_table"):
        cloud.deploy(assembly)


def test_the_same_assembly_can_be_deployed_again_after_a_reset(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    assembly = an_assembly(tmp_path, a_template(), code=SOURCES)
    before = cloud.deploy(assembly)
    cloud.reset()

    after = cloud.deploy(assembly)

    assert after == before
    assert cloud.run(after.state_machine_arn, {"count": 1}).status == "SUCCEEDED"


def test_a_queue_is_connected_to_a_function_as_the_template_says(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    template = a_template(
        Orders={
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": "orders",
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["Letters", "Arn"]},
                    "maxReceiveCount": 2,
                },
            },
        },
        Mapping={
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Counter"},
                "EventSourceArn": {"Fn::GetAtt": ["Orders", "Arn"]},
                "BatchSize": 1,
            },
        },
    )
    deployment = cloud.deploy(an_assembly(tmp_path, template, code=SOURCES))
    sqs = cloud.client("sqs")

    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName="orders")["QueueUrl"],
        MessageBody='{"nothing": "that counter expects"}',
    )
    cloud.clock.sleep(3600)

    (letter,) = messages(cloud, deployment.dead_letter_queue_url)
    assert letter["Body"] == {"nothing": "that counter expects"}
    assert len(cloud.calls.of("lambda:Invoke")) == 2
