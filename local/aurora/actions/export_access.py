"""What RDS needs to write an export: a bucket, and a role that lets it write there."""

from typing import Any

from local.aurora.model.region import Region
from local.aurora.rules.errors import Fault
from local.iam.judge import permits
from local.iam.policies import trusts_service
from local.iam.required_permissions import RequiredPermission

_EXPORTER = "export.rds.amazonaws.com"
"""The principal that RDS assumes the role of an export as."""


def check_access(region: Region, role_arn: str, bucket: str, path: str) -> None:
    """Whether RDS, in this role, can write below this path of the bucket.

    The role's own policies are judged; conditions of its trust, policies of the bucket, and what
    the role may do with the key are not.
    """
    region.bucket(bucket)
    role = region.role(role_arn)
    if not trusts_service(role.assume_role_policy_document, _EXPORTER):
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
        if not permits(role, RequiredPermission(action, resource)):
            raise _lacking(role, f"{action} on {resource}")


def _lacking(role: Any, permission: str) -> Fault:
    return Fault("IamRoleMissingPermissions", f"The role {role.arn} does not allow {permission}.")
