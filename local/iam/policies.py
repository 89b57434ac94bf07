"""What policies say: those of a role about what it may do, and those that let others in."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.iam.conditions import Conditions, Context, hold, listed, matches
from local.iam.required_permissions import RequiredPermission


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

    def used_by(self, required: RequiredPermission) -> Iterator[Grant]:
        """The grants in it that match the permission, if resource and conditions do too."""
        action = required.action.lower()
        matching = [grant for grant in self.grants if matches(grant.action.lower(), action)]
        if (
            matching
            and any(matches(pattern, required.resource) for pattern in self.resources)
            and hold(self.conditions, required.context)
        ):
            yield from matching


def statements(policy: str, document: str | Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of a role's policy, given with its name."""
    content = json.loads(document) if isinstance(document, str) else document
    for number, statement in enumerate(listed(content["Statement"])):
        yield Statement(
            grants=tuple(Grant(policy, number, action) for action in listed(statement["Action"])),
            is_denial=statement["Effect"] == "Deny",
            resources=tuple(listed(statement["Resource"])),
            conditions=statement.get("Condition", {}),
        )


def trusts_service(document: str, service: str) -> bool:
    """Whether a trust policy lets a service of AWS take the role; its conditions are ignored."""

    def is_meant(statement: Mapping[str, Any]) -> bool:
        return _is_about(statement, "sts:AssumeRole") and service in _principals(
            statement, "Service"
        )

    return _is_allowed(document, is_meant)


def trusts(document: str, caller: str, context: Context) -> bool:
    """Whether a trust policy lets a caller, given by ARN, take the role in this context."""
    return allows(document, caller, "sts:AssumeRole", context)


def allows(document: str, caller: str, action: str, context: Context) -> bool:
    """Whether the policy of a resource lets a caller, given by ARN, act on it in this context."""
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
    statements = listed(json.loads(document)["Statement"])
    effects = {statement["Effect"] for statement in statements if is_meant(statement)}
    return effects == {"Allow"}


def _is_about(statement: Mapping[str, Any], action: str) -> bool:
    return any(matches(pattern, action) for pattern in listed(statement["Action"]))


def _principals(statement: Mapping[str, Any], kind: str) -> set[str]:
    principal = statement["Principal"]
    return {"*"} if principal == "*" else set(listed(principal.get(kind, [])))
