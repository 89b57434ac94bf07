"""Deploys what the CDK app synthesizes, the way `cdk deploy` does, through the cloud's API."""

import functools
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol, Self

from moto.kms.models import kms_backends
from moto.stepfunctions.models import stepfunctions_backends

from local.cloudformation.limits import exceeded
from local.cloudformation.resources import LEFT_OUT, is_known

_BOOTSTRAP_VERSION = ("/cdk-bootstrap/hnb659fds/version", "30")
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class DeploymentFailed(Exception):
    """The template cannot be deployed; the message says which part of it, and why."""


class Clients(Protocol):
    """Makes clients of the cloud to deploy into."""

    def client(self, service: str, *, region_name: str = ..., account_id: str = ...) -> Any:
        """A boto3 client of an account's owner."""


@dataclass(frozen=True)
class Stack:
    """A stack that is deployed."""

    region: str
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class Deployment:
    """The outputs of the pipeline's stack."""

    region: str
    state_machine_arn: str
    state_table: str
    audit_table: str
    topic_arn: str
    dead_letter_queue_url: str
    outputs: Mapping[str, str]
    """All outputs, also those that have no field of their own."""

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """Read the outputs; raises `DeploymentFailed` when one is missing."""
        named = {_snake_case(key): value for key, value in stack.outputs.items()}
        wanted = [field.name for field in fields(cls) if field.name not in {"region", "outputs"}]
        missing = [name for name in wanted if name not in named]
        if missing:
            raise DeploymentFailed(
                f"The stack has no output for {', '.join(missing)}; "
                f"it has {', '.join(sorted(stack.outputs))}"
            )
        return cls(
            region=stack.region, outputs=stack.outputs, **{name: named[name] for name in wanted}
        )


@dataclass(frozen=True)
class _Place:
    """The account and region that a stack is deployed into, as their owner."""

    cloud: Clients
    account: str
    region: str

    def client(self, service: str) -> Any:
        return self.cloud.client(service, region_name=self.region, account_id=self.account)

    def resolved(self, text: str) -> str:
        """Fill in the placeholders that an assembly leaves for account and region."""
        for placeholder, value in (
            ("${AWS::AccountId}", self.account),
            ("${AWS::Region}", self.region),
            ("${AWS::Partition}", "aws"),
            ("current_account", self.account),
            ("current_region", self.region),
        ):
            text = text.replace(placeholder, value)
        return text


def deploy(cloud: Clients, assembly: Path, account: str) -> Stack:
    """Deploy the one stack of the cloud assembly in directory `assembly` into an account.

    Raises `DeploymentFailed` when something in it cannot be deployed.
    """
    stack = _only_stack(assembly)
    place = _Place(cloud, account, stack.region)
    _publish_assets(place, assembly)
    name, version = _BOOTSTRAP_VERSION
    place.client("ssm").put_parameter(Name=name, Value=version, Type="String", Overwrite=True)
    template = json.loads(stack.template.read_text())
    cloud_formation = place.client("cloudformation")
    cloud_formation.create_stack(
        StackName=stack.name,
        TemplateBody=json.dumps(_without_what_the_emulator_lacks(template)),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    described = cloud_formation.describe_stacks(StackName=stack.name)["Stacks"][0]
    if described["StackStatus"] != "CREATE_COMPLETE":
        raise DeploymentFailed(f"{stack.name}: {described['StackStatus']}")
    if too_much := list(exceeded(account, stack.region)):
        raise DeploymentFailed(f"{stack.name}: {'; '.join(too_much)}")
    created = _created(cloud_formation, stack.name)
    _check_completeness(template, created)
    _subscribe(place, template, created)
    _recreate_state_machines(place)
    _back_up_tables(place, template, created)
    _restate_key_policies(place)
    outputs = {
        output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])
    }
    return Stack(stack.region, outputs)


@dataclass(frozen=True)
class _Artifact:
    name: str
    region: str
    template: Path


def _only_stack(assembly: Path) -> _Artifact:
    manifest = json.loads((assembly / "manifest.json").read_text())
    stacks = {
        name: artifact
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    if len(stacks) != 1:
        raise DeploymentFailed(f"{assembly} has not one stack but {sorted(stacks)}")
    name, artifact = stacks.popitem()
    properties = artifact["properties"]
    region = artifact["environment"].rsplit("/", 1)[-1]
    return _Artifact(
        name=properties.get("stackName", name),
        region="us-west-2" if region == "unknown-region" else region,
        template=assembly / properties["templateFile"],
    )


def _publish_assets(place: _Place, assembly: Path) -> None:
    """Put every file asset where the asset manifests say."""
    s3 = place.client("s3")
    for manifest in sorted(assembly.glob("*.assets.json")):
        for asset in json.loads(manifest.read_text())["files"].values():
            source = assembly / asset["source"]["path"]
            if asset["source"]["packaging"] == "zip":
                content = _zipped(source)
            else:
                content = source.read_bytes()
            for destination in asset["destinations"].values():
                bucket = place.resolved(destination["bucketName"])
                _ensure_bucket(s3, bucket, place.region)
                s3.put_object(
                    Bucket=bucket, Key=place.resolved(destination["objectKey"]), Body=content
                )


def _ensure_bucket(s3: Any, bucket: str, region: str) -> None:
    if any(existing["Name"] == bucket for existing in s3.list_buckets()["Buckets"]):
        return
    location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else location))


@functools.lru_cache(maxsize=8)
def _zipped(directory: Path) -> bytes:
    """The same files always give the same bytes, so the same code always has the same hash.

    The name of an asset's directory holds the hash of its content, so what was zipped once is
    still right. Nothing is compressed: it goes no farther than this machine.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _ZIP_DATE)
                entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _without_what_the_emulator_lacks(template: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the known gaps. Raises `DeploymentFailed` for gaps that nobody has judged yet."""
    resources = template["Resources"]
    unknown = sorted(
        f"{logical_id} ({resource['Type']})"
        for logical_id, resource in resources.items()
        if resource["Type"] not in LEFT_OUT and not is_known(resource["Type"])
    )
    if unknown:
        raise DeploymentFailed(f"The local cloud cannot create {', '.join(unknown)}")
    kept = {
        logical_id: dict(resource)
        for logical_id, resource in resources.items()
        if resource["Type"] not in LEFT_OUT
    }
    for resource in kept.values():
        dependencies = resource.pop("DependsOn", [])
        dependencies = [dependencies] if isinstance(dependencies, str) else dependencies
        resource["DependsOn"] = [name for name in dependencies if name in kept]
    return {**template, "Resources": kept}


def _created(cloud_formation: Any, stack_name: str) -> dict[str, str]:
    """The names of what was created, by logical id; for some kinds the emulator has none."""
    described = cloud_formation.describe_stack_resources(StackName=stack_name)["StackResources"]
    return {
        resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
        for resource in described
    }


def _subscribe(place: _Place, template: Mapping[str, Any], created: Mapping[str, str]) -> None:
    """Make the template's subscriptions, and confirm them, as whoever gets the messages would."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::SNS::Subscription":
            properties = resource["Properties"]
            is_raw = properties.get("RawMessageDelivery", False)
            place.client("sns").subscribe(
                TopicArn=created[properties["TopicArn"]["Ref"]],
                Protocol=properties["Protocol"],
                Endpoint=properties["Endpoint"],
                Attributes={"RawMessageDelivery": "true"} if is_raw else {},
            )


def _check_completeness(template: Mapping[str, Any], created: Mapping[str, str]) -> None:
    optional = {
        logical_id
        for logical_id, resource in template["Resources"].items()
        if "Condition" in resource or resource["Type"] in LEFT_OUT
    }
    missing = sorted(set(template["Resources"]) - set(created) - optional)
    if missing:
        raise DeploymentFailed(f"The local cloud did not create {', '.join(missing)}")


def _recreate_state_machines(place: _Place) -> None:
    """Move state machines from where CloudFormation puts them to where they are executed.

    The emulator keeps two sets of state machines, and its CloudFormation knows only the one that
    does not run.
    """
    for machine in stepfunctions_backends[place.account][place.region].state_machines:
        place.client("stepfunctions").create_state_machine(
            name=machine.name, definition=machine.definition, roleArn=machine.roleArn
        )


def _back_up_tables(place: _Place, template: Mapping[str, Any], created: Mapping[str, str]) -> None:
    """Turn on what a template says of a table's point-in-time recovery; the emulator skips it."""
    for logical_id, resource in template["Resources"].items():
        if specification := resource.get("Properties", {}).get("PointInTimeRecoverySpecification"):
            place.client("dynamodb").update_continuous_backups(
                TableName=created[logical_id],
                PointInTimeRecoverySpecification=specification,
            )


def _restate_key_policies(place: _Place) -> None:
    """Keep key policies as text: of a key from a template moto keeps an object, and fails on it."""
    for key in kms_backends[place.account][place.region].keys.values():
        if not isinstance(key.policy, str):
            key.policy = json.dumps(key.policy)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
