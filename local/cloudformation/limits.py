"""What AWS counts when it makes functions and roles, and the emulator does not."""

import json
from collections.abc import Iterator
from typing import Any

from moto.awslambda.utils import get_backend
from moto.iam.models import iam_backends

_MOST_BYTES_OF_ENVIRONMENT = 4096
_MOST_INLINE, _MOST_MANAGED, _MOST_POLICIES = 10_240, 6_144, 10


def exceeded(account: str, region: str) -> Iterator[str]:
    """What AWS would not have made, in its words.

    Sources: Lambda developer guide, "Lambda quotas"; IAM user guide, "IAM and AWS STS quotas",
    which counts no white space. The first message is AWS's own (public bug reports quote it).
    """
    for function in get_backend(account, region).list_functions():
        text = _compact(function.environment_vars)
        if len(text.encode()) > _MOST_BYTES_OF_ENVIRONMENT:
            yield (
                f"{function.function_name}: Lambda was unable to configure your environment "
                "variables because the environment variables you have provided exceeded the 4KB "
                f"limit. String measured: {text[:80]}…"
            )
    for role in iam_backends[account]["aws"].roles.values():
        yield from _exceeded_by(role)


def _exceeded_by(role: Any) -> Iterator[str]:
    inline = sum(len(_compact(_parsed(document))) for document in role.policies.values())
    if inline > _MOST_INLINE:
        yield (f"{role.name}: Maximum policy size of {_MOST_INLINE} bytes exceeded, with {inline}")
    if len(role.managed_policies) > _MOST_POLICIES:
        yield f"{role.name}: Cannot exceed quota for PoliciesPerRole: {_MOST_POLICIES}"
    for policy in role.managed_policies.values():
        for version in policy.versions:
            size = len(_compact(_parsed(version.document)))
            if version.is_default and size > _MOST_MANAGED:
                yield f"{policy.name}: Cannot exceed quota for PolicySize: {_MOST_MANAGED}"


def _parsed(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
