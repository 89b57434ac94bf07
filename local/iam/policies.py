"""What policies say: those of a role about what it may do, and those that let others in."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.iam.conditions import Conditions, Context, hold, listed, matches

KEY_ACTIONS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What RDS does with a key on behalf of whoever restores or copies (Aurora user guide)."""


@dataclass(frozen=True)
class Demand:
    """One thing that somebody wants to do: an action on a resource, and what is known about it."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)

    def __str__(self) -> str:
        told = {name: value for name, value in self.context.items() if value}
        return f"{self.action} on {self.resource}" + (f" with {told}" if told else "")


@dataclass(frozen=True)
class Grant:
    """An action in a statement of a role's policy; `number` counts the policy's statements."""

    policy: str
    number: int
    action: str


@dataclass(frozen=True)
class Statement:
    """A statement of a role's policy."""

    grants: tuple[Grant, ...]
    is_denial: bool
    resources: tuple[str, ...]
    conditions: Conditions

    def used_by(self, demand: Demand) -> Iterator[Grant]:
        """The actions in it that the demand is about, if the whole statement is."""
        wanted = demand.action.lower()
        about = [grant for grant in self.grants if matches(grant.action.lower(), wanted)]
        if (
            about
            and any(matches(pattern, demand.resource) for pattern in self.resources)
            and hold(self.conditions, demand.context)
        ):
            yield from about


def statements(policy: str, document: str | Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of a role's policy, given with its name."""
    content = json.loads(document) if isinstance(document, str) else document
    for number, statement in enumerate(listed(content["Statement"])):
        yield Statement(
            grants=tuple(Grant(policy, number, one) for one in listed(statement["Action"])),
            is_denial=statement["Effect"] == "Deny",
            resources=tuple(listed(statement["Resource"])),
            conditions=statement.get("Condition", {}),
        )


def trusts_service(document: str, service: str) -> bool:
    """Whether a trust policy lets a service of AWS take the role; its conditions do not count."""

    def is_meant(statement: Mapping[str, Any]) -> bool:
        return _is_about(statement, "sts:AssumeRole") and service in _principals(
            statement, "Service"
        )

    return _is_allowed(document, is_meant)


def trusts(document: str, caller: str, context: Context) -> bool:
    """Whether a trust policy lets a caller, given by ARN, take the role in this context."""
    return _lets(document, caller, "sts:AssumeRole", context)


def opens_key(document: str, account_id: str, region: str) -> bool:
    """Whether a key policy lets another account use the key for snapshots, through RDS."""
    context = {
        "kms:GrantIsForAWSResource": "true",
        "kms:ViaService": f"rds.{region}.amazonaws.com",
    }
    root = f"arn:aws:iam::{account_id}:root"
    return all(_lets(document, root, action, context) for action in KEY_ACTIONS)


def shows_key(document: str, account_id: str) -> bool:
    """Whether a key policy lets another account look at the key."""
    return _lets(document, f"arn:aws:iam::{account_id}:root", "kms:DescribeKey", {})


def _lets(document: str, caller: str, action: str, context: Context) -> bool:
    account_id = caller.split(":")[4]
    accepted = {"*", caller, f"arn:aws:iam::{account_id}:root", account_id}

    def is_meant(statement: Mapping[str, Any]) -> bool:
        return (
            _is_about(statement, action)
            and bool(accepted & _principals(statement, "AWS"))
            and hold(statement.get("Condition", {}), context)
        )

    return _is_allowed(document, is_meant)


def _is_allowed(document: str, is_meant: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Whether a statement that is meant allows it, and none denies it."""
    found = listed(json.loads(document)["Statement"])
    effects = {statement["Effect"] for statement in found if is_meant(statement)}
    return effects == {"Allow"}


def _is_about(statement: Mapping[str, Any], action: str) -> bool:
    return any(matches(pattern, action) for pattern in listed(statement["Action"]))


def _principals(statement: Mapping[str, Any], kind: str) -> set[str]:
    principal = statement["Principal"]
    return {"*"} if principal == "*" else set(listed(principal.get(kind, [])))
