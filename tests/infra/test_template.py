"""The template as a whole."""

from tests.infra.template import Template


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
