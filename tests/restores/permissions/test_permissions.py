"""What the roles of the functions, and those of the rules, allow and what they do not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from local.rehearsal.production import ADMIN_SECRET, USERS_SECRET
from shared.names import TAG_TARGET_CLUSTER
from tests.restores.stage import Stage
from tests.restores.succeeding.test_restores import assert_proven

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


def test_instances_that_are_named_otherwise_are_deleted_if_they_carry_the_tag(stage: Stage) -> None:
    tags = {TAG_TARGET_CLUSTER: "aurora-staging"}
    stage.make_cluster("aurora-staging", instance_name="legacy", instance_tags=tags)

    outcome = stage.restore(replace="delete_first")

    assert outcome.status == "SUCCEEDED"
    assert_proven(stage, "aurora-staging")


def test_instances_that_nothing_says_belong_to_a_replaceable_cluster_stay(stage: Stage) -> None:
    stage.make_cluster("aurora-staging", instance_name="legacy")

    before = stage.inventory()

    outcome = stage.restore(replace="delete_first")

    assert outcome.error == "TargetNotAllowed"
    assert "legacy-1" in outcome.message
    assert stage.inventory() == before


def test_a_kept_cluster_goes_with_such_instances_when_its_time_is_over(stage: Stage) -> None:
    tags = {TAG_TARGET_CLUSTER: "aurora-staging"}
    stage.make_cluster("aurora-staging", instance_name="legacy", instance_tags=tags)
    stage.restore(replace="swap", keep_replaced_hours=1)
    stage.leap(hours=2)

    outcome = stage.restore(replace="swap")

    stage.cloud.aurora.settle()
    assert outcome.status == "SUCCEEDED"
    assert [name for name in stage.inventory() if "-replaced-" in name or "legacy" in name] == []


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


def test_in_an_account_that_never_had_a_cluster_rds_makes_its_own_role(stage: Stage) -> None:
    iam = stage.cloud.client("iam")
    iam.delete_role(RoleName="AWSServiceRoleForRDS")

    outcome = stage.restore()

    assert outcome.status == "SUCCEEDED"
    role = iam.get_role(RoleName="AWSServiceRoleForRDS")["Role"]
    assert role["Path"] == "/aws-service-role/rds.amazonaws.com/"
