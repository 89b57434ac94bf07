"""The settings of a deployment, as its functions see them."""

import pytest

from shared import names
from shared.errors import ConfigurationError
from shared.settings import Exports, PhaseDeadlines, Settings, SourceAccount, SourceRole
from tests.builders import an_instance, defaults, settings


def is_made(value: str) -> bool:
    """Whether CloudFormation alone knows a value."""
    return value.startswith("{")


def test_settings_survive_the_way_through_file_and_environment() -> None:
    stored = settings(
        state_table="{State}",
        replaceable_clusters=("aurora-staging*",),
        deadlines=PhaseDeadlines(copy_hours=2),
        defaults=defaults(
            vpc_security_group_ids=("sg-00000001",), port=6000, kms_key_id="{Key.Arn}"
        ),
        exports=Exports(bucket="exports", prefix="x", role_arn="{Role.Arn}", kms_key_id="key"),
    )

    file, environment = stored.written(is_made)

    assert Settings.read(file, environment) == stored
    assert environment == {
        "STATE_TABLE": "{State}",
        "DEFAULTS_KMS_KEY_ID": "{Key.Arn}",
        "EXPORTS_ROLE_ARN": "{Role.Arn}",
    }
    assert "{State}" not in file


def test_other_variables_do_not_matter() -> None:
    file, environment = settings().written(is_made)
    others = {"PATH": "/usr/bin", "AWS_REGION": "us-west-2", "STATE_TABLE": "of-somebody-else"}

    assert Settings.read(file, environment | others) == settings()


def test_an_account_id_stays_a_text() -> None:
    read = Settings.read(*settings(account_id="000000000012").written(is_made))

    assert read.account_id == "000000000012"


def test_every_missing_variable_is_named_at_once() -> None:
    file, environment = settings(state_table="{State}", audit_table="{Audit}").written(is_made)
    environment.clear()

    with pytest.raises(ConfigurationError, match="AUDIT_TABLE: missing; STATE_TABLE: missing"):
        Settings.read(file, environment)


def test_every_wrong_setting_is_named_at_once() -> None:
    file, environment = settings().written(is_made)
    file = file.replace('"state_retention_days": 90', '"state_retention_days": "soon"')
    file = file.replace('"audit_table"', '"table_of_audits"')

    with pytest.raises(ConfigurationError) as wrong:
        Settings.read(file, environment)

    assert "audit_table" in str(wrong.value)
    assert "state_retention_days" in str(wrong.value)


def test_a_function_without_its_file_says_that_it_is_to_be_deployed() -> None:
    with pytest.raises(ConfigurationError, match=r"topic_arn: .*Deploy the stack again"):
        Settings.deployed({})


def test_the_role_in_another_account_is_named_after_the_deployment() -> None:
    there = SourceAccount(account_id="210987654321", external_id="shared-secret")
    only_shares = SourceAccount(account_id="320987654321")
    topic = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:restores"
    deployed = settings(topic_arn=topic, source_accounts=(there, only_shares))

    role = deployed.source_role("210987654321")

    name = deployed.deployment
    assert role == SourceRole(
        arn=f"arn:aws-us-gov:iam::210987654321:role/{name}",
        external_id="shared-secret",
        kms_key_id=f"arn:aws-us-gov:kms:us-gov-west-1:210987654321:alias/{name}",
    )
    assert deployed.source_role("320987654321") is None
    assert deployed.source_role("999999999999") is None


def test_a_deployment_without_a_bucket_says_what_exports_need() -> None:
    with pytest.raises(ConfigurationError, match="Add `exports` to its settings"):
        _ = settings().required_exports


def test_retention_is_90_and_365_days_by_default() -> None:
    assert settings().state_retention_days == 90
    assert settings().audit_retention_days == 365


@pytest.mark.parametrize(
    ("pattern", "instance", "tag", "goes"),
    [
        ("aurora-staging*", "aurora-staging-1", "", True),
        ("team-*-staging", "team-a-staging-instance-1", "", True),
        ("team-*-staging", "team-a-production-1", "", False),
        ("team-*-staging", "application-autoscaling-1", "", False),
        ("team-*-staging", "application-autoscaling-1", "team-a-staging", True),
    ],
)
def test_instances_may_go_by_the_names_and_tags_that_iam_goes_by(
    pattern: str, instance: str, tag: str, goes: bool
) -> None:
    tags = {names.TAG_TARGET_CLUSTER: tag} if tag else {}

    found = settings(replaceable_clusters=(pattern,)).lets_go(an_instance(id=instance, tags=tags))

    assert found is goes
