"""What RDS needs to write an export: a bucket, and a role that lets it write there."""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult

from local.aurora.faults import Fault
from local.aurora.region import Region

_EXPORTER = "export.rds.amazonaws.com"
"""The principal that RDS assumes the role of an export as."""


def check_access(region: Region, role_arn: str, bucket: str, path: str) -> None:
    """Whether RDS, in this role, can write below this path of the bucket.

    The role's own policies are judged; conditions of its trust, policies of the bucket, and what
    the role may do with the key are not.
    """
    region.bucket(bucket)
    role = region.role(role_arn)
    if not _trusts_exports(role):
        raise _lacking(role, f"{_EXPORTER} to assume it")
    bucket_arn = f"arn:aws:s3:::{bucket}"
    object_arn = f"{bucket_arn}/{path}/part.parquet"
    needed = {
        "s3:PutObject": object_arn,
        "s3:GetObject": object_arn,
        "s3:DeleteObject": object_arn,
        "s3:ListBucket": bucket_arn,
        "s3:GetBucketLocation": bucket_arn,
    }
    for action, resource in needed.items():
        if not _allows(role, action, resource):
            raise _lacking(role, f"{action} on {resource}")


def _lacking(role: Any, permission: str) -> Fault:
    return Fault("IamRoleMissingPermissions", f"The role {role.arn} does not allow {permission}.")


def _trusts_exports(role: Any) -> bool:
    document = json.loads(role.assume_role_policy_document)
    return any(
        statement["Effect"] == "Allow"
        and {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement["Action"]))
        and _EXPORTER in _services(statement["Principal"])
        for statement in _listed(document["Statement"])
    )


def _services(principal: Any) -> list[str]:
    return _listed(principal.get("Service", [])) if isinstance(principal, dict) else []


def _allows(role: Any, action: str, resource: str) -> bool:
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


def _listed(value: Any) -> list[Any]:
    """A policy's element, which stands alone when it is the only one."""
    return value if isinstance(value, list) else [value]
