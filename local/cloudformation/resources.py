"""The CloudFormation resource types that the local cloud creates, and those it leaves out."""

from collections.abc import Mapping
from typing import Any, Self

from moto.cloudformation.parsing import resource_class_from_type
from moto.core.common_models import CloudFormationModel
from moto.scheduler.models import scheduler_backends

LEFT_OUT: Mapping[str, str] = {
    "AWS::CDK::Metadata": "describes the template, makes nothing",
    "AWS::CloudWatch::Alarm": "nothing in the pipeline depends on an alarm",
    "AWS::Logs::QueryDefinition": "only people look at saved queries",
    "AWS::SNS::Subscription": "the emulator makes them through the API only, and so do we",
    "AWS::S3::BucketPolicy": "asks for TLS, which the local endpoint does not speak",
    "AWS::SNS::TopicPolicy": "the emulator enforces no resource policies",
    "AWS::SQS::QueuePolicy": "the emulator enforces no resource policies",
}


def is_known(resource_type: str) -> bool:
    """Can the local cloud create resources of this type?"""
    return resource_class_from_type(resource_type) is not None


class _OfScheduler:
    """What the emulator's EventBridge Scheduler keeps, and its CloudFormation does not know."""

    def __init__(self, made: Any) -> None:
        self.physical_resource_id = made.name
        self._arn = made.arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @classmethod
    def has_cfn_attr(cls, attribute: str) -> bool:
        return attribute == "Arn"

    def get_cfn_attribute(self, attribute: str) -> str:
        assert attribute == "Arn"
        return str(self._arn)

    @classmethod
    def create_from_cloudformation_json(
        cls, name: str, resource: Mapping[str, Any], account_id: str, region: str, **_: Any
    ) -> Self:
        return cls(cls._make(scheduler_backends[account_id][region], name, resource["Properties"]))

    @staticmethod
    def _make(scheduler: Any, name: str, properties: Mapping[str, Any]) -> Any:
        raise NotImplementedError


# The emulator finds the direct subclasses of its model, and nothing below them.
class ScheduleGroup(_OfScheduler, CloudFormationModel):  # type: ignore[misc]
    """Schedules that share the right to take a role."""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Scheduler::ScheduleGroup"

    @staticmethod
    def _make(scheduler: Any, name: str, properties: Mapping[str, Any]) -> Any:
        return scheduler.create_schedule_group(name, properties.get("Tags", []))


class Schedule(_OfScheduler, CloudFormationModel):  # type: ignore[misc]
    """A call of an API that is made again and again."""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Scheduler::Schedule"

    @staticmethod
    def _make(scheduler: Any, name: str, properties: Mapping[str, Any]) -> Any:
        return scheduler.create_schedule(
            name=name,
            group_name=properties["GroupName"],
            description=properties["Description"],
            schedule_expression=properties["ScheduleExpression"],
            schedule_expression_timezone=properties["ScheduleExpressionTimezone"],
            flexible_time_window=properties["FlexibleTimeWindow"],
            state=properties["State"],
            target=properties["Target"],
            kms_key_arn=None,
            start_date=None,
            end_date=None,
            action_after_completion=None,
        )
