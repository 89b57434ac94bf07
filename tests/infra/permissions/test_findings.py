"""What other people's tools find: nothing that is not acknowledged, with its reason."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import ManualArgs, lint

from infra.bundling import ROOT
from infra.constructs.workflow import DEFINITION
from infra.settings.deployment import DeploymentSettings
from infra.settings.source_account import SourceSettings
from infra.synth import synthesize

EXAMPLES = ROOT / "infra" / "examples"
SOURCES = [ROOT / "local" / "source_account.json", *sorted(EXAMPLES.glob("*.source.toml"))]
PIPELINES = [
    ROOT / "local" / "deployment.json",
    *(file for file in sorted(EXAMPLES.glob("*.toml")) if file not in SOURCES),
]
DEPLOYMENTS: Mapping[str, Mapping[str, object]] = {
    **{file.name: {DeploymentSettings.context_key: str(file)} for file in PIPELINES},
    **{file.name: {SourceSettings.context_key: str(file)} for file in SOURCES},
}
WITH_EVERYTHING = ("deployment.json", "source_account.json")

# CDK states dependencies that CloudFormation would also find by itself.
HARMLESS = {"W3005"}


def test_there_is_an_example_for_every_situation() -> None:
    assert {file.name for file in EXAMPLES.iterdir()} == {
        "copy_from_another_account.source.toml",
        "copy_from_another_account.toml",
        "refresh_staging_nightly.toml",
        "rehearse_disaster_recovery.toml",
    }


@pytest.mark.parametrize(
    "which",
    [
        pytest.param(name, marks=() if name in WITH_EVERYTHING else pytest.mark.thorough)
        for name in DEPLOYMENTS
    ],
)
def test_cdk_nag_and_cfn_lint_find_nothing_that_is_not_explained(
    tmp_path: Path, which: str
) -> None:
    report = tmp_path / "validation-report.json"

    try:
        synthesize(DEPLOYMENTS[which], tmp_path, checks=AwsSolutionsChecks)
    except RuntimeError:
        assert list(_findings(report)) == []
        raise

    (template,) = tmp_path.glob("*.template.json")
    found = lint(template.read_text(), config=ManualArgs(regions=[_region(tmp_path)]))
    assert [str(match) for match in found if match.rule.id not in HARMLESS] == []


def test_cdk_nag_finds_what_is_not_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.permissions.acknowledged.ACTIONS", {})

    with pytest.raises(RuntimeError, match="Validation"):
        synthesize(DEPLOYMENTS["deployment.json"], tmp_path, checks=AwsSolutionsChecks)

    found = set(_findings(tmp_path / "validation-report.json"))
    assert any("kms:ReEncrypt*" in one for one in found)


def test_the_state_machine_passes_a_validator_of_its_language() -> None:
    definition = json.loads(DEFINITION.read_text())

    assert _findings_of_language(definition) == []


def test_the_validator_of_the_language_finds_what_is_wrong() -> None:
    definition = json.loads(DEFINITION.read_text())
    definition["States"]["WaitForCopy"]["Type"] = "Pause"

    (found,) = _findings_of_language(definition)

    assert "'Pause' is not one of" in found


def _findings_of_language(definition: Mapping[str, object]) -> list[str]:
    """What cfn-lint says of a state machine; it looks into a definition only if it is no text."""
    role = "arn:aws:iam::123456789012:role/machine"
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": role, "Definition": definition},
    }
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": machine}}
    found = lint(json.dumps(template), config=ManualArgs(regions=["us-west-2"]))
    return [str(match) for match in found if match.rule.id == "E3601"]


def _findings(report: Path) -> Iterator[str]:
    """Every finding of a report, with the construct that it is about."""
    for plugin in json.loads(report.read_text())["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                yield f"{violation['ruleName']} {construct['constructPath']}"


def _region(assembly: Path) -> str:
    """The region of the one stack of an assembly."""
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"].values()
    (stack,) = [one for one in artifacts if one["type"] == "aws:cloudformation:stack"]
    return str(stack["environment"].rsplit("/", 1)[-1])
