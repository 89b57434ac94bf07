"""What the permissions of one deployment are about."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """ARNs and patterns that differ from one deployment to the next."""

    partition: str
    account: str
    region: str
    deployment: str
    all_regions: Sequence[str]
    state_table: str
    audit_table: str
    topic: str
    topic_key: str
    executions: str
    admin_secrets: Sequence[str]
    users_secrets: Sequence[str]
    restore_keys: Sequence[str]
    replaceable_clusters: Sequence[str]
    source_accounts: Sequence[str]
    source_roles: Sequence[str]
    export_bucket: str | None
    export_role: str | None

    @property
    def managed_secrets(self) -> str:
        """The ARNs of the master passwords that RDS manages."""
        return self.arn("secretsmanager", "secret:rds!cluster-*")

    @property
    def service_linked_role(self) -> str:
        """RDS's own role in the account."""
        path = "aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"
        return f"arn:{self.partition}:iam::{self.account}:role/{path}"

    @property
    def foreign_restore_keys(self) -> list[str]:
        """The restore keys that the settings name of another account."""
        own = f":{self.account}:"
        return [key for key in self.restore_keys if key.startswith("arn:") and own not in key]

    @property
    def shared_keys(self) -> list[str]:
        """The ARNs of keys in the stack's region that other accounts may share."""
        return [self.arn("kms", "key/*", account=account) for account in self.source_accounts]

    @property
    def source_regions(self) -> tuple[str, ...]:
        """The regions that snapshots are copied from."""
        return tuple(region for region in self.all_regions if region != self.region)

    def arn(
        self, service: str, resource: str, region: str | None = None, account: str | None = None
    ) -> str:
        """The ARN of something in the stack's region and account, unless others are given."""
        where = f"{region or self.region}:{account or self.account}"
        return f"arn:{self.partition}:{service}:{where}:{resource}"

    def rds(self, *resources: str) -> list[str]:
        """The ARNs of RDS resources in the stack's region."""
        return [self.arn("rds", resource) for resource in resources]
