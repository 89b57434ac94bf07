"""Deploys what the CDK app synthesizes, the way `cdk deploy` does, through the cloud's API."""

import functools
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

from moto.kms.models import kms_backends
from moto.stepfunctions.models import stepfunctions_backends

from local.functions import ACCOUNT
from local.resources import LEFT_OUT, is_known

_BOOTSTRAP_VERSION = ("/cdk-bootstrap/hnb659fds/version", "30")
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class DeploymentFailed(Exception):
    """The template cannot be deployed; the message says which part of it, and why."""


class Clients(Protocol):
    """Makes clients of the cloud to deploy into."""

    def client(self, service: str, *, region_name: str = ...) -> Any:
        """A boto3 client."""


@dataclass(frozen=True)
class Deployment:
    """What a deployed stack tells those who use it: the outputs of its template."""

    region: str
    state_machine_arn: str
    state_table: str
    audit_table: str
    topic_arn: str
    dead_letter_queue_url: str
    outputs: Mapping[str, str]
    """All outputs, also those that have no field of their own."""


def deploy(cloud: Clients, assembly: Path) -> Deployment:
    """Deploy the one stack of the cloud assembly in directory `assembly`.

    Raises `DeploymentFailed` when something in it cannot be deployed.
    """
    stack = _only_stack(assembly)
    region = stack.region
    _publish_assets(cloud.client("s3", region_name=region), assembly, region)
    name, version = _BOOTSTRAP_VERSION
    cloud.client("ssm", region_name=region).put_parameter(
        Name=name, Value=version, Type="String", Overwrite=True
    )
    template = json.loads(stack.template.read_text())
    cloud_formation = cloud.client("cloudformation", region_name=region)
    cloud_formation.create_stack(
        StackName=stack.name,
        TemplateBody=json.dumps(_without_what_the_emulator_lacks(template)),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    described = cloud_formation.describe_stacks(StackName=stack.name)["Stacks"][0]
    if described["StackStatus"] != "CREATE_COMPLETE":
        raise DeploymentFailed(f"{stack.name}: {described['StackStatus']}")
    _check_completeness(template, _created(cloud_formation, stack.name))
    _recreate_state_machines(cloud.client("stepfunctions", region_name=region), region)
    _restate_key_policies(region)
    outputs = {
        output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])
    }
    return _deployment(region, outputs)


@dataclass(frozen=True)
class _Stack:
    name: str
    region: str
    template: Path


def _only_stack(assembly: Path) -> _Stack:
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
    return _Stack(
        name=properties.get("stackName", name),
        region="us-west-2" if region == "unknown-region" else region,
        template=assembly / properties["templateFile"],
    )


def _publish_assets(s3: Any, assembly: Path, region: str) -> None:
    """Put every file asset where the asset manifests say."""
    for manifest in sorted(assembly.glob("*.assets.json")):
        for asset in json.loads(manifest.read_text())["files"].values():
            source = assembly / asset["source"]["path"]
            if asset["source"]["packaging"] == "zip":
                content = _zipped(source)
            else:
                content = source.read_bytes()
            for destination in asset["destinations"].values():
                bucket = _resolved(destination["bucketName"], region)
                _ensure_bucket(s3, bucket, region)
                s3.put_object(
                    Bucket=bucket, Key=_resolved(destination["objectKey"], region), Body=content
                )


def _resolved(text: str, region: str) -> str:
    """Fill in the placeholders that an assembly leaves for account and region."""
    for placeholder, value in (
        ("${AWS::AccountId}", ACCOUNT),
        ("${AWS::Region}", region),
        ("${AWS::Partition}", "aws"),
        ("current_account", ACCOUNT),
        ("current_region", region),
    ):
        text = text.replace(placeholder, value)
    return text


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
        resource["DependsOn"] = [one for one in dependencies if one in kept]
    return {**template, "Resources": kept}


def _created(cloud_formation: Any, stack_name: str) -> set[str]:
    described = cloud_formation.describe_stack_resources(StackName=stack_name)["StackResources"]
    return {resource["LogicalResourceId"] for resource in described}


def _check_completeness(template: Mapping[str, Any], created: set[str]) -> None:
    optional = {
        logical_id
        for logical_id, resource in template["Resources"].items()
        if "Condition" in resource or resource["Type"] in LEFT_OUT
    }
    missing = sorted(set(template["Resources"]) - created - optional)
    if missing:
        raise DeploymentFailed(f"The local cloud did not create {', '.join(missing)}")


def _recreate_state_machines(step_functions: Any, region: str) -> None:
    """Move state machines from where CloudFormation puts them to where they are executed.

    The emulator keeps two sets of state machines, and its CloudFormation knows only the one that
    does not run.
    """
    for machine in stepfunctions_backends[ACCOUNT][region].state_machines:
        step_functions.create_state_machine(
            name=machine.name, definition=machine.definition, roleArn=machine.roleArn
        )


def _deployment(region: str, outputs: Mapping[str, str]) -> Deployment:
    named = {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): value for key, value in outputs.items()}
    wanted = [field.name for field in fields(Deployment) if field.name not in {"region", "outputs"}]
    missing = [name for name in wanted if name not in named]
    if missing:
        raise DeploymentFailed(
            f"The stack has no output for {', '.join(missing)}; it has {', '.join(sorted(outputs))}"
        )
    return Deployment(region=region, outputs=outputs, **{name: named[name] for name in wanted})


def _restate_key_policies(region: str) -> None:
    """Keep key policies as text: of a key from a template moto keeps an object, and fails on it."""
    for key in kms_backends[ACCOUNT][region].keys.values():
        if not isinstance(key.policy, str):
            key.policy = json.dumps(key.policy)
