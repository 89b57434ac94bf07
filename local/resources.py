"""A CloudFormation resource type that the emulator lacks, and the ones that are left out."""

from collections.abc import Mapping
from typing import Any

from moto.awslambda.utils import get_backend
from moto.cloudformation.parsing import get_model_map, resource_class_from_type
from moto.core.common_models import CloudFormationModel

LEFT_OUT: Mapping[str, str] = {
    "AWS::CDK::Metadata": "describes the template, makes nothing",
    "AWS::CloudWatch::Alarm": "nothing in the pipeline depends on an alarm",
    "AWS::SNS::TopicPolicy": "the emulator enforces no resource policies",
    "AWS::SQS::QueuePolicy": "the emulator enforces no resource policies",
}


class EventInvokeConfig(CloudFormationModel):  # type: ignore[misc]
    """How Lambda retries a function's asynchronous invocations, and where failures go."""

    def __init__(self, function_name: str) -> None:
        self.physical_resource_id = f"{function_name}-event-invoke-config"

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::EventInvokeConfig"

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,  # noqa: ARG003
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> "EventInvokeConfig":
        configuration = {
            name: int(value) if name.startswith("Maximum") else value
            for name, value in cloudformation_json["Properties"].items()
            if name not in {"FunctionName", "Qualifier"}
        }
        function_name = cloudformation_json["Properties"]["FunctionName"]
        backend = get_backend(account_id, region_name)
        backend.put_function_event_invoke_config(function_name, configuration)
        return cls(function_name)


get_model_map()[EventInvokeConfig.cloudformation_type()] = EventInvokeConfig


def is_known(resource_type: str) -> bool:
    """Can the local cloud create resources of this type?"""
    return resource_class_from_type(resource_type) is not None
