"""What cdk-nag finds and is meant: acknowledged beside the construct, with its reason.

Every wildcard of a policy is a finding (AwsSolutions-IAM5). One that a row of these tables explains
is acknowledged; one that no row explains stays a finding, and fails the tests.
"""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from infra.permissions.statements import in_parts

RESOURCES: Mapping[str, str] = {
    "rds:cluster-snapshot:*-copy-??????": (
        "The names of the pipeline's own copies. Making and exporting one needs the operation's "
        "tag, deleting one the tag that only copies carry."
    ),
    "rds:cluster-snapshot:*-final-????-??-??-??????": (
        "The names of final snapshots, to be made. Deleting one needs the tag that only those of "
        "this deployment carry which are not kept for ever."
    ),
    "rds:cluster-snapshot:*": (
        "Which snapshot a request names is not known before. It is read, copied and restored, and "
        "never changed."
    ),
    "rds:cluster:*": (
        "Which clusters requests name is not known before. Any may be described; one is made only "
        "with the operation's tag, changed only if it carries that tag, deleted or renamed only "
        "under the names that `replaceable_clusters` allows."
    ),
    "rds:db:*": (
        "The instances of such clusters; deleted only if name or tag says that they belong to one "
        "of `replaceable_clusters`."
    ),
    "rds:deployment:*": "Which deployments a cluster is part of is not known before; only listed",
    "rds:integration:*": "Which integrations read from a cluster is not known before; only listed",
    "rds:subgrp:*": "Requests name subnet groups; they are described and used",
    "rds:cluster-auto-backup:*": "Automated backups are counted, for they have a quota",
    "rds:cluster-pg:*": "Requests name parameter groups; they are described and used",
    "rds:pg:*": "Requests name parameter groups; they are described and used",
    "rds:og:*": "RDS asks for the default option group, whose name has the engine's version in it",
    "kms:key/*": (
        "Only the snapshot or the secret says which key it is under. Keys are described; they are "
        "used through RDS or Secrets Manager alone, and as their policies allow."
    ),
    "ec2:subnet/*": "The same, in subnets that another account shares",
    "ec2:*/*": "Lambda manages network interfaces in the role; the function itself is denied it",
    "secretsmanager:secret:rds!cluster-*": "RDS chooses the names of the passwords that it manages",
    "states:execution:*": "The executions of this state machine, whose names are made at the start",
    "s3:*": "Everything under a prefix of one bucket that exports are written to",
    "<LongTermArchive*.Arn>/*": "Everything under the two prefixes of the long-term archive",
}
"""Patterns by service and resource, the first that fits counts; the account's part is left out."""

ACTIONS: Mapping[str, str] = {
    "kms:ReEncrypt*": "Out of one key and into another; what the guide of RDS asks for",
    "kms:GenerateDataKey*": "With and without the plaintext; what the guide of RDS asks for",
    "s3:PutObject*": "What the guide of RDS asks for to write an export",
    "s3:GetObject*": "What the guide of RDS asks for to write an export",
    "s3:DeleteObject*": "What the guide of RDS asks for to write an export",
}


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Say why a finding of a rule is meant; `rule` may hold the finding: `rule[finding]`."""
    # The pack's name is part of the id: without it, CDK takes the rule for one of its own.
    acknowledgment = Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason)
    Validations.of(construct).acknowledge(acknowledgment)


def grant(role: iam.IRole, statements: Sequence[iam.PolicyStatement]) -> None:
    """Give a role these statements; their wildcards that are explained above are acknowledged."""
    for statement in statements:
        for part in in_parts(statement.resources):
            role.add_to_principal_policy(statement.copy(resources=part))
        for action in statement.actions:
            if action in ACTIONS:
                acknowledge(role, f"AwsSolutions-IAM5[Action::{action}]", ACTIONS[action])
        for resource in statement.resources:
            text = _written_out(Stack.of(role).resolve(resource))
            service, _, name = _without_place(text).partition(":")
            for pattern, reason in RESOURCES.items():
                if "*" in text and fnmatchcase(f"{service}:{name}" if name else service, pattern):
                    acknowledge(role, f"AwsSolutions-IAM5[Resource::{text}]", reason)
                    break


def _without_place(arn: str) -> str:
    """Service and resource of an ARN, without partition, region and account."""
    parts = re.sub(r"<AWS::\w+>", "", arn).split(":", 5)
    return f"{parts[2]}:{parts[5]}" if len(parts) == 6 else arn


def _written_out(value: Any) -> str:
    """A resource as cdk-nag writes it, with references in angle brackets."""
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_written_out(part) for part in parts)
        case _:
            return str(value)
