"""What an account has and may have in a region, and which instance classes it can order."""

from datetime import datetime
from typing import Any

from local.aurora.model.limits import Quotas
from local.aurora.model.region import Region
from local.aurora.model.resources import RetainedBackup
from local.aurora.rules.engines import engine
from local.aurora.rules.errors import Fault, invalid_combination, invalid_value
from local.aurora.rules.parameters import Parameters
from local.aurora.rules.versions import ENGINE, known_versions, upgrades

SERVERLESS = "db.serverless"
_CLASSES = frozenset(
    {
        SERVERLESS,
        "db.t3.medium",
        "db.t3.large",
        "db.t4g.medium",
        "db.t4g.large",
        *(
            f"db.{family}.{size}"
            for family in ("r5", "r6g", "r6i", "r7g", "r7i", "r8g")
            for size in ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
        ),
    }
)


def is_orderable(instance_class: str) -> bool:
    """Whether there are instances of this class; here every version and region has the same."""
    return instance_class in _CLASSES


def orderable(parameters: Parameters, postgresql_version: str) -> list[dict[str, Any]]:
    """The instance classes that are available for an engine, as RDS lists them."""
    its_engine = engine(parameters["Engine"], postgresql_version)
    version = parameters.get("EngineVersion", its_engine.default_version)
    if not its_engine.offers(version):
        return []  # no error, as RDS answers
    wanted = parameters.get("DBInstanceClass")
    return [
        {"Engine": its_engine.name, "EngineVersion": version, "DBInstanceClass": instance_class}
        for instance_class in sorted(_CLASSES)
        if wanted in (None, instance_class)
    ]


def engine_versions(parameters: Parameters, postgresql_version: str) -> dict[str, dict[str, Any]]:
    """The versions of Aurora PostgreSQL by their numbers; what is retired only when asked for."""
    if parameters.get("Engine") != ENGINE:
        raise invalid_combination("Only versions of Aurora PostgreSQL are simulated.")
    wanted, known = parameters.get("EngineVersion"), known_versions(postgresql_version)
    return {
        number: version.described(upgrades(number, known.values()))
        for number, version in known.items()
        if wanted in (None, number) and (version.is_offered or parameters.get("IncludeAll"))
    }


def account_quotas(region: Region, quotas: Quotas) -> list[dict[str, Any]]:
    """What the account may have in the region, and how much of it there is."""
    counted = sum(snapshot.counts_toward_quota for snapshot in region.snapshots.values())
    return [
        {"AccountQuotaName": name, "Used": used, "Max": most}
        for name, used, most in (
            ("DBClusters", len(region.clusters), quotas.clusters),
            ("DBInstances", len(region.instances), quotas.instances),
            ("ManualClusterSnapshots", counted, quotas.manual_snapshots),
        )
    ]


def automated_backups(region: Region, parameters: Parameters, now: datetime) -> dict[str, Any]:
    """The automated backups of clusters that are gone, by resource id, until they expire.

    Those of clusters that are there RDS lists, too, unless only what is retained is asked for.
    """
    filters = {each["Name"]: list(each["Values"]) for each in parameters.get("Filters", [])}
    if filters != {"status": ["retained"]}:
        raise invalid_value("Only retained backups can be listed in this simulation.")
    return {
        backup.db_cluster_resource_id: backup
        for backup in region.retained_backups
        if backup.expires_at > now
    }


def delete_automated_backup(
    region: Region, parameters: Parameters, now: datetime
) -> RetainedBackup:
    """Delete the automated backups that have stayed of a cluster."""
    wanted = parameters["DbClusterResourceId"]
    for backup in region.retained_backups:
        if backup.db_cluster_resource_id == wanted and backup.expires_at > now:
            region.retained_backups.remove(backup)
            return backup
    raise Fault(
        "DBClusterAutomatedBackupNotFoundFault", f"No automated backup is retained of {wanted}."
    )
