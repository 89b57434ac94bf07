"""What the roles of the functions, and those of the rules, allow and what they do not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from local.production import ADMIN_SECRET, USERS_SECRET
from tests.workflow.stage import Stage
from tests.workflow.test_restores import assert_proven

SCHEDULE = "aurora-restore-nightly-staging"


@contextmanager
def under_a_key(stage: Stage, *secrets: str) -> Iterator[str]:
    """Secrets under a key of the account's own, for the length of a block."""
    key = stage.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    store = stage.cloud.client("secretsmanager")
    for secret in secrets:
        store.update_secret(SecretId=secret, KmsKeyId=key)
    try:
        yield key
    finally:
        for secret in secrets:
            store.update_secret(SecretId=secret, KmsKeyId="alias/aws/secretsmanager")


def test_secrets_may_be_under_a_key_of_the_accounts_own(stage: Stage) -> None:
    with under_a_key(stage, ADMIN_SECRET, USERS_SECRET):
        outcome = stage.restore()

    assert outcome.status == "SUCCEEDED"
    assert_proven(stage, "aurora-staging")


def test_a_secret_that_the_deployment_does_not_name_is_not_read(stage: Stage) -> None:
    login = json.dumps({"username": "postgres", "password": "a-password-of-others"})
    store = stage.cloud.client("secretsmanager")
    store.create_secret(Name="of-another-team", SecretString=login)

    outcome = stage.restore(admin_secret_id="of-another-team")

    store.delete_secret(SecretId="of-another-team", ForceDeleteWithoutRecovery=True)
    assert outcome.error == "AccessDenied"
    assert "the deployment (`secrets`) do not name of-another-team" in outcome.message


def test_a_schedule_starts_the_restore_that_it_was_given(stage: Stage) -> None:
    stage.make_cluster("aurora-staging")

    stage.cloud.fire(SCHEDULE).wait(60)

    machine = stage.scene.deployment.state_machine_arn
    listed = stage.cloud.client("stepfunctions").list_executions(stateMachineArn=machine)
    newest = max(listed["executions"], key=lambda one: one["startDate"])
    outcome = stage.end_of(newest["executionArn"])
    assert outcome.status == "SUCCEEDED"
    assert outcome.state["initiator"] == "schedule nightly-staging"
    assert_proven(stage, "aurora-staging")
