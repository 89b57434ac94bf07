"""Secrets that are rotated, or corrected, while a restore that has read them is under way."""

import json
from typing import Any

import pytest

from local.api.faults import AnswerError, Precede
from local.rehearsal.production import endpoint_of
from tests.restores.stage import TARGET_REGION, Stage

CLUSTER = "aurora-staging"
ADMIN, USERS = "aurora-restore/admin", "aurora-restore/users"
SET_UP = "aurora-restore-setup-db-users"


def content(stage: Stage, secret: str) -> dict[str, Any]:
    client = stage.cloud.client("secretsmanager")
    held: dict[str, Any] = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
    return held


def rotate(stage: Stage, secret: str, **changes: Any) -> None:
    text = json.dumps(content(stage, secret) | changes)
    stage.cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=text)


@pytest.fixture(autouse=True)
def as_before(stage: Stage) -> Any:
    before = {secret: content(stage, secret) for secret in (ADMIN, USERS)}
    yield
    for secret, held in before.items():
        rotate(stage, secret, **held)


def opens(stage: Stage, user: str, password: str) -> bool:
    database = "postgres" if user == "postgres" else "shop"
    endpoint_of(stage.cloud, CLUSTER, TARGET_REGION).connect(user, password, database).close()
    return True


def test_a_master_password_that_is_rotated_before_it_is_used_is_set_again(stage: Stage) -> None:
    stage.cloud.faults.on(
        "secretsmanager:GetSecretValue",
        do=Precede(lambda _: rotate(stage, ADMIN, password="rotated-meanwhile")),
        function=SET_UP,
    )

    outcome = stage.restore()

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert opens(stage, "postgres", "rotated-meanwhile")
    assert outcome.event_types.count("MASTER_PASSWORD_STARTED") == 2
    assert outcome.event_types.count("MASTER_PASSWORD_OUTDATED") == 1


def test_a_master_password_that_is_corrected_before_a_redrive_is_set_again(stage: Stage) -> None:
    denied = AnswerError("AccessDeniedException", "Not for you.", http_status=400)
    stage.cloud.faults.on("secretsmanager:GetSecretValue", do=denied, nth=2, function=SET_UP)
    failed = stage.restore()
    assert (failed.status, failed.error) == ("FAILED", "AccessDenied")
    rotate(stage, ADMIN, password="corrected-by-hand")
    stage.leap(hours=13 * 24)

    outcome = stage.redrive(failed)

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert opens(stage, "postgres", "corrected-by-hand")


def test_secrets_that_are_rotated_during_a_cut_over_do_not_undo_it(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    users = content(stage, USERS)["users"]
    given = {user["username"]: user["password"] for user in users}
    others = [user | {"password": "another-password"} for user in users]

    with stage.under_way("CUTOVER_IN_PROGRESS", "aside", operation_id="rotated", replace="swap"):
        rotate(stage, USERS, users=others)
        rotate(stage, ADMIN, password="rotated-meanwhile")
        (arn,) = [stage.item("rotated")["execution_arn"]]
    outcome = stage.end_of(arn)

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert "CUTOVER_UNDO_STARTED" not in outcome.event_types
    assert all(opens(stage, user, password) for user, password in given.items())


def test_a_swap_that_is_redriven_days_later_gives_its_users_the_passwords_of_then(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    denied = AnswerError("AccessDenied", "Not for you.", http_status=403)
    stage.cloud.faults.on("rds:ModifyDBCluster", do=denied, function="aurora-restore-delete-rds")
    failed = stage.restore(replace="swap")
    stage.leap(hours=72)
    users = content(stage, USERS)["users"]
    rotate(stage, USERS, users=[user | {"password": "the-current-one"} for user in users])
    rotate(stage, ADMIN, password="the-current-one")

    outcome = stage.redrive(failed)

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert opens(stage, "postgres", "the-current-one")
    assert all(opens(stage, user["username"], "the-current-one") for user in users)


def test_a_password_that_rds_manages_is_given_up_for_one_of_ours(stage: Stage) -> None:
    ours = content(stage, ADMIN)
    client = stage.cloud.client("secretsmanager")
    managed = json.dumps({"username": ours["username"], "managed": True})
    client.put_secret_value(SecretId=ADMIN, SecretString=managed)
    denied = AnswerError("AccessDeniedException", "Not for you.", http_status=400)
    stage.cloud.faults.on("secretsmanager:GetSecretValue", do=denied, function=SET_UP)
    failed = stage.restore()
    client.put_secret_value(SecretId=ADMIN, SecretString=json.dumps(ours))

    outcome = stage.redrive(failed)

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert opens(stage, "postgres", ours["password"])
