"""Accounts side by side: who gets into another one, and who may use its keys."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.functions.functions import ACCOUNT
from local.rehearsal.scene import SOURCE_ACCOUNT, SOURCE_ASSEMBLY, SOURCE_ROLE

ROLE = f"arn:aws:iam::{SOURCE_ACCOUNT}:role/guest"
HOST = f"arn:aws:iam::{ACCOUNT}:role/aurora-restore/us-west-2/copy-snapshot/one"


def trust(**conditions: Any) -> str:
    return json.dumps(
        {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    "Condition": conditions,
                }
            ]
        }
    )


def take(cloud: LocalCloud, **arguments: str) -> Any:
    return cloud.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="test", **arguments)


def test_every_account_has_an_owner_who_sees_only_what_is_in_it(cloud: LocalCloud) -> None:
    cloud.client("sqs", account_id=SOURCE_ACCOUNT).create_queue(QueueName="theirs")

    account_id = cloud.client("sts", account_id=SOURCE_ACCOUNT).get_caller_identity()["Account"]
    assert account_id == SOURCE_ACCOUNT
    assert "QueueUrls" not in cloud.client("sqs").list_queues()
    assert cloud.client("sqs", account_id=SOURCE_ACCOUNT).list_queues()["QueueUrls"]


def test_a_role_is_taken_with_the_external_id_that_it_asks_for(cloud: LocalCloud) -> None:
    cloud.client("iam", account_id=SOURCE_ACCOUNT).create_role(
        RoleName="guest",
        AssumeRolePolicyDocument=trust(StringEquals={"sts:ExternalId": "word"}),
    )

    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        take(cloud)
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        take(cloud, ExternalId="another")
    assert (
        f":{SOURCE_ACCOUNT}:assumed-role/"
        in take(cloud, ExternalId="word")["AssumedRoleUser"]["Arn"]
    )


def test_a_role_that_is_not_there_is_not_taken(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        take(cloud)


def test_a_key_of_another_account_is_seen_only_when_its_policy_says_so(cloud: LocalCloud) -> None:
    cloud.deploy_source(SOURCE_ASSEMBLY, SOURCE_ACCOUNT)
    theirs = cloud.client("kms", account_id=SOURCE_ACCOUNT)
    open_key = theirs.describe_key(KeyId=f"alias/{SOURCE_ROLE}")["KeyMetadata"]["Arn"]
    closed_key = theirs.create_key()["KeyMetadata"]["Arn"]
    ours = cloud.client("kms")

    assert ours.describe_key(KeyId=open_key)["KeyMetadata"]["Arn"] == open_key
    with pytest.raises(ClientError, match="AccessDeniedException"):
        ours.describe_key(KeyId=closed_key)
