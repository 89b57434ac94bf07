"""How many snapshots, clusters and instances an account may have in a region."""

from typing import TYPE_CHECKING

from shared.aws_errors import named_errors
from shared.errors import QuotaExceeded

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient

_SNAPSHOTS = "ManualClusterSnapshots"
_CLUSTERS = "DBClusters"
_INSTANCES = "DBInstances"
_WORDS = {
    _SNAPSHOTS: "manual cluster snapshots",
    _CLUSTERS: "clusters",
    _INSTANCES: "instances",
}


class Quotas:
    """The quotas of one account and region, and how much of them is used."""

    def __init__(self, client: "RDSClient", region: str, account_id: str) -> None:
        self._client = client
        self._region = region
        self._account_id = account_id

    def check_capacity(self, *, snapshots: int = 0, clusters: int = 0, instances: int = 0) -> None:
        """Raise `QuotaExceeded` naming every quota without capacity for so many more.

        Copies under way have a quota of their own, for which waiting is enough: it is not checked.
        """
        needed = {_SNAPSHOTS: snapshots, _CLUSTERS: clusters, _INSTANCES: instances}
        where = f"account {self._account_id} in {self._region}"
        with named_errors(f"Describing the quotas of {where}"):
            listed = self._client.describe_account_attributes()["AccountQuotas"]
        full = [
            f"{quota['Used']} of {quota['Max']} {_WORDS[name]}, and {needed[name]} more are needed"
            for quota in listed
            if needed.get(name := quota["AccountQuotaName"], 0) > 0
            and quota["Used"] + needed[name] > quota["Max"]
        ]
        if full:
            raise QuotaExceeded(
                f"Quotas are exhausted in {where}: {'; '.join(full)}. Delete what is no longer "
                "used, or request an increase."
            )
