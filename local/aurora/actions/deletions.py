"""Clusters go, with or without a final snapshot."""

from datetime import datetime, timedelta

from local.aurora.actions.passwords import MasterPasswords
from local.aurora.actions.snapshots import Snapshots
from local.aurora.model.region import Region
from local.aurora.model.resources import Cluster, RetainedBackup
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
        self._quotas = simulation.quotas
        self._snapshots = snapshots
        self._passwords = passwords

    def delete(self, region: Region, parameters: Parameters) -> Cluster:
        """Start deleting a cluster. It goes when its instances and its final snapshot are done.

        It stays `available` while the final snapshot is being taken (AWS CLI, example of
        `delete-db-cluster`). That it cannot be asked to go again meanwhile, and that it stays when
        the snapshot fails, is never seen on AWS.
        """
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        skips_final_snapshot = bool(parameters.get("SkipFinalSnapshot"))
        if skips_final_snapshot == ("FinalDBSnapshotIdentifier" in parameters):
            raise invalid_combination(
                "Either SkipFinalSnapshot or FinalDBSnapshotIdentifier must be given, not both."
            )
        self._check_deletable(region, cluster)
        keeps_backups = parameters.get("DeleteAutomatedBackups") is False
        self._check_backups(region, cluster, keeps_backups)
        if skips_final_snapshot:
            self._start(region, cluster, keeps_backups)
        else:
            self._start_final_snapshot(region, cluster, parameters, keeps_backups)
        return cluster

    def _start(self, region: Region, cluster: Cluster, keeps_backups: bool) -> None:
        waits_for: list[datetime] = [
            work.due for instance in cluster.members for work in self._timeline.on(instance)
        ]
        self._timeline.cancel(cluster)
        cluster.status = "deleting"
        self._timeline.start(
            "delete_cluster",
            cluster,
            lambda: self._remove(region, cluster, keeps_backups),
            not_before=max(waits_for, default=None),
        )

    def _check_backups(self, region: Region, cluster: Cluster, keeps_backups: bool) -> None:
        """Those that stay have a quota (Aurora user guide, "Retaining automated backups").

        Those that AWS Backup makes have to stay:
        https://github.com/cloudposse/terraform-aws-rds-cluster/pull/283
        """
        if not keeps_backups:
            if arn := cluster.aws_backup_recovery_point_arn:
                raise invalid_combination(
                    f"RDS cluster {cluster.identifier} is associated with the following "
                    f"AwsBackupRecoveryPointArn: {arn}. NoDeleteAutomatedBackups must be specified."
                )
            return
        now = self._timeline.now()
        kept = sum(backup.expires_at > now for backup in region.retained_backups)
        if kept >= self._quotas.retained_backups:
            raise Fault(
                "DBClusterAutomatedBackupQuotaExceededFault",
                "The quota for retained automated backups was exceeded.",
            )

    @staticmethod
    def _check_deletable(region: Region, cluster: Cluster) -> None:
        identifier = cluster.identifier
        if cluster.status in _PASSING:
            raise cluster_busy(identifier, cluster.status)
        if cluster.is_being_saved:
            raise cluster_busy(identifier, "being deleted, after its final snapshot")
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
        self, region: Region, cluster: Cluster, parameters: Parameters, keeps_backups: bool
    ) -> None:
        if cluster.status not in ("available", "stopped"):
            raise cluster_busy(cluster.identifier, cluster.status)
        name = self._snapshots.new_identifier(region, parameters, "FinalDBSnapshotIdentifier")
        if cluster.kms_key_id:
            region.key_arn(cluster.kms_key_id)
        cluster.is_being_saved = True

        def end() -> None:
            cluster.is_being_saved = False
            if snapshot.status == "available":
                self._start(region, cluster, keeps_backups)

        snapshot = self._snapshots.take(region, cluster, name, is_final=True, afterwards=end)

    def _remove(self, region: Region, cluster: Cluster, keeps_backups: bool) -> None:
        del region.clusters[cluster.identifier]
        self._storage.release(cluster.volume)
        self._passwords.delete_secret(region, cluster)
        if cluster.replication_source_identifier:
            source_arn = cluster.replication_source_identifier
            Region.of(source_arn).cluster(source_arn).read_replica_identifiers.remove(cluster.arn)
        if keeps_backups:
            days = timedelta(days=cluster.backup_retention_period)
            region.retained_backups.append(
                RetainedBackup(
                    db_cluster_identifier=cluster.identifier,
                    db_cluster_arn=cluster.arn,
                    db_cluster_resource_id=cluster.db_cluster_resource_id,
                    engine=cluster.engine,
                    backup_retention_period=cluster.backup_retention_period,
                    expires_at=self._timeline.now() + days,
                )
            )
        else:
            self._snapshots.remove_automated(region, cluster)
