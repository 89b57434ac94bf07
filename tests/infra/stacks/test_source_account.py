"""The stack of a source account: who gets in, what they may do there, and who may use its key."""

import json
from pathlib import Path

import pytest

from infra.bundling import ROOT
from infra.permissions.statements import BY_AWS_FOR_THE_CALLER, KEY_USE
from infra.settings.context import WrongSettings
from infra.settings.source_account import SourceSettings
from infra.stacks.source_account import STEPS
from infra.synth import synthesize
from local.rehearsal.scene import SOURCE_ROLE
from shared.names import TAG_TEMPORARY
from shared.settings import SourceRole
from shared.steps import Step
from tests.infra.template import LOCAL_SETTINGS, Template, deployed_settings, text

KEY_ACTIONS = {
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
}

PIPELINE, SOURCE = "123456789012", "210987654321"
COPIES = f"arn:aws:rds:us-west-2:{SOURCE}:cluster-snapshot:*-copy-??????"
ROLE = "AWS::IAM::Role"
SETTINGS = ROOT / "local" / "source_account.json"


def role(template: Template) -> str:
    return template.id_of(ROLE, RoleName=SOURCE_ROLE)


def test_only_four_steps_of_the_pipeline_get_in_and_only_with_the_external_id(
    source_template: Template, template: Template
) -> None:
    (trust,) = source_template.only(ROLE)["AssumeRolePolicyDocument"]["Statement"]

    assert text(trust["Principal"]["AWS"]) == f"arn:aws:iam::{PIPELINE}:root"
    assert trust["Condition"]["StringEquals"] == {"sts:ExternalId": "local-restores"}
    let_in = {text(pattern) for pattern in trust["Condition"]["ArnLike"]["aws:PrincipalArn"]}
    paths = {step: template.resource(template.role_of(step))["Path"] for step in Step}
    assert let_in == {f"arn:aws:iam::{PIPELINE}:role{paths[step]}*" for step in STEPS}
    assert len(set(paths.values())) == len(Step)


def test_the_steps_that_get_in_are_those_that_may_try(template: Template) -> None:
    trying = {
        step
        for step in Step
        for statement in template.of_step(step)
        if statement.covers("sts:AssumeRole", f"arn:aws:iam::{SOURCE}:role/{SOURCE_ROLE}")
    }

    assert trying == set(STEPS)


def test_only_tagged_copies_are_made_shared_and_deleted(source_template: Template) -> None:
    statements = source_template.statements(role(source_template))

    for action in ("rds:ModifyDBClusterSnapshotAttribute", "rds:DeleteDBClusterSnapshot"):
        (statement,) = [one for one in statements if action in one.actions]
        assert statement.resources == (COPIES,)
        assert statement.conditions == {
            "StringEquals": {f"aws:ResourceTag/{TAG_TEMPORARY}": SOURCE_ROLE}
        }
    made = {"StringEquals": {f"aws:RequestTag/{TAG_TEMPORARY}": SOURCE_ROLE}}
    ours_if_any = {"StringEqualsIfExists": {f"aws:ResourceTag/{TAG_TEMPORARY}": SOURCE_ROLE}}
    making = [one for one in statements if "rds:CopyDBClusterSnapshot" in one.actions]
    assert [one.conditions for one in making] == [made, BY_AWS_FOR_THE_CALLER]
    signed = COPIES.replace("us-west-2", "us-east-1")  # of a copy across regions
    tagging = [one for one in statements if "rds:AddTagsToResource" in one.actions]
    assert [(one.resources, one.conditions) for one in tagging] == [
        ((COPIES,), made | ours_if_any),
        ((signed,), made),
    ]
    changing = {
        action
        for one in statements
        for action in one.actions
        if action.startswith("rds:") and not action.startswith("rds:Describe")
    }
    assert changing == {
        "rds:CopyDBClusterSnapshot",
        "rds:AddTagsToResource",
        "rds:ModifyDBClusterSnapshotAttribute",
        "rds:DeleteDBClusterSnapshot",
    }


def test_copies_have_statements_of_their_own_where_no_snapshots_are_copied_from(
    tmp_path: Path,
) -> None:
    settings = json.loads(SETTINGS.read_text()) | {"source_regions": ["us-east-1"]}
    synthesize({SourceSettings.context_key: settings}, tmp_path)
    template = Template(tmp_path, SOURCE_ROLE)
    statements = template.statements(role(template))

    copying = [one for one in statements if "rds:CopyDBClusterSnapshot" in one.actions]
    encrypting = [one for one in statements if "kms:Encrypt" in one.actions]

    assert copying[-1].resources == (COPIES,)
    assert copying[-1].conditions == {
        "StringEquals": {f"aws:RequestTag/{TAG_TEMPORARY}": SOURCE_ROLE}
    }
    key = template.id_of("AWS::KMS::Key")
    assert encrypting[-1].resources == (f"{{{key}.Arn}}",)


def test_the_key_is_open_to_the_pipelines_account_for_snapshots_alone(
    source_template: Template,
) -> None:
    statements = source_template.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]

    foreign = [one for one in statements if PIPELINE in text(one["Principal"]["AWS"])]

    assert {action for one in foreign for action in _listed(one["Action"])} == KEY_ACTIONS
    through_rds = {"StringEquals": {"kms:ViaService": "rds.us-west-2.amazonaws.com"}}
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert {text(one["Action"]): one.get("Condition") for one in foreign} == {
        "kms:DescribeKey": None,
        text([*KEY_USE]): through_rds,
        "kms:CreateGrant": through_rds | for_aws,
    }


def test_the_pipeline_finds_role_and_key_without_outputs(
    source_template: Template, template: Template, assembly: Path
) -> None:
    settings = deployed_settings(template, assembly, Step.COPY_SNAPSHOT)

    alias = source_template.only("AWS::KMS::Alias")["AliasName"]
    assert settings.source_role(SOURCE) == SourceRole(
        arn=f"arn:aws:iam::{SOURCE}:role/{source_template.only(ROLE)['RoleName']}",
        external_id="local-restores",
        kms_key_id=f"arn:aws:kms:us-west-2:{SOURCE}:{alias}",
    )
    sharing_only = json.loads(LOCAL_SETTINGS.read_text())["source_accounts"][1]["account"]
    assert settings.source_role(sharing_only) is None
    assert [source.account_id for source in settings.source_accounts] == [SOURCE, sharing_only]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("rds:DescribeDBClusterSnapshots", f"arn:aws:rds:us-east-1:{SOURCE}:cluster-snapshot:*"),
        ("rds:DescribeAccountAttributes", "*"),
        ("rds:CopyDBClusterSnapshot", f"arn:aws:rds:us-east-1:{SOURCE}:cluster-snapshot:rds:one"),
        ("rds:CopyDBClusterSnapshot", f"arn:aws:rds:us-west-2:{SOURCE}:cluster-snapshot:one"),
        ("rds:CopyDBClusterSnapshot", COPIES),
        ("rds:AddTagsToResource", COPIES),
        ("rds:ModifyDBClusterSnapshotAttribute", COPIES),
        ("rds:DeleteDBClusterSnapshot", COPIES),
        ("kms:DescribeKey", f"arn:aws:kms:us-east-1:{SOURCE}:key/any"),
        ("kms:DescribeKey", f"arn:aws:kms:us-west-2:{SOURCE}:key/any"),
        ("kms:Decrypt", f"arn:aws:kms:us-east-1:{SOURCE}:key/any"),
        ("kms:CreateGrant", f"arn:aws:kms:us-east-1:{SOURCE}:key/any"),
        ("kms:GenerateDataKeyWithoutPlaintext", f"arn:aws:kms:us-west-2:{SOURCE}:key/any"),
    ],
)
def test_all_that_the_steps_do_there_is_allowed(
    source_template: Template, action: str, resource: str
) -> None:
    statements = source_template.statements(role(source_template))

    assert any(statement.covers(action, resource) for statement in statements)


def test_wrong_settings_of_a_source_account_are_all_named() -> None:
    with pytest.raises(WrongSettings) as wrong:
        SourceSettings.read({"pipeline_account": "1", "external_id": "x", "colour": "red"})

    for field in ("pipeline_account", "external_id", "colour", "pipeline_region", "source_regions"):
        assert field in str(wrong.value)


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
