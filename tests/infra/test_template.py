"""The template as a whole."""

import pytest
from cfnlint.api import ManualArgs, lint

from tests.infra.template import Template

# CDK states dependencies that CloudFormation would also find by itself.
HARMLESS = {"W3005"}


@pytest.mark.parametrize("which", ["template", "other_template"])
def test_cloudformation_would_accept_the_template(
    request: pytest.FixtureRequest, which: str
) -> None:
    template: Template = request.getfixturevalue(which)

    found = lint(template.text, config=ManualArgs(regions=["us-west-2"]))

    assert [str(match) for match in found if match.rule.id not in HARMLESS] == []


def test_nothing_runs_at_deployment_but_cloudformation(
    template: Template, other_template: Template
) -> None:
    kinds = template.types | other_template.types

    assert not {kind for kind in kinds if kind.startswith(("Custom::", "AWS::CloudFormation::"))}


def test_the_outputs_tell_what_a_user_needs(template: Template) -> None:
    assert template.outputs == {
        "StateMachineArn",
        "StateTable",
        "AuditTable",
        "TopicArn",
        "DeadLetterQueueUrl",
        "RestoreKeyArn",
        "ArchiveBucket",
    }
