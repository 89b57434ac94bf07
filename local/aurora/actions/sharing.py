"""Snapshots shared with other accounts."""

from local.aurora.model.limits import Quotas
from local.aurora.model.region import Region
from local.aurora.model.resources import Snapshot
from local.aurora.rules.errors import Fault, invalid_combination, invalid_value, snapshot_unusable
from local.aurora.rules.parameters import Parameters


def share(region: Region, parameters: Parameters, quotas: Quotas) -> Snapshot:
    """Change whom a snapshot is shared with."""
    snapshot = region.own_snapshot(parameters["DBClusterSnapshotIdentifier"])
    if parameters["AttributeName"] != "restore":
        raise invalid_value(f"There is no attribute {parameters['AttributeName']}.")
    added = list(parameters.get("ValuesToAdd", []))
    removed = set(parameters.get("ValuesToRemove", []))
    if added:
        _check_shareable(region, snapshot, added)
    accounts = dict.fromkeys([*snapshot.attributes["restore"], *added])
    kept = [account for account in accounts if account not in removed]
    limit = quotas.accounts_per_shared_snapshot
    if len(kept) > limit:
        raise Fault(
            "SharedSnapshotQuotaExceeded", f"A snapshot is shared with {limit} accounts at most."
        )
    snapshot.attributes["restore"] = kept
    return snapshot


def _check_shareable(region: Region, snapshot: Snapshot, accounts: list[str]) -> None:
    """Only what was made by hand, under a key that other accounts can be allowed to use."""
    if not snapshot.counts_toward_quota:
        raise snapshot_unusable(
            f"{snapshot.identifier} was not made by hand: copy it, and share the copy."
        )
    if snapshot.status != "available":
        raise snapshot_unusable(f"{snapshot.identifier} is {snapshot.status}.")
    if "all" in accounts and snapshot.storage_encryption_type != "none":
        raise invalid_combination("An encrypted snapshot cannot be public.")
    if snapshot.kms_key_id is None:
        return
    if region.is_default_key(snapshot.kms_key_id):
        raise snapshot_unusable(
            f"{snapshot.identifier} is under the default key of RDS: "
            "copy it under a key of your own, and share the copy."
        )
