"""The template as a whole."""

import json

from infra.bundling import ROOT
from tests.infra.template import Template

NAMED = ROOT / "tests" / "fixtures" / "named_resources.json"


def test_nothing_runs_at_deployment_but_cloudformation(
    template: Template, other_template: Template
) -> None:
    kinds = template.types | other_template.types

    assert not {kind for kind in kinds if kind.startswith(("Custom::", "AWS::CloudFormation::"))}


def test_what_has_a_name_of_its_own_keeps_its_place_in_the_template(template: Template) -> None:
    """CloudFormation makes the new before it removes the old, and one name cannot be had twice.

    The file holds what the last version had. What is new may be added to it, nothing changed.
    """
    before: dict[str, str] = json.loads(NAMED.read_text())
    now = dict(template.named())

    moved = {
        name: (where, now[name])
        for name, where in before.items()
        if name in now and now[name] != where
    }

    assert moved == {}
    assert now.keys() - before.keys() == set()


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
