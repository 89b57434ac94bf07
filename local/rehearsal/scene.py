"""The local cloud with everything in place: stack deployed, production made, mail collected."""

import gc
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from local.aurora.model.limits import Durations
from local.clock import Clock
from local.cloud import LocalCloud
from local.cloudformation.deployment import Deployment
from local.functions.functions import ACCOUNT, InvocationSeconds
from local.rehearsal.production import Production, make_production, make_surroundings

ASSEMBLY = Path(".build/assembly")
SOURCE_ASSEMBLY = Path(".build/source-assembly")
SOURCE_ACCOUNT = "210987654321"
"""The account that the local deployment has a role in."""
MAILBOX = "restores"
"""The queue that the local deployment sends its messages to, and that somebody else has made."""
SOURCE_ROLE = "aurora-restore-123456789012-us-west-2"
"""The name of that role, of the key's alias, and of the deployment among all accounts."""

LOCAL = Path(".local")

_read = TypeDeserializer().deserialize


@dataclass(frozen=True)
class Scene:
    """A cloud in which a restore can be started."""

    cloud: LocalCloud
    deployment: Deployment
    production: Production
    passwords: dict[str, str]
    """Of the users of the templates, by name."""
    mailbox: str
    """The URL of the queue that the topic's messages are also for."""

    def messages(self) -> list[dict[str, Any]]:
        """The e-mails that went out since the last look, each with the SMS that went with it."""
        return [
            {
                "Subject": email.subject,
                "Message": email.message,
                "MessageAttributes": json.loads(email.attributes),
                "SMS": text.message,
            }
            for email, text in self.cloud.mail.collect("email", "sms")
        ]

    def reports(self) -> list[dict[str, Any]]:
        """What programs have received since the last look: the bodies of the queue's messages."""
        sqs, reports = self.cloud.client("sqs"), list[dict[str, Any]]()
        while taken := sqs.receive_message(QueueUrl=self.mailbox, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in taken:
                sqs.delete_message(QueueUrl=self.mailbox, ReceiptHandle=message["ReceiptHandle"])
                reports.append(json.loads(message["Body"]))
        return reports

    def item(self, key: str) -> dict[str, Any]:
        """An item of the state table, such as an operation's state; empty when there is none."""
        answer = self.cloud.client("dynamodb").get_item(
            TableName=self.deployment.state_table, Key={"operation_id": {"S": key}}
        )
        return {name: _read(value) for name, value in answer.get("Item", {}).items()}

    def events(self, operation_id: str, after: str = "") -> tuple[dict[str, Any], ...]:
        """The audit trail of an operation, in order; what is later than the timestamp `after`."""
        pages = (
            self.cloud.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.deployment.audit_table,
                KeyConditionExpression="operation_id = :id AND #at > :after",
                ExpressionAttributeNames={"#at": "timestamp"},
                ExpressionAttributeValues={
                    ":id": {"S": operation_id},
                    ":after": {"S": after or "0"},
                },
            )
        )
        return tuple(
            {name: _read(value) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        )

    def locks(self) -> tuple[str, ...]:
        """The locks that are held."""
        items = self.cloud.client("dynamodb").scan(TableName=self.deployment.state_table)["Items"]
        return tuple(item["operation_id"]["S"] for item in items if "holder" in item)

    def exports(self) -> dict[str, str]:
        """What a shell needs to use this cloud and the deployed stack."""
        return {
            **self.cloud.environment,
            "STATE_MACHINE_ARN": self.deployment.state_machine_arn,
            "STATE_TABLE": self.deployment.state_table,
            "AUDIT_TABLE": self.deployment.audit_table,
        }


@contextmanager
def scene(
    clock: Clock,
    *,
    scale: int,
    durations: Durations | None = None,
    invocation_seconds: InvocationSeconds | None = None,
    source_account: str = ACCOUNT,
    is_encrypted: bool = True,
) -> Iterator[Scene]:
    """Set everything up, with pgbench tables at `scale` in production; take it down at the end.

    Production is in the pipeline's own account, or in another one that has its stack deployed.
    """
    with empty_cloud(clock, durations, invocation_seconds) as cloud:
        mailbox = str(cloud.client("sqs").create_queue(QueueName=MAILBOX)["QueueUrl"])
        deployment = cloud.deploy(ASSEMBLY)
        passwords = make_surroundings(cloud)
        if source_account != ACCOUNT:
            cloud.deploy_source(SOURCE_ASSEMBLY, source_account)
        production = make_production(
            cloud, scale=scale, account_id=source_account, is_encrypted=is_encrypted
        )
        with _long_lived():
            yield Scene(cloud, deployment, production, passwords, mailbox)


@contextmanager
def _long_lived() -> Iterator[None]:
    """Spare the garbage collector what is there already: half a million objects, half a second."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def empty_cloud(
    clock: Clock,
    durations: Durations | None = None,
    invocation_seconds: InvocationSeconds | None = None,
) -> Iterator[LocalCloud]:
    """A cloud with nothing in it, whose clusters this process can connect to."""
    with (
        tempfile.TemporaryDirectory(prefix="aurora-restore-", dir=_fast_directory()) as folder,
        LocalCloud(clock, _enterable(Path(folder)), durations, invocation_seconds) as cloud,
        _verified_connections(cloud),
    ):
        yield cloud


def _fast_directory() -> str | None:
    """Memory, where files can be kept in it: databases come and go all the time."""
    memory = Path("/dev/shm")
    return str(memory) if os.access(memory, os.W_OK) else None


def _enterable(folder: Path) -> Path:
    """Let the account that PostgreSQL runs under, when we are root, find its own files inside."""
    folder.chmod(0o711)
    return folder


@contextmanager
def _verified_connections(cloud: LocalCloud) -> Iterator[None]:
    """Let this process reach the clusters under their own names, with the local CA trusted."""
    names = ("PGHOSTADDR", "PGSSLROOTCERT")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: cloud.environment[name] for name in names})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
