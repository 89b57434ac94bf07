"""What many facts share: made when the first of them asks, and left as it is by all.

Where AWS does otherwise than a fact expects, what was shared may be gone: it is made once more.
"""

import io
import json
import textwrap
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.contract.harness.aws import Places
from tests.contract.harness.needs import Need
from tests.contract.harness.place import Place
from tests.contract.harness.run import TAG, Undecided

FUNCTION = """
    class SpecialError(Exception):
        pass

    def handler(event, context):
        if event.get("fails"):
            raise SpecialError("told to")
        return event
"""
_EXPORTER = "export.rds.amazonaws.com"


class Stock:
    """Everything that was made for more than one fact. What failed once is not tried again."""

    def __init__(self, places: Places) -> None:
        self._home = places.home
        self._away = places.away
        self._other = places.other
        self._made: dict[Need, str] = {}
        self._failed: dict[Need, Exception] = {}
        self._mended: set[Need] = set()
        self._describe: Mapping[Need, Callable[[str], object]] = {
            Need.CLUSTER: self._home.cluster,
            Need.SERVED: self._home.cluster,
            Need.SNAPSHOT: self._home.snapshot,
            Need.ENCRYPTED: self._home.snapshot,
            Need.DEFAULT_KEY: self._home.snapshot,
        }
        self._make: Mapping[Need, Callable[[], str]] = {
            Need.KEY: lambda: _key(self._home, self._other),
            Need.AWAY_KEY: lambda: _key(self._away),
            # Not the default of a day: so it is seen what a restore keeps.
            Need.CLUSTER: lambda: self._home.has_cluster("plain", BackupRetentionPeriod=3),
            Need.SNAPSHOT: lambda: self._home.has_snapshot(self(Need.CLUSTER), "of-plain"),
            Need.SERVED: self._served,
            Need.ENCRYPTED: lambda: self._home.has_snapshot(self(Need.SERVED), "of-served"),
            Need.DEFAULT_KEY: self._under_default_key,
            Need.AUTOMATED: lambda: self._home.automated_snapshot(self(Need.CLUSTER)),
            Need.OTHER_ACCOUNT: self._other_account,
            Need.BUCKET: self._bucket,
            Need.EXPORTER: self._exporter,
            Need.TABLE: self._table,
            Need.QUEUE: self._queue,
            Need.MACHINE: self._machine,
            Need.FUNCTION: self._function,
        }

    def kinds(self) -> set[Need]:
        """What there can be."""
        return set(self._make)

    def __call__(self, need: Need) -> str:
        """The identifier of what is needed; it is made now if it is not there."""
        if need in self._failed:
            raise Undecided(f"Could not make {need.title}: {self._failed[need]}")
        if need not in self._made:
            try:
                self._made[need] = self._make[need]()
            except Exception as error:
                self._failed[need] = error
                raise Undecided(f"Could not make {need.title}: {error}") from error
        return self._made[need]

    def mend(self) -> None:
        """Let be made anew what a fact that differs has taken away; the second time, give up."""
        for need, describe in self._describe.items():
            if need not in self._made:
                continue
            try:
                describe(self._made[need])
            except ClientError as error:
                del self._made[need]
                if need in self._mended:
                    self._failed[need] = error
                self._mended.add(need)

    def _served(self) -> str:
        cluster = self._home.has_cluster("served", KmsKeyId=self(Need.KEY), StorageEncrypted=True)
        self._home.has_instance(cluster, "writer")
        return cluster

    def _under_default_key(self) -> str:
        cluster = self._home.has_cluster("default-key", StorageEncrypted=True)
        return self._home.has_snapshot(cluster, "of-default-key")

    def _other_account(self) -> str:
        if self._other is None:
            raise Undecided("None was given.")
        return self._other.account_id

    def _bucket(self) -> str:
        name = f"{self._home.run.new_name('bucket')}-{self._home.account_id}"
        region = self._home.region
        where = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        self._home.client("s3").create_bucket(Bucket=name, **where)
        return name

    def _exporter(self) -> str:
        bucket = f"arn:aws:s3:::{self(Need.BUCKET)}"
        objects = ["s3:PutObject*", "s3:GetObject*", "s3:DeleteObject*"]
        return has_role(
            self._home,
            _EXPORTER,
            {"Effect": "Allow", "Action": objects, "Resource": f"{bucket}/*"},
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
                "Resource": bucket,
            },
        )

    def _table(self) -> str:
        name, client = self._home.run.new_name("table"), self._home.client("dynamodb")
        client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=self._home.run.tags,
        )
        self._home.wait_for_status(
            name,
            lambda: str(client.describe_table(TableName=name)["Table"]["TableStatus"]),
            "ACTIVE",
        )
        return name

    def _queue(self) -> str:
        name, tags = self._home.run.new_name("queue"), self._home.run.tags
        created = self._home.client("sqs").create_queue(
            QueueName=name, tags={tag["Key"]: tag["Value"] for tag in tags}
        )
        return str(created["QueueUrl"])

    def _machine(self) -> str:
        """It ends at once, or fails when its input says so."""
        definition = {
            "StartAt": "Fails?",
            "States": {
                "Fails?": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.fails", "BooleanEquals": True, "Next": "Fail"}],
                    "Default": "Pass",
                },
                "Fail": {"Type": "Fail", "Error": "ToldTo"},
                "Pass": {
                    "Type": "Pass",
                    "Parameters": {"name.$": "$$.Execution.Name"},
                    "End": True,
                },
            },
        }
        created = self._home.client("stepfunctions").create_state_machine(
            name=self._home.run.new_name("machine"),
            definition=json.dumps(definition),
            roleArn=has_role(self._home, "states.amazonaws.com"),
        )
        return str(created["stateMachineArn"])

    def _function(self) -> str:
        name, client = self._home.run.new_name("function"), self._home.client("lambda")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("reply.py", textwrap.dedent(FUNCTION))
        client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=has_role(self._home, "lambda.amazonaws.com"),
            Handler="reply.handler",
            Timeout=10,
            Code={"ZipFile": code.getvalue()},
        )
        self._home.wait_for_status(
            name,
            lambda: str(client.get_function(FunctionName=name)["Configuration"]["State"]),
            "Active",
        )
        return name


def has_role(place: Place, service: str, *statements: Mapping[str, Any]) -> str:
    """Make a role that a service may assume, and wait until services know it."""
    iam, name = place.client("iam"), place.run.new_name("role")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    created = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=_document(trust), Tags=place.run.tags
    )
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(*statements))
    place.run.pace.sleep(place.run.pace.roles_seconds)
    return str(created["Role"]["Arn"])


def _key(place: Place, reader: Place | None = None) -> str:
    """Make a key for snapshots, which `reader` may use, too."""
    accounts = [each.account_id for each in (place, reader) if each]
    policy = [
        {
            "Effect": "Allow",
            "Action": "kms:*",
            "Resource": "*",
            "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        }
        for account_id in accounts
    ]
    created = place.client("kms").create_key(
        Description="Contract of the Aurora Restore Pipeline",
        Policy=_document(*policy),
        Tags=[{"TagKey": TAG, "TagValue": place.run.name}],
    )
    return str(created["KeyMetadata"]["Arn"])


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
