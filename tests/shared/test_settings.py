"""The settings of a deployment, as its functions see them."""

import pytest

from shared.errors import ConfigurationError
from shared.settings import Exports, PhaseDeadlines, Settings
from tests.builders import defaults, settings


def test_settings_survive_the_way_through_the_environment() -> None:
    written = settings(
        replaceable_clusters=("aurora-staging*",),
        deadlines=PhaseDeadlines(copy_hours=2),
        defaults=defaults(vpc_security_group_ids=("sg-00000001",), port=6000),
        exports=Exports(bucket="exports", prefix="x", role_arn="arn:role", kms_key_id="key"),
    )

    assert Settings.from_environment(written.to_environment()) == written


def test_other_variables_do_not_matter() -> None:
    environment = settings().to_environment() | {"PATH": "/usr/bin", "AWS_REGION": "us-west-2"}

    assert Settings.from_environment(environment) == settings()


def test_an_account_id_stays_a_text() -> None:
    read = Settings.from_environment(settings(account_id="000000000012").to_environment())

    assert read.account_id == "000000000012"


def test_every_wrong_variable_is_named_at_once() -> None:
    environment = settings().to_environment()
    del environment["STATE_TABLE"]
    environment["STATE_RETENTION_DAYS"] = "soon"

    with pytest.raises(ConfigurationError) as wrong:
        Settings.from_environment(environment)

    assert "STATE_TABLE" in str(wrong.value)
    assert "STATE_RETENTION_DAYS" in str(wrong.value)


def test_a_deployment_without_a_bucket_says_what_exports_need() -> None:
    with pytest.raises(ConfigurationError, match="Add `exports` to its settings"):
        _ = settings().required_exports


def test_retention_is_90_and_365_days_by_default() -> None:
    assert settings().state_retention_days == 90
    assert settings().audit_retention_days == 365
