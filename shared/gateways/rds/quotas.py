"""How many snapshots, clusters and instances an account may have in a region."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.aws_errors import named_errors
from shared.errors import QuotaExceeded
from shared.operation.parts import SnapshotQuota

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_rds import RDSClient
    from mypy_boto3_rds.type_defs import AccountQuotaTypeDef

_SNAPSHOTS = "ManualClusterSnapshots"
_CLUSTERS = "DBClusters"
_INSTANCES = "DBInstances"
# No account attribute says it (Aurora user guide, "Retaining automated backups").
RETAINED_BACKUPS = 40
_WORDS = {
    _SNAPSHOTS: "manual cluster snapshots",
    _CLUSTERS: "clusters",
    _INSTANCES: "instances",
}


@dataclass(frozen=True)
class Capacity:
    """What RDS said at one time of the quotas of one account and region."""

    where: str
    quotas: "Sequence[AccountQuotaTypeDef]"

    def check(self, *, snapshots: int = 0, clusters: int = 0, instances: int = 0) -> None:
        """Raise `QuotaExceeded` naming every quota without capacity for so many more.

        Copies under way have a quota of their own, for which waiting is enough: it is not checked.
        """
        needed = {_SNAPSHOTS: snapshots, _CLUSTERS: clusters, _INSTANCES: instances}
        full = [
            f"{quota['Used']} of {quota['Max']} {_WORDS[name]}, and {needed[name]} more are needed"
            for quota in self.quotas
            if needed.get(name := quota["AccountQuotaName"], 0) > 0
            and quota["Used"] + needed[name] > quota["Max"]
        ]
        if full:
            raise QuotaExceeded(
                f"Quotas are exhausted in {self.where}: {'; '.join(full)}. Delete what is no "
                "longer used, or request an increase."
            )

    @property
    def snapshots(self) -> SnapshotQuota | None:
        """How many manual cluster snapshots there are, and may be; `None` if RDS does not say."""
        found = (
            SnapshotQuota(used=quota["Used"], most=quota["Max"])
            for quota in self.quotas
            if quota["AccountQuotaName"] == _SNAPSHOTS
        )
        return next(found, None)


class Quotas:
    """The quotas of one account and region."""

    def __init__(self, client: "RDSClient", region: str, account_id: str) -> None:
        self._client = client
        self._where = f"account {account_id} in {region}"

    def capacity(self) -> Capacity:
        """What the quotas are now, and how much of them is used."""
        with named_errors(f"Describing the quotas of {self._where}"):
            listed = self._client.describe_account_attributes()["AccountQuotas"]
        return Capacity(self._where, listed)

    def check_backups(self) -> None:
        """Raise `QuotaExceeded` when no more automated backups of a deleted cluster can be kept."""
        with named_errors(f"Listing the retained automated backups of {self._where}"):
            pages = self._client.get_paginator("describe_db_cluster_automated_backups").paginate(
                Filters=[{"Name": "status", "Values": ["retained"]}]
            )
            kept = sum(len(page["DBClusterAutomatedBackups"]) for page in pages)
        if kept >= RETAINED_BACKUPS:
            raise QuotaExceeded(
                f"{kept} automated backups of deleted clusters are retained in {self._where}, as "
                f"many as may be, and those of the cluster to be replaced are to be kept: AWS "
                "Backup needs them, or there is no final snapshot. Delete some that are retained; "
                "or, unless AWS Backup is the reason, set final_snapshot, or in the deployment's "
                "settings keep_automated_backups to false."
            )
