"""The stack of a source account: who gets in, what they may do there, and who may use its key."""

import json

import pytest

from infra.deployment import WrongSettings
from infra.source_account import STEPS, SourceSettings
from shared.names import Step
from tests.infra.template import LOCAL_SETTINGS, Template, text
from tests.infra.test_permissions import KEY_ACTIONS, TAGGED_AS_OURS, TAGGED_BY_THE_CALL

PIPELINE, SOURCE = "123456789012", "210987654321"
COPIES = f"arn:aws:rds:us-west-2:{SOURCE}:cluster-snapshot:*-copy-??????"
ROLE = "AWS::IAM::Role"


def role(template: Template) -> str:
    return template.id_of(ROLE, RoleName="aurora-restore-source")


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
        if statement.covers("sts:AssumeRole", f"arn:aws:iam::{SOURCE}:role/aurora-restore-source")
    }

    assert trying == set(STEPS)


def test_only_tagged_copies_are_made_shared_and_deleted(source_template: Template) -> None:
    statements = source_template.statements(role(source_template))

    for action in ("rds:ModifyDBClusterSnapshotAttribute", "rds:DeleteDBClusterSnapshot"):
        (statement,) = [one for one in statements if action in one.actions]
        assert statement.resources == (COPIES,)
        assert statement.conditions == TAGGED_AS_OURS
    making = [one for one in statements if one.covers("rds:CopyDBClusterSnapshot", COPIES)]
    assert TAGGED_BY_THE_CALL in [one.conditions for one in making]
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


def test_the_key_is_open_to_the_pipelines_account_for_snapshots_alone(
    source_template: Template,
) -> None:
    statements = source_template.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]

    foreign = [one for one in statements if PIPELINE in text(one["Principal"]["AWS"])]

    assert {action for one in foreign for action in _listed(one["Action"])} == KEY_ACTIONS
    (granting,) = [one for one in foreign if "kms:CreateGrant" in _listed(one["Action"])]
    assert granting["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_the_pipeline_finds_role_and_key_without_being_told(
    source_template: Template, template: Template
) -> None:
    (with_role, sharing_only) = json.loads(
        text(template.function(Step.COPY_SNAPSHOT)["Environment"]["Variables"]["SOURCE_ACCOUNTS"])
    )

    alias = source_template.only("AWS::KMS::Alias")["AliasName"]
    assert with_role["role"] == {
        "arn": f"arn:aws:iam::{SOURCE}:role/{source_template.only(ROLE)['RoleName']}",
        "external_id": "local-restores",
        "kms_key_id": f"arn:aws:kms:us-west-2:{SOURCE}:{alias}",
    }
    assert sharing_only["role"] is None
    assert json.loads(LOCAL_SETTINGS.read_text())["source_accounts"][1] == {
        "account": sharing_only["account_id"]
    }


def test_wrong_settings_of_a_source_account_are_all_named() -> None:
    with pytest.raises(WrongSettings) as wrong:
        SourceSettings.read({"pipeline_account": "1", "external_id": "x", "colour": "red"})

    for field in ("pipeline_account", "external_id", "colour", "pipeline_region", "source_regions"):
        assert field in str(wrong.value)


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
