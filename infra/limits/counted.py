"""What AWS counts in what the stacks consist of, and up to where.

What only a construct could get wrong, and no setting, is not counted here; `cfn-lint` looks at
that in the tests.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from infra.limits.sizes import Sizes

LONGEST_INLINE_POLICIES = 10_240
LONGEST_MANAGED_POLICY = 6_144
MOST_MANAGED_POLICIES = 10


class Limit(NamedTuple):
    """Something that AWS counts of a kind of resource."""

    kind: str
    path: str
    most: int
    unit: str
    source: str
    measure: Callable[[Sizes, Any], int]


def _entries(_: Sizes, value: Any) -> int:
    return len(value)


LIMITS = (
    Limit(
        "AWS::Lambda::Function",
        "Environment.Variables",
        4096,
        "bytes of environment variables",
        "Lambda developer guide, Lambda quotas",
        Sizes.bytes,
    ),
    Limit(
        "AWS::Lambda::Function",
        "VpcConfig.SubnetIds",
        16,
        "subnets",
        "API of Lambda, VpcConfig",
        _entries,
    ),
    Limit(
        "AWS::Lambda::Function",
        "VpcConfig.SecurityGroupIds",
        5,
        "security groups",
        "API of Lambda, VpcConfig",
        _entries,
    ),
    Limit(
        "AWS::IAM::Role",
        "AssumeRolePolicyDocument",
        2048,
        "characters of trust policy",
        "IAM user guide, IAM and STS quotas",
        Sizes.characters,
    ),
    Limit(
        "AWS::KMS::Key",
        "KeyPolicy",
        32_768,
        "bytes of key policy",
        "KMS developer guide, resource quotas",
        Sizes.bytes,
    ),
    Limit(
        "AWS::EC2::VPCEndpoint",
        "PolicyDocument",
        20_480,
        "characters of endpoint policy",
        "PrivateLink guide, endpoint policies",
        Sizes.characters,
    ),
    Limit(
        "AWS::EC2::SecurityGroup",
        "SecurityGroupEgress",
        60,
        "outbound rules",
        "VPC user guide, quotas",
        _entries,
    ),
    Limit(
        "AWS::SQS::QueuePolicy",
        "PolicyDocument.Statement",
        20,
        "statements of queue policy",
        "SQS developer guide, quotas related to policies",
        _entries,
    ),
    Limit(
        "AWS::SNS::TopicPolicy",
        "PolicyDocument",
        30_720,
        "bytes of topic policy",
        "API of SNS, SetTopicAttributes",
        Sizes.bytes,
    ),
    Limit(
        "AWS::Events::Rule",
        "Targets.0.Input",
        8192,
        "characters of request",
        "API of EventBridge, Target",
        lambda sizes, value: len(sizes.text(value)),
    ),
    Limit(
        "AWS::StepFunctions::StateMachine",
        "DefinitionString",
        1_048_576,
        "characters of definition",
        "API of Step Functions, CreateStateMachine",
        lambda sizes, value: len(sizes.text(value)),
    ),
    Limit(
        "AWS::CloudWatch::Alarm",
        "AlarmDescription",
        1024,
        "characters of description",
        "API of CloudWatch, PutMetricAlarm",
        lambda sizes, value: len(sizes.text(value)),
    ),
)
"""Limits of one resource, by kind and the way to the property."""

MOST_RESOURCES = 500
"""CloudFormation user guide, quotas: resources in a template."""
LONGEST_TEMPLATE = 1_000_000
"""The same: 1 MB of template body in S3, where the CDK puts it."""


def at(properties: Mapping[str, Any], path: str) -> Any:
    """What stands at a path such as `Targets.0.Input`; `None` where it leads nowhere."""
    value: Any = properties
    for key in path.split("."):
        match value:
            case dict():
                value = value.get(key)
            case list() if int(key) < len(value):
                value = value[int(key)]
            case _:
                return None
    return value


def policies_of_roles(
    resources: Mapping[str, Any], kind: str
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Role, policy and document, of every policy of a kind that stands beside its roles."""
    for name, resource in resources.items():
        if resource["Type"] == kind:
            for role in resource["Properties"].get("Roles", ()):
                yield role["Ref"], name, resource["Properties"]["PolicyDocument"]
