"""What the guides say about roles and settings, held against the template and the model."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from infra.settings.deployment import DeploymentSettings
from infra.settings.source_account import SourceSettings
from shared.model import Model
from shared.steps import Step
from tests.guides import GUIDES, Row, explained, fields_of
from tests.infra.template import Template

SETTINGS = explained("01_prerequisites.md", "Deployment settings")
DESCRIBED_IN_OTHER_WORDS = re.compile(
    r"dynamodb:|kms:|logs:|xray:|sqs:|ec2:|s3:ListBucket|rds:Describe|rds:AddTagsToResource"
)


@pytest.mark.parametrize("step", Step)
def test_the_security_guide_names_what_a_step_may_change_and_read(
    template: Template, step: Step
) -> None:
    (row,) = re.findall(rf"^\| `{step.module}` \| (.+) \|$", security_guide(), re.MULTILINE)
    allowed = {action for one in template.of_step(step) for action in one.actions}

    named = set(re.findall(r"`([a-z0-9]+:\w+)`", row))

    assert _given_by_name(named) == _given_by_name(allowed)


def test_every_setting_has_its_row_and_every_row_its_setting() -> None:
    assert fields_of(SETTINGS) == sorted(DeploymentSettings.model_fields)


def test_every_setting_of_a_source_account_has_its_row() -> None:
    rows = explained("02_source_accounts.md", "2. Deploy the stack in the source account")

    assert fields_of(rows) == sorted(SourceSettings.model_fields)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.fields[0])
def test_what_a_setting_consists_of_is_in_its_row_or_on_the_page_that_it_links(row: Row) -> None:
    pages = re.findall(r"\((\d\d_\w+\.md)\)", row.text)
    explained_in = row.text + "".join((GUIDES / page).read_text() for page in pages)

    # The request's own table says which of its fields have a default of the deployment.
    parts = {
        name
        for field in row.fields
        if field != "defaults"
        for name in parts_of(DeploymentSettings.model_fields[field].annotation)
    }

    assert {name for name in parts if not re.search(rf"\b{name}\b", explained_in)} == set()


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.fields[0])
def test_numbers_that_a_row_gives_as_defaults_are_those_of_the_settings(row: Row) -> None:
    fields = DeploymentSettings.model_fields
    given = [float(number) for number in re.findall(r"\d+", row.default)]

    defaults = [fields[name].get_default(call_default_factory=True) for name in row.fields]

    assert given in ([], [number for default in defaults for number in numbers_in(default)])


def parts_of(kind: Any) -> Iterator[str]:
    """The fields of all models in an annotation, and of what these consist of."""
    for inner in get_args(kind):
        yield from parts_of(inner)
    if isinstance(kind, type) and issubclass(kind, Model):
        for name, field in kind.model_fields.items():
            yield name
            yield from parts_of(field.annotation)


def numbers_in(default: object) -> list[object]:
    return [*dict(default).values()] if isinstance(default, Model) else [default]


def security_guide() -> str:
    return (GUIDES / "09_security.md").read_text()


def _given_by_name(actions: set[str]) -> set[str]:
    return {action for action in actions if not DESCRIBED_IN_OTHER_WORDS.match(action)}
