"""Roles, and who is in one: what the emulator keeps of both."""

from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends


def role_of(role_arn: str) -> Any:
    """A role by its ARN; `None` when there is none."""
    roles = iam_backends[role_arn.split(":")[4]]["aws"].get_roles()
    return next((role for role in roles if role.arn == role_arn), None)


def take_role(role_arn: str, name: str, region: str) -> Any:
    """The credentials of AWS itself in a role, for a session of this name."""
    return sts_backends[role_arn.split(":")[4]]["aws"].assume_role(
        region_name=region,
        role_session_name=name,
        role_arn=role_arn,
        policy=None,
        duration=3600,
        external_id=None,
    )


def session_of(access_key: str) -> Any:
    """The session in a role that a key belongs to; `None` for the key of an owner."""
    for _, _, backend in sts_backends.iter_backends():
        if session := backend.get_assumed_role_from_access_key(access_key):
            return session
    return None
