"""The CloudFormation resource types that the local cloud creates, and those it leaves out."""

from collections.abc import Mapping

from moto.cloudformation.parsing import resource_class_from_type

LEFT_OUT: Mapping[str, str] = {
    "AWS::CDK::Metadata": "describes the template, makes nothing",
    "AWS::CloudWatch::Alarm": "nothing in the pipeline depends on an alarm",
    "AWS::Logs::QueryDefinition": "only people look at saved queries",
    "AWS::SNS::Subscription": "the emulator makes them through the API only, and so do we",
    "AWS::SNS::TopicPolicy": "the emulator enforces no resource policies",
    "AWS::SQS::QueuePolicy": "the emulator enforces no resource policies",
}


def is_known(resource_type: str) -> bool:
    """Can the local cloud create resources of this type?"""
    return resource_class_from_type(resource_type) is not None
