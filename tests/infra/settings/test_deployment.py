"""Settings of a deployment: what is refused, and how it is said."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.bundling import ROOT
from infra.settings.context import WrongSettings
from infra.settings.deployment import DeploymentSettings

RIGHT: dict[str, Any] = {
    "defaults": {
        "source_region": "us-east-1",
        "target_region": "us-west-2",
        "admin_secret_id": "admin",
        "users_secret_id": "users",
    }
}


def test_the_example_in_cdk_json_is_right() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]

    settings = DeploymentSettings.read(context[DeploymentSettings.context_key])

    assert settings.region == "us-west-2"


def test_settings_may_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(RIGHT))

    assert DeploymentSettings.read(str(file)) == DeploymentSettings.read(RIGHT)


def test_a_file_of_settings_may_be_toml_with_comments(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    lines = [f'{name} = "{value}"' for name, value in RIGHT["defaults"].items()]
    file.write_text("\n".join(["[defaults]  # of every request", *lines]))

    assert DeploymentSettings.read(str(file)) == DeploymentSettings.read(RIGHT)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[defaults")

    with pytest.raises(WrongSettings, match=r"settings\.toml are no TOML"):
        DeploymentSettings.read(str(file))


def test_a_network_needs_groups_to_reach() -> None:
    network = {"vpc_id": "vpc-0000000a", "subnet_ids": ["subnet-0000000a"]}

    with pytest.raises(WrongSettings, match="network: needs security_group_ids"):
        DeploymentSettings.read(RIGHT | {"network": network})


def test_a_missing_file_of_settings_is_named() -> None:
    with pytest.raises(WrongSettings, match=r"nowhere\.json: No such file"):
        DeploymentSettings.read("nowhere.json")


def test_every_wrong_setting_is_named_at_once() -> None:
    wrong = RIGHT | {
        "name": "Has Spaces",
        "account": "12",
        "replaceable_clusters": ["aurora-staging", "*"],
        "secrets": ["no spaces please"],
        "notifications": {"emails": ["nobody"], "phones": ["555"]},
        "network": {"subnet_ids": []},
        "deadlines": {"copy_hours": 0},
        "surprise": True,
    }

    with pytest.raises(WrongSettings) as refused:
        DeploymentSettings.read(wrong)

    named = [line.split(":")[0].strip() for line in str(refused.value).splitlines()[1:]]
    assert named == [
        "name",
        "account",
        "replaceable_clusters.1",
        "secrets.0",
        "deadlines.copy_hours",
        "notifications.emails.0",
        "notifications.phones.0",
        "network.vpc_id",
        "network.subnet_ids",
        "surprise",
    ]


@pytest.mark.parametrize("pattern", ["*", "*-staging", "aurora-?", "aurora-[ab]", "Aurora", ""])
def test_a_pattern_that_could_reach_too_far_is_refused(pattern: str) -> None:
    with pytest.raises(WrongSettings, match=r"replaceable_clusters\.0"):
        DeploymentSettings.read(RIGHT | {"replaceable_clusters": [pattern]})


def test_a_schedule_whose_request_would_fail_is_refused() -> None:
    schedule = {"name": "nightly", "schedule": "rate(1 day)", "request": {"target": "x"}}

    with pytest.raises(WrongSettings, match=r"nightly: .*target_cluster_id: required"):
        DeploymentSettings.read(RIGHT | {"schedules": [schedule]})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"replace": "swap"}, "does not allow replacing or removing cluster b"),
        ({"admin_secret_id": "of-others"}, "admin_secret_id: of-others is not one of secrets"),
        ({"users_secret_id": "of-others"}, "users_secret_id: of-others is not one of secrets"),
        ({"source_region": "eu-west-1"}, "source_region: eu-west-1 is not one of source_regions"),
        ({"source_account_id": "210987654321"}, "source_account_id: 210987654321 is not one"),
        ({"kms_key_id": "alias/of-others"}, "kms_key_id: alias/of-others is not one"),
        ({"operation_id": "once"}, "operation_id: can be used once"),
    ],
)
def test_a_schedule_that_the_deployment_would_always_refuse_is_refused(
    change: dict[str, str], why: str
) -> None:
    request = {"source_cluster_id": "a", "target_cluster_id": "b"} | change
    schedule = {"name": "nightly", "schedule": "rate(1 day)", "request": request}
    settings = RIGHT | {"account": "123456789012", "schedules": [schedule]}

    with pytest.raises(WrongSettings, match=f"schedules: nightly: .*{why}"):
        DeploymentSettings.read(settings)


def test_every_problem_of_every_schedule_is_reported() -> None:
    request = {"source_cluster_id": "a", "target_cluster_id": "b", "operation_id": "once"}
    schedules = [
        {"name": "one", "schedule": "rate(1 day)", "request": request | {"replace": "swap"}},
        {"name": "two", "schedule": "rate(1 day)", "request": request},
    ]

    with pytest.raises(WrongSettings) as refused:
        DeploymentSettings.read(RIGHT | {"schedules": schedules})

    problems = str(refused.value)
    assert problems.count("operation_id: can be used once") == 2
    assert "one: This deployment does not allow replacing or removing cluster b" in problems


@pytest.mark.parametrize("name", ["failure", "a" * 36])
def test_a_schedule_needs_a_name_for_its_rule(name: str) -> None:
    request = {"source_cluster_id": "a", "target_cluster_id": "b"}
    schedule = {"name": name, "schedule": "rate(1 day)", "request": request}

    with pytest.raises(WrongSettings, match="this name is taken, or too long"):
        DeploymentSettings.read(RIGHT | {"name": "b" * 36, "schedules": [schedule]})


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"name": "aurora-restore-for-the-data-team-of-berlin"}, "name"),
        ({"defaults": RIGHT["defaults"] | {"target_region": "us west"}}, "defaults.target_region"),
        ({"defaults": RIGHT["defaults"] | {"port": 99999}}, "defaults.port"),
        ({"defaults": RIGHT["defaults"] | {"db_instance_class": "large"}}, "db_instance_class"),
        ({"defaults": RIGHT["defaults"] | {"vpc_security_group_ids": ["group"]}}, "_ids.0"),
        ({"secrets": ["arn:aws:secretsmanager:us-west-2:123456789012:secret:*"]}, "secrets.0"),
        ({"secrets": ["arn:aws:secretsmanager:us-west-2:123456789012:secret:x"]}, "secrets.0"),
        ({"state_retention_days": 14}, "state_retention_days"),
        ({"long_term_archive": {"schedule": "cron(0 3 1 *)"}}, "long_term_archive.schedule"),
        ({"long_term_archive": {"schedule": "rate(0 days)"}}, "long_term_archive.schedule"),
    ],
)
def test_what_aws_or_the_functions_would_not_take_is_refused(
    wrong: dict[str, object], where: str
) -> None:
    with pytest.raises(WrongSettings, match=rf"{where}: "):
        DeploymentSettings.read(RIGHT | wrong)


def test_a_schedule_that_exports_needs_a_bucket() -> None:
    request = {"source_cluster_id": "a", "target_cluster_id": "b", "archive": "export"}
    schedule = {"name": "nightly", "schedule": "rate(1 day)", "request": request}
    settings = RIGHT | {"schedules": [schedule]}

    with pytest.raises(WrongSettings, match="nightly: archive: 'export' needs the setting exports"):
        DeploymentSettings.read(settings)

    assert DeploymentSettings.read(settings | {"exports": {"bucket": "exports"}}).exports


@pytest.mark.parametrize("prefix", ["", "/x", "x/", "a:b", "a//b", "with space", "a*"])
def test_a_prefix_that_rds_would_not_take_is_refused(prefix: str) -> None:
    exports = {"bucket": "exports", "prefix": prefix}

    with pytest.raises(WrongSettings, match=r"exports\.prefix"):
        DeploymentSettings.read(RIGHT | {"exports": exports})


def test_a_default_key_that_no_function_may_use_is_refused() -> None:
    defaults = RIGHT["defaults"] | {"kms_key_id": "alias/restores"}

    with pytest.raises(WrongSettings, match=r"restore_keys: must hold defaults\.kms_key_id"):
        DeploymentSettings.read({"defaults": defaults})


def test_a_restore_key_of_another_region_is_refused() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/named"

    with pytest.raises(WrongSettings, match="restore_keys: must be keys of us-west-2"):
        DeploymentSettings.read(RIGHT | {"restore_keys": [key]})


def test_missing_settings_say_where_to_put_them() -> None:
    with pytest.raises(WrongSettings, match=r"cdk\.json"):
        DeploymentSettings.read(None)


def test_synthesis_with_wrong_settings_ends_with_the_message_alone(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text('{"defaults": {"source_region": "us-east-1"}}')

    ended = subprocess.run(
        [sys.executable, "-m", "infra.synth", str(tmp_path / "out"), "--settings", str(settings)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr == (
        "The settings of aurora-restore are wrong:\n  defaults.target_region: Field required\n"
    )


@pytest.mark.parametrize(
    ("accounts", "why"),
    [
        (["210987654321", "210987654321"], "names an account twice"),
        (["123456789012"], "names the deployment's own account"),
    ],
)
def test_source_accounts_are_others_and_each_is_named_once(accounts: list[str], why: str) -> None:
    sources = [{"account": account} for account in accounts]

    with pytest.raises(WrongSettings, match=f"source_accounts: {why}"):
        DeploymentSettings.read(RIGHT | {"account": "123456789012", "source_accounts": sources})


def kept_for(hours: int, expression: str, **alarms: object) -> dict[str, Any]:
    request = {
        "source_cluster_id": "a",
        "target_cluster_id": "b",
        "replace": "swap",
        "keep_replaced_hours": hours,
    }
    return RIGHT | {
        "replaceable_clusters": ["b"],
        "alarms": alarms,
        "schedules": [{"name": "nightly", "schedule": expression, "request": request}],
    }


@pytest.mark.parametrize(
    ("hours", "expression"),
    [
        (24, "cron(0 2 * * ? *)"),
        (21, "cron(0 2 * * ? *)"),
        (48, "cron(0 2 * * ? *)"),
        (72, "cron(0 2 ? * MON-FRI *)"),
        (168, "cron(0 5 ? * SUN *)"),
        (24, "rate(12 hours)"),
    ],
)
def test_a_kept_cluster_whose_time_ends_with_a_run_is_refused(hours: int, expression: str) -> None:
    with pytest.raises(WrongSettings, match=r"nightly: keep_replaced_hours: .* three clusters"):
        DeploymentSettings.read(kept_for(hours, expression))


@pytest.mark.parametrize(
    ("hours", "expression"),
    [
        (0, "cron(0 2 * * ? *)"),
        (20, "cron(0 2 * * ? *)"),
        (36, "cron(0 2 * * ? *)"),
        (24, "cron(0 5 ? * SUN *)"),
        (24, "cron(0 2 1 * ? *)"),
    ],
)
def test_a_kept_cluster_that_goes_between_two_runs_is_accepted(hours: int, expression: str) -> None:
    assert DeploymentSettings.read(kept_for(hours, expression)).schedules


def test_how_long_restores_last_is_what_the_settings_say() -> None:
    nightly = "cron(0 2 * * ? *)"

    assert DeploymentSettings.read(kept_for(21, nightly, longest_restore_hours=3)).schedules
    with pytest.raises(WrongSettings, match="for 12 hours at most"):
        DeploymentSettings.read(kept_for(20, nightly, longest_restore_hours=12))


@pytest.mark.parametrize(
    ("archive", "why"),
    [
        ({"object_lock_days": 7}, "object_lock_days and object_lock_mode .* go together"),
        ({"object_lock_mode": "governance"}, "go together"),
        (
            {"object_lock_days": 7, "object_lock_mode": "compliance"},
            "cannot be undone, and nobody has seen on AWS",
        ),
    ],
)
def test_a_lock_that_cannot_be_taken_back_is_refused(archive: dict[str, Any], why: str) -> None:
    with pytest.raises(WrongSettings, match=f"long_term_archive: .*{why}"):
        DeploymentSettings.read(RIGHT | {"long_term_archive": archive})
