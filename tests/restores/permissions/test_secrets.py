"""No password is anywhere but where it belongs."""

import json
from typing import Any

from tests.restores.stage import Outcome, Stage


def passwords(stage: Stage) -> set[str]:
    """Every password that plays a part: production's, the admin's, the users'."""
    secret = stage.cloud.client("secretsmanager").get_secret_value(SecretId="aurora-restore/admin")
    admin = json.loads(secret["SecretString"])["password"]
    return {admin, *stage.scene.passwords.values(), *stage.scene.production.passwords.values()}


def everything_written(stage: Stage, outcome: Outcome) -> str:
    """All that a restore leaves to read: state, audit, messages, history, logs."""
    logs = stage.cloud.client("logs")
    lines: list[Any] = []
    for group in logs.describe_log_groups()["logGroups"]:
        for stream in logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]:
            events = logs.get_log_events(
                logGroupName=group["logGroupName"],
                logStreamName=stream["logStreamName"],
                limit=10_000,
            )
            lines.extend(event["message"] for event in events["events"])
    told = [outcome.messages, outcome.reports]
    written = [outcome.state, outcome.events, told, outcome.execution.history, lines]
    return json.dumps(written, default=str)


def test_a_restore_writes_no_password_anywhere(stage: Stage) -> None:
    outcome = stage.restore()

    written = everything_written(stage, outcome)

    assert "USERS_CONFIGURED" in written
    assert "Step done" in written
    assert [password for password in passwords(stage) if password in written] == []
    assert "SCRAM-SHA-256" not in written


def test_a_restore_that_fails_at_the_users_writes_no_password_either(stage: Stage) -> None:
    broken = {"username": "app", "password": "a-password-to-look-for", "template": "read_only"}
    users = {"users": [{**broken, "databases": ["shop"], "schemas": ["missing"]}]}

    with stage.secret("aurora-restore/users", users):
        outcome = stage.restore()

    assert outcome.error == "ConfigurationError"
    assert "a-password-to-look-for" not in everything_written(stage, outcome)


def test_every_log_line_of_a_step_names_operation_step_and_execution(stage: Stage) -> None:
    outcome = stage.restore()

    logs = stage.cloud.client("logs")
    for name in ("copy-snapshot", "setup-db-users"):
        group = f"/aws/lambda/aurora-restore-{name}"
        messages = [
            json.loads(event["message"])
            for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"]
            )["events"]
            if event["message"].startswith('{"level"')
        ]
        ours = [m for m in messages if m["operation_id"] == outcome.state["operation_id"]]
        assert ours
        for line in ours:
            assert line["step"] == name.replace("-", "_")
            assert line["execution_arn"] == outcome.execution.arn
