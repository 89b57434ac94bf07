"""No password is anywhere but where it belongs."""

import json

from tests.restores.stage import Outcome, Stage


def passwords(stage: Stage) -> set[str]:
    """Every password that plays a part: production's, the admin's, the users'."""
    secret = stage.cloud.client("secretsmanager").get_secret_value(SecretId="aurora-restore/admin")
    admin = json.loads(secret["SecretString"])["password"]
    return {admin, *stage.scene.passwords.values(), *stage.scene.production.passwords.values()}


def logged(stage: Stage) -> dict[str, list[str]]:
    """What was logged, by log group."""
    logs = stage.cloud.client("logs")
    return {
        name: [
            event["message"]
            for stream in logs.describe_log_streams(logGroupName=name)["logStreams"]
            for event in logs.get_log_events(
                logGroupName=name, logStreamName=stream["logStreamName"], limit=10_000
            )["events"]
        ]
        for name in (group["logGroupName"] for group in logs.describe_log_groups()["logGroups"])
    }


def everything_written(outcome: Outcome, lines: dict[str, list[str]]) -> str:
    """All that a restore leaves to read: state, audit, messages, history, logs."""
    told = [outcome.messages, outcome.reports]
    written = [outcome.state, outcome.events, told, outcome.execution.history, lines]
    return json.dumps(written, default=str)


def test_a_restore_writes_no_password_anywhere_and_every_line_of_a_step_names_its_operation(
    stage: Stage,
) -> None:
    outcome = stage.restore()

    lines = logged(stage)
    written = everything_written(outcome, lines)
    assert "USERS_CONFIGURED" in written
    assert "Step done" in written
    assert [password for password in passwords(stage) if password in written] == []
    assert "SCRAM-SHA-256" not in written
    for name in ("copy-snapshot", "setup-db-users"):
        ours = [
            json.loads(line)
            for line in lines[f"/aws/lambda/aurora-restore-{name}"]
            if line.startswith('{"level"')
        ]
        assert ours
        for line in ours:
            assert line["operation_id"] == outcome.state["operation_id"]
            assert line["step"] == name.replace("-", "_")
            assert line["execution_arn"] == outcome.execution.arn


def test_a_restore_that_fails_at_the_users_writes_no_password_either(stage: Stage) -> None:
    broken = {"username": "app", "password": "a-password-to-look-for", "template": "read_only"}
    users = {"users": [{**broken, "databases": ["shop"], "schemas": ["missing"]}]}

    with stage.secret("aurora-restore/users", users):
        outcome = stage.restore()

    assert outcome.error == "ConfigurationError"
    assert "a-password-to-look-for" not in everything_written(outcome, logged(stage))
