"""What AWS counts: more than anybody needs can be deployed, and what is too much is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.limits.check import excesses
from infra.limits.sizes import Place, Sizes
from infra.settings.context import WrongSettings
from infra.settings.source_account import SourceSettings
from infra.synth import synthesize
from tests.infra.limits import many
from tests.infra.template import Template, synthesized

HERE = Place("aws", "us-west-2", "123456789012")


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(many.accounts(40) | many.patterns(60), id="accounts and patterns"),
        pytest.param(many.secrets(150) | many.schedules(90), id="secrets and schedules"),
    ],
)
def test_more_of_everything_than_anybody_needs_can_be_deployed(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    template = json.loads(synthesized(tmp_path, **settings).text)

    assert list(excesses(template, HERE)) == []


@pytest.mark.parametrize(
    ("settings", "unit", "setting"),
    [
        (many.patterns(200), "managed policies", "replaceable_clusters (200 entries)"),
        pytest.param(
            many.accounts(200),
            "managed policies",
            "source_accounts (200 entries)",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            many.secrets(900),
            "managed policies",
            "secrets (900 entries)",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            many.schedules(160),
            "resources",
            "schedules (160 entries)",
            marks=pytest.mark.thorough,
        ),
        (
            many.schedules(1, tags={f"key-{number}": "v" * 250 for number in range(33)}),
            "characters of request",
            "schedules (1 entries)",
        ),
        (
            many.network(subnet_ids=[f"subnet-{number:08x}" for number in range(17)]),
            "subnets",
            "network.subnet_ids (17 entries)",
        ),
        (
            many.network(security_group_ids=[f"sg-{number:08x}" for number in range(6)]),
            "security groups",
            "network.security_group_ids (6 entries)",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_is_too_much_is_named_with_the_setting(
    tmp_path: Path, settings: dict[str, Any], unit: str, setting: str
) -> None:
    with pytest.raises(WrongSettings) as refused:
        synthesized(tmp_path, **settings)

    assert f" {unit}; AWS takes " in str(refused.value)
    assert f"the setting {setting}" in str(refused.value)


def test_a_source_account_with_too_many_regions_is_told_so(tmp_path: Path) -> None:
    settings = {
        "pipeline_account": "123456789012",
        "pipeline_region": "us-west-2",
        "external_id": "restores",
        "source_regions": [f"us-west-{one}" for one in range(10)]
        + [f"eu-{way}-{one}" for way in ("west", "north", "south", "east") for one in range(10)]
        + [f"ap-{way}-{one}" for way in ("east", "south", "north") for one in range(10)],
    }

    with pytest.raises(WrongSettings, match=r"managed policies; .* setting source_regions"):
        synthesize({SourceSettings.context_key: settings}, tmp_path)


def test_a_policy_is_counted_as_long_as_it_will_be(template: Template) -> None:
    content = json.loads(template.text)
    sizes = Sizes(content, HERE)
    table = template.id_of("AWS::DynamoDB::Table", TableName="aurora-restore-audit")
    function = template.id_of("AWS::Lambda::Function", FunctionName="aurora-restore-snapshot-check")
    (key,) = (name for name in content["Resources"] if name.startswith("RestoreKeys"))

    assert sizes.text({"Fn::GetAtt": [table, "Arn"]}) == (
        "arn:aws:dynamodb:us-west-2:123456789012:table/aurora-restore-audit"
    )
    assert sizes.text({"Fn::Join": ["", [{"Fn::GetAtt": [function, "Arn"]}, ":*"]]}) == (
        "arn:aws:lambda:us-west-2:123456789012:function/aurora-restore-snapshot-check:*"
    )
    assert len(sizes.text({"Fn::GetAtt": [key, "Arn"]})) == len(
        "arn:aws:kms:us-west-2:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
    )
    assert sizes.characters({"Effect": "Allow", "Resource": ["*"]}) == len(
        '{"Effect":"Allow","Resource":["*"]}'
    )
