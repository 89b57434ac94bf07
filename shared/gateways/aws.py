"""Everything outside that a step may talk to, made when it is first needed."""

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import boto3
import botocore
from botocore.config import Config

from shared.aws_errors import check_answer
from shared.errors import ConfigurationError
from shared.gateways.rds.clusters import Aurora
from shared.gateways.rds.snapshots import Snapshots
from shared.gateways.store import Store
from shared.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.gateways.buckets import Buckets
    from shared.gateways.executions import Executions, FailedExecutions
    from shared.gateways.keys import Keys
    from shared.gateways.network import Network
    from shared.gateways.rds.exports import SnapshotExports
    from shared.gateways.rds.groups import Groups
    from shared.gateways.rds.quotas import Quotas
    from shared.gateways.rds.ties import Ties
    from shared.gateways.rds.versions import Versions
    from shared.gateways.roles import Roles
    from shared.gateways.secrets import Secrets
    from shared.gateways.topic import Messages

OLDEST_SDK = "1.44.5"
"""The botocore of the functions' layer. An older one drops what it does not know from answers,
without a word: `GlobalClusterIdentifier` came with 1.39.0, `StorageEncryptionType` after 1.42.20. A
guard that reads such a member would be off."""

# One attempt: trying again is the state machine's work, where it costs nothing to wait.
_ONE_ATTEMPT = Config(
    retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=5, read_timeout=30
)


class Aws:
    """The gateways of one deployment; clients are made once per region and container.

    Gateways that few steps need are imported when they are first used: functions start faster.

    Raises `ConfigurationError` where the SDK is older than the one that all this was tested with.
    """

    def __init__(self, settings: Settings) -> None:
        _check_sdk(botocore.__version__)
        self.settings = settings
        self._client: Callable[..., Any] = cache(self._make_client)

    def aurora(self, region: str) -> Aurora:
        return Aurora(self._client("rds", region), region, self.snapshots(region))

    def snapshots(self, region: str, account_id: str | None = None) -> Snapshots:
        """The snapshots of this account, or of another one that lets this deployment in.

        Raises `ConfigurationError` for an account in which the deployment has no role.
        """
        client = self._client_of(account_id, "rds", region)
        return Snapshots(client, region, self.settings.deployment, account_id)

    def keys(self, region: str, account_id: str | None = None) -> "Keys":
        """The keys as this account sees them, or as another one whose role we can assume."""
        from shared.gateways.keys import Keys

        client = self._client_of(account_id, "kms", region)
        return Keys(client, region, account_id or self.settings.account_id)

    def network(self, region: str) -> "Network":
        from shared.gateways.network import Network

        return Network(self._client("ec2", region), region)

    def groups(self, region: str) -> "Groups":
        from shared.gateways.rds.groups import Groups

        return Groups(self._client("rds", region), region)

    def versions(self, region: str) -> "Versions":
        from shared.gateways.rds.versions import Versions

        return Versions(self._client("rds", region), region)

    def ties(self, region: str) -> "Ties":
        from shared.gateways.rds.ties import Ties

        return Ties(self._client("rds", region), region)

    def quotas(self, region: str, account_id: str | None = None) -> "Quotas":
        """The quotas of this account, or of another one whose role we can assume, in a region."""
        from shared.gateways.rds.quotas import Quotas

        owner = account_id or self.settings.account_id
        return Quotas(self._client_of(account_id, "rds", region), region, owner)

    def exports(self, region: str) -> "SnapshotExports":
        from shared.gateways.rds.exports import SnapshotExports

        return SnapshotExports(self._client("rds", region), region)

    def buckets(self, region: str) -> "Buckets":
        from shared.gateways.buckets import Buckets

        return Buckets(self._client("s3", region), region)

    @cached_property
    def _roles(self) -> "Roles":
        from shared.gateways.roles import Roles

        return Roles(self._client("sts"), self.settings, self._make_client)

    @cached_property
    def store(self) -> Store:
        return Store(self._client("dynamodb"), self.settings)

    @cached_property
    def secrets(self) -> "Secrets":
        from shared.gateways.secrets import Secrets

        return Secrets(self._client("secretsmanager"))

    @cached_property
    def messages(self) -> "Messages":
        from shared.gateways.topic import Messages

        return Messages(self._client("sns"), self.settings.topic_arn)

    @cached_property
    def executions(self) -> "Executions":
        from shared.gateways.executions import Executions

        return Executions(self._client("stepfunctions"))

    @cached_property
    def failed_executions(self) -> "FailedExecutions":
        from shared.gateways.executions import FailedExecutions

        return FailedExecutions(self._client("sqs"))

    def _client_of(self, account_id: str | None, service: str, region: str) -> Any:
        if account_id is None or account_id == self.settings.account_id:
            return self._client(service, region)
        return self._roles.client(service, region, account_id)

    @staticmethod
    def _make_client(service: str, region: str | None = None, **credentials: str) -> Any:
        client: Any = boto3.client(  # type: ignore[call-overload]
            service, region_name=region, config=_ONE_ATTEMPT, **credentials
        )
        client.meta.events.register("before-parse", check_answer)
        return client


def _check_sdk(version: str) -> None:
    if _ordered(version) < _ordered(OLDEST_SDK):
        raise ConfigurationError(
            f"The function runs with botocore {version}, which drops parts of what AWS answers; it "
            f"needs {OLDEST_SDK} or newer, which its layer has. Deploy the stack again, with "
            "nothing before the layer on PYTHONPATH."
        )


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
