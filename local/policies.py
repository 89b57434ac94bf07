"""What policies say: those of a role about what it may do, and those that let others in."""

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult

KEY_ACTIONS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What RDS does with a key on behalf of whoever restores or copies (Aurora user guide)."""


def allows(role: Any, action: str, resource: str) -> bool:
    """Whether a policy of the role permits it and none denies it."""
    inline = [
        policy if isinstance(policy, str) else json.dumps(policy)
        for policy in role.policies.values()  # a template's documents are kept as they are
    ]
    verdicts = {
        IAMPolicy(policy).is_action_permitted(action, resource)
        for policy in (*inline, *role.managed_policies.values())
    }
    return PermissionResult.PERMITTED in verdicts and PermissionResult.DENIED not in verdicts


def trusts_service(document: str, service: str) -> bool:
    """Whether a trust policy lets a service of AWS take the role; its conditions do not count."""

    def is_meant(statement: Mapping[str, Any]) -> bool:
        return _is_about(statement, "sts:AssumeRole") and service in _principals(
            statement, "Service"
        )

    return _is_allowed(document, is_meant)


def trusts(document: str, caller: str, context: Mapping[str, str]) -> bool:
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


def _lets(document: str, caller: str, action: str, context: Mapping[str, str]) -> bool:
    account_id = caller.split(":")[4]
    accepted = {"*", caller, f"arn:aws:iam::{account_id}:root", account_id}

    def is_meant(statement: Mapping[str, Any]) -> bool:
        return (
            _is_about(statement, action)
            and bool(accepted & _principals(statement, "AWS"))
            and _holds(statement.get("Condition", {}), context)
        )

    return _is_allowed(document, is_meant)


def _is_allowed(document: str, is_meant: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Whether a statement that is meant allows it, and none denies it."""
    statements = _listed(json.loads(document)["Statement"])
    effects = {statement["Effect"] for statement in statements if is_meant(statement)}
    return effects == {"Allow"}


def _is_about(statement: Mapping[str, Any], action: str) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in _listed(statement["Action"]))


def _principals(statement: Mapping[str, Any], kind: str) -> set[str]:
    principal = statement["Principal"]
    return {"*"} if principal == "*" else set(_listed(principal.get(kind, [])))


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """Whether all conditions hold; of those that are unknown here it raises instead."""
    for operator, keys in conditions.items():
        if operator not in ("StringEquals", "StringLike", "ArnLike", "Bool"):
            raise NotImplementedError(f"The condition {operator} is not judged here")
        for key, wanted in keys.items():
            matches = fnmatchcase if operator.endswith("Like") else str.__eq__
            if not any(matches(context.get(key, ""), str(one)) for one in _listed(wanted)):
                return False
    return True


def _listed(value: Any) -> list[Any]:
    """A policy's element, which stands alone when it is the only one."""
    return value if isinstance(value, list) else [value]
