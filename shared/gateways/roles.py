"""Acting in another account, in the role that its owner lets this deployment take."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.aws_errors import named_errors
from shared.errors import AccessDenied, ConfigurationError
from shared.settings import Settings, SourceRole

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

_SESSION = "aurora-restore"
_SPARE = timedelta(minutes=20)
"""Longer than a function can run: no session ends in the middle of one."""


class _Session(NamedTuple):
    client: Callable[..., Any]
    """Makes a client of a service in a region, once for each."""
    expires_at: datetime


class Roles:
    """The roles in other accounts, and sessions in them that last for an hour."""

    def __init__(
        self, sts: "STSClient", settings: Settings, make_client: Callable[..., Any]
    ) -> None:
        """Take `make_client` as that of a service, in a region, with credentials by keyword."""
        self._sts = sts
        self._settings = settings
        self._make_client = make_client
        self._sessions: dict[str, _Session] = {}

    def client(self, service: str, region: str, account_id: str) -> Any:
        """A client that acts in another account.

        Raises `ConfigurationError` when the deployment has no role there any more, and
        `AccessDenied` when the account does not let it in.
        """
        role = self._settings.source_role(account_id)
        if role is None:
            raise ConfigurationError(
                f"This deployment has no role in account {account_id}. Give its external id in "
                "source_accounts."
            )
        return self._session(role).client(service, region)

    def _session(self, role: SourceRole) -> _Session:
        session = self._sessions.get(role.arn)
        # The credentials end by the real time, whatever time the restore goes by.
        if session is None or session.expires_at - datetime.now(UTC) < _SPARE:
            session = self._sessions[role.arn] = self._begin(role)
        return session

    def _begin(self, role: SourceRole) -> _Session:
        try:
            with named_errors(f"Taking role {role.arn}"):
                answer = self._sts.assume_role(
                    RoleArn=role.arn, RoleSessionName=_SESSION, ExternalId=role.external_id
                )["Credentials"]
        except AccessDenied:
            raise AccessDenied(
                f"Account {role.account_id} does not let this deployment assume the role "
                f"{role.arn}. The role's trust policy has to name account "
                f"{self._settings.account_id}, the roles of this deployment's functions, and the "
                "external id of its settings: deploy the source account's stack with them."
            ) from None
        credentials = {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }
        return _Session(cache(partial(self._make_client, **credentials)), answer["Expiration"])
