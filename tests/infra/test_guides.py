"""What the guides say about roles and settings, held against the template and the model."""

import re

import pytest

from infra.bundling import ROOT
from infra.settings.deployment import DeploymentSettings
from shared.names import Step
from tests.infra.template import Template

GUIDES = ROOT / "docs" / "implementation_guide"
TOLD_IN_OTHER_WORDS = re.compile(
    r"dynamodb:|kms:|logs:|xray:|sqs:|ec2:|s3:ListBucket|rds:Describe|rds:AddTagsToResource"
)


@pytest.mark.parametrize("step", Step)
def test_the_security_guide_tells_what_a_step_may_change_and_read(
    template: Template, step: Step
) -> None:
    (row,) = re.findall(rf"^\| `{step.module}` \| (.+) \|$", security_guide(), re.MULTILINE)
    allowed = {action for one in template.of_step(step) for action in one.actions}

    told = set(re.findall(r"`([a-z0-9]+:\w+)`", row))

    assert _told_by_name(told) == _told_by_name(allowed)


def test_the_prerequisites_tell_of_every_setting() -> None:
    text = (GUIDES / "01_prerequisites.md").read_text()

    assert [name for name in DeploymentSettings.model_fields if f"`{name}`" not in text] == []


def security_guide() -> str:
    return (GUIDES / "09_security.md").read_text()


def _told_by_name(actions: set[str]) -> set[str]:
    return {action for action in actions if not TOLD_IN_OTHER_WORDS.match(action)}
