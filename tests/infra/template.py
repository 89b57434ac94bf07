"""A synthesized template, with its references written out as text."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from infra.bundling import ROOT
from infra.settings.deployment import DeploymentSettings
from infra.synth import synthesize
from local.iam.conditions import listed
from shared.settings import SETTINGS_FILE, Settings
from shared.steps import Step

LOCAL_SETTINGS = ROOT / "local" / "deployment.json"


_NAMELESS = ("AWS::IAM::Policy", "AWS::Lambda::LayerVersion")
"""Kinds whose names follow from their logical ids, or have a version behind them."""


class Statement(NamedTuple):
    """A statement of a role's policy."""

    actions: frozenset[str]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]

    def covers(self, action: str, resource: str) -> bool:
        """Whether the statement is about this call, its conditions aside."""
        return any(fnmatchcase(action, pattern) for pattern in self.actions) and any(
            fnmatchcase(resource, pattern) for pattern in self.resources
        )


class Template:
    """What CloudFormation would be given."""

    def __init__(self, folder: Path, name: str) -> None:
        self.text = (folder / f"{name}.template.json").read_text()
        self._content = json.loads(self.text)

    @property
    def outputs(self) -> set[str]:
        return set(self._content["Outputs"])

    @property
    def types(self) -> set[str]:
        return {resource["Type"] for resource in self._content["Resources"].values()}

    def named(self) -> Iterator[tuple[str, str]]:
        """Kind and name of what has a name of its own, and its logical id."""
        for logical_id, resource in self._content["Resources"].items():
            kind, properties = resource["Type"], resource.get("Properties", {})
            for key in ("Name", f"{kind.rsplit('::', 1)[-1]}Name", "Endpoint"):
                if isinstance(properties.get(key), str) and kind not in _NAMELESS:
                    yield f"{kind} {properties[key]}", logical_id

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """The properties of all resources of a type."""
        return [resource["Properties"] for resource in self._all(kind).values()]

    def only(self, kind: str, **properties: str) -> dict[str, Any]:
        """The properties of the one resource of a type that has these."""
        (found,) = [
            resource
            for resource in self.resources(kind)
            if all(resource.get(name) == value for name, value in properties.items())
        ]
        return found

    def deletion_policy(self, name: str) -> str:
        """What happens to a resource, given by logical id, when the stack goes."""
        return str(self._content["Resources"][name]["DeletionPolicy"])

    def function(self, step: Step) -> dict[str, Any]:
        return self.only("AWS::Lambda::Function", FunctionName=f"aurora-restore-{step.function}")

    def function_arn(self, step: Step) -> str:
        name = f"aurora-restore-{step.function}"
        return f"{{{self.id_of('AWS::Lambda::Function', FunctionName=name)}.Arn}}"

    def queue_arn(self, name: str) -> dict[str, list[str]]:
        return {"Fn::GetAtt": [self.id_of("AWS::SQS::Queue", QueueName=name), "Arn"]}

    @property
    def dead_letters(self) -> dict[str, list[str]]:
        """The ARN of the queue for what was tried in vain."""
        return self.queue_arn("aurora-restore-dead-letters")

    @property
    def failed_executions(self) -> dict[str, list[str]]:
        """The ARN of the queue between the failure rule and the function that closes."""
        return self.queue_arn("aurora-restore-failed-executions")

    @property
    def definition(self) -> dict[str, Any]:
        """The state machine's definition."""
        machine = self.only("AWS::StepFunctions::StateMachine")
        definition: dict[str, Any] = json.loads(text(machine["DefinitionString"]))
        return definition

    def id_of(self, kind: str, **properties: str) -> str:
        """The logical id of the one resource of a type that has these properties."""
        wanted = self.only(kind, **properties)
        (found,) = [name for name, one in self._all(kind).items() if one["Properties"] == wanted]
        return found

    def statements(self, role: str) -> list[Statement]:
        """Everything that a role, given by logical id, may do."""
        return [
            statement
            for policy in self.resources("AWS::IAM::Policy")
            if policy["Roles"] == [{"Ref": role}]
            for statement in statements_of(policy["PolicyDocument"])
        ]

    def role_of(self, step: Step) -> str:
        """The logical id of a step's role."""
        return str(self.function(step)["Role"]["Fn::GetAtt"][0])

    def resource(self, name: str) -> dict[str, Any]:
        """The properties of a resource, given by logical id."""
        properties: dict[str, Any] = self._content["Resources"][name]["Properties"]
        return properties

    def of_step(self, step: Step) -> list[Statement]:
        return self.statements(self.role_of(step))

    def all_statements(self) -> Iterator[Statement]:
        for policy in self.resources("AWS::IAM::Policy"):
            yield from statements_of(policy["PolicyDocument"])

    def _all(self, kind: str) -> dict[str, dict[str, Any]]:
        return {
            name: resource
            for name, resource in self._content["Resources"].items()
            if resource["Type"] == kind
        }


def synthesized(folder: Path, **changes: object) -> Template:
    """The template of the local deployment, with some of its settings changed."""
    settings = json.loads(LOCAL_SETTINGS.read_text()) | changes
    synthesize({DeploymentSettings.context_key: settings}, folder)
    return Template(folder, "aurora-restore")


def deployed_settings(template: Template, assembly: Path, step: Step) -> Settings:
    """What a function will read: the file beside its code, and its environment."""
    variables = template.function(step)["Environment"]["Variables"]
    (file,) = assembly.glob(f"asset.*/{SETTINGS_FILE}")
    environment = {name: text(value) for name, value in variables.items()}
    # A reference to a topic becomes its ARN, of which the functions read partition and region.
    topic = {"TOPIC_ARN": "arn:aws:sns:us-west-2:123456789012:aurora-restore"}
    return Settings.read(file.read_text(), environment | topic)


def text(value: Any) -> str:
    """A value with its references written out: `Ref` as `{Name}`, attributes as `{Name.Arn}`."""
    match value:
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": str(name)}:
            return f"{{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{{{name}.{attribute}}}"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text(part) for part in parts)
        case _:
            return str(value)


def statements_of(document: Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of a policy that allow."""
    for statement in document["Statement"]:
        if statement["Effect"] == "Deny":
            continue
        yield Statement(
            actions=frozenset(listed(statement["Action"])),
            resources=tuple(text(resource) for resource in listed(statement["Resource"])),
            conditions=statement.get("Condition", {}),
        )
