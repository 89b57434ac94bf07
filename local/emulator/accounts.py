"""Accounts side by side: their owners' access keys, and who may act in or use what of another's.

The emulator keeps accounts apart by access key, and lets everybody take every role. Here a role is
taken only by whom its trust policy names, and a key of another account is seen only by whom its
key policy names. What the caller's own policies say is judged as for every call.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.errors import COMMON_ERROR_CODES
from moto.iam.models import AccessKey, iam_backends
from moto.kms.exceptions import AccessDeniedException
from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse
from moto.sts.exceptions import STSClientError
from moto.sts.responses import TokenResponse

from local.iam.policies import allows, trusts
from local.iam.sessions import role_of, session_of
from local.patches import Patches

ACCESS_DENIED = "AccessDenied"
"""STS answers with it, but no model of a service has it; moto has a list of such codes."""

COMMON_ERROR_CODES.append(ACCESS_DENIED)

SECRET = "test"
"""The secret of every owner's access key; signatures are not checked here."""


@contextmanager
def separate_accounts(lend: Callable[[str, str], None]) -> Iterator[None]:
    """Let roles and keys of other accounts be used only where policies say so.

    `lend` learns of every role that is taken: the access key of the caller, and of the session.
    """
    assume_role = TokenResponse.assume_role
    describe_key = KmsResponse.describe_key

    def assume_if_trusted(response: Any) -> Any:
        _check_trusted(response)
        answer = assume_role(response)
        session = answer.result["Credentials"]
        lend(response.get_access_key(), session.access_key_id)
        return answer

    def describe_if_open(response: Any) -> Any:
        key = response._get_param("KeyId")
        owner = key.split(":")[4] if key.startswith("arn:") else response.current_account
        if owner == response.current_account:
            return describe_key(response)
        return json.dumps(_foreign_key(key, owner, response.current_account).to_dict())

    with Patches() as patches:
        patches.replace(TokenResponse, "assume_role", assume_if_trusted)
        patches.replace(KmsResponse, "describe_key", describe_if_open)
        yield


def owner_key(account_id: str) -> str:
    """The access key with which an account's owner may do everything in it."""
    name = f"AKIA{account_id}OWNR"
    iam = iam_backends[account_id]["aws"]
    if name not in iam.access_keys:
        key = AccessKey("owner", "AKIA", account_id)
        key.access_key_id, key.secret_access_key = name, SECRET
        iam.access_keys[name] = key
    return name


def _check_trusted(response: Any) -> None:
    wanted = response._get_param("RoleArn")
    external_id = response._get_param("ExternalId") or ""
    session = session_of(response.get_access_key())
    caller_arn = session.role_arn if session else f"arn:aws:iam::{response.current_account}:root"
    context = {"aws:PrincipalArn": caller_arn, "sts:ExternalId": external_id}
    role = role_of(wanted)
    if role is None or not trusts(role.assume_role_policy_document, caller_arn, context):
        raise STSClientError(
            ACCESS_DENIED,
            f"User: {caller_arn} is not authorized to perform: sts:AssumeRole on resource: "
            f"{wanted}",
        )


def _foreign_key(arn: str, owner: str, account_id: str) -> Any:
    """A key of another account; raises as KMS does when there is none, or it is not for us."""
    kms, name = kms_backends[owner][arn.split(":")[3]], arn.split(":", 5)[5]
    key_id = kms.get_key_id_from_alias(name) if name.startswith("alias/") else name
    key = kms.keys.get((key_id or "").removeprefix("key/"))
    root = f"arn:aws:iam::{account_id}:root"
    if key is None or not allows(key.policy, root, "kms:DescribeKey", {}):
        raise AccessDeniedException(
            "The ciphertext refers to a customer master key that does not exist, does not exist "
            "in this region, or you are not allowed to access."
        )
    return key
