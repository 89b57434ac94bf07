"""Clusters go, with or without a final snapshot."""

from datetime import datetime

from local.aurora.actions.passwords import MasterPasswords
from local.aurora.actions.snapshots import Snapshots
from local.aurora.model.region import Region
from local.aurora.model.resources import Cluster
from local.aurora.model.simulation import Simulation
from local.aurora.rules.errors import Fault, cluster_busy, invalid_combination
from local.aurora.rules.parameters import Parameters

_PASSING = {
    "backing-up",
    "creating",
    "deleting",
    "migrating",
    "renaming",
    "resetting-master-credentials",
    "starting",
    "stopping",
}


class Deletions:
    def __init__(
        self, simulation: Simulation, snapshots: Snapshots, passwords: MasterPasswords
    ) -> None:
        self._timeline = simulation.timeline
        self._storage = simulation.storage
        self._snapshots = snapshots
        self._passwords = passwords

    def delete(self, region: Region, parameters: Parameters) -> Cluster:
        """Start deleting a cluster. It goes when its instances and its final snapshot are done."""
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        skips_final_snapshot = bool(parameters.get("SkipFinalSnapshot"))
        if skips_final_snapshot == ("FinalDBSnapshotIdentifier" in parameters):
            raise invalid_combination(
                "Either SkipFinalSnapshot or FinalDBSnapshotIdentifier must be given, not both."
            )
        self._check_deletable(region, cluster)
        waits_for: list[datetime] = [
            work.due for instance in cluster.members for work in self._timeline.on(instance)
        ]
        if not skips_final_snapshot:
            waits_for.append(self._start_final_snapshot(region, cluster, parameters))
        self._timeline.cancel(cluster)
        cluster.status = "deleting"
        keeps_backups = parameters.get("DeleteAutomatedBackups") is False
        self._timeline.start(
            "delete_cluster",
            cluster,
            lambda: self._remove(region, cluster, keeps_backups),
            not_before=max(waits_for, default=None),
        )
        return cluster

    @staticmethod
    def _check_deletable(region: Region, cluster: Cluster) -> None:
        identifier = cluster.identifier
        if cluster.status in _PASSING:
            raise cluster_busy(identifier, cluster.status)
        if cluster.deletion_protection:
            raise invalid_combination(f"DB cluster {identifier} is protected against deletion.")
        if any(instance.status != "deleting" for instance in cluster.members):
            raise Fault(
                "InvalidDBClusterStateFault",
                f"DB cluster {identifier} still has DB instances that are not being deleted.",
            )
        if any(cluster in each.members for each in region.global_clusters.values()):
            raise Fault(
                "InvalidGlobalClusterStateFault",
                f"DB cluster {identifier} belongs to a global cluster: detach it first.",
            )
        if cluster.read_replica_identifiers:
            raise Fault(
                "InvalidDBClusterStateFault",
                f"DB cluster {identifier} is the source of {cluster.read_replica_identifiers}.",
            )

    def _start_final_snapshot(
        self, region: Region, cluster: Cluster, parameters: Parameters
    ) -> datetime:
        if cluster.status not in ("available", "stopped"):
            raise cluster_busy(cluster.identifier, cluster.status)
        name = self._snapshots.new_identifier(region, parameters, "FinalDBSnapshotIdentifier")
        snapshot = self._snapshots.take(region, cluster, name)
        return max(work.due for work in self._timeline.on(snapshot))

    def _remove(self, region: Region, cluster: Cluster, keeps_backups: bool) -> None:
        del region.clusters[cluster.identifier]
        self._storage.release(cluster.volume)
        self._passwords.delete_secret(region, cluster)
        if cluster.replication_source_identifier:
            source_arn = cluster.replication_source_identifier
            Region.of(source_arn).cluster(source_arn).read_replica_identifiers.remove(cluster.arn)
        if not keeps_backups:
            self._snapshots.remove_automated(region, cluster)
