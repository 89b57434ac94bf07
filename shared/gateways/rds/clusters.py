"""Clusters and instances of Aurora in one region: verbs of the domain in, facts out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.aws_errors import named_errors
from shared.errors import SnapshotNotFound
from shared.gateways.rds import responses
from shared.gateways.rds.responses import given, tag_list
from shared.gateways.rds.snapshots import Snapshots
from shared.names import TAG_OPERATION
from shared.request.restore_request import RestoreRequest
from shared.resources import Cluster, Instance

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient


class Aurora:
    """The clusters and instances of one region.

    Every verb that changes something may be called twice: `ensure_…` finds what exists already
    and adopts it when it carries this operation's tag; what carries another raises `NotOurs`.
    """

    def __init__(self, client: "RDSClient", region: str, snapshots: Snapshots) -> None:
        self._client = client
        self._region = region
        self._snapshots = snapshots

    # Looking

    def cluster(self, cluster_id: str) -> Cluster | None:
        """The cluster that has this id now."""
        with named_errors(f"Describing cluster {cluster_id} in {self._region}"):
            try:
                response = self._client.describe_db_clusters(DBClusterIdentifier=cluster_id)
            except self._client.exceptions.DBClusterNotFoundFault:
                return None
        return responses.cluster(response["DBClusters"][0])

    def instances(self, cluster_id: str) -> tuple[Instance, ...]:
        """The instances of a cluster, those under deletion included."""
        with named_errors(f"Listing the instances of {cluster_id} in {self._region}"):
            pages = self._client.get_paginator("describe_db_instances").paginate(
                Filters=[{"Name": "db-cluster-id", "Values": [cluster_id]}]
            )
            return tuple(responses.instance(one) for page in pages for one in page["DBInstances"])

    def clusters(self) -> tuple[Cluster, ...]:
        """Every cluster of the region."""
        with named_errors(f"Listing the clusters in {self._region}"):
            pages = self._client.get_paginator("describe_db_clusters").paginate()
            return tuple(responses.cluster(one) for page in pages for one in page["DBClusters"])

    def _instance(self, instance_id: str) -> Instance | None:
        with named_errors(f"Describing instance {instance_id} in {self._region}"):
            try:
                response = self._client.describe_db_instances(DBInstanceIdentifier=instance_id)
            except self._client.exceptions.DBInstanceNotFoundFault:
                return None
        return responses.instance(response["DBInstances"][0])

    # Restoring

    def ensure_restored(
        self, cluster_id: str, request: RestoreRequest, snapshot_id: str, tags: Mapping[str, str]
    ) -> Cluster:
        """Start restoring a cluster, without instances, or find it started."""
        existing = self.cluster(cluster_id)
        if existing is not None:
            existing.check_made_by(tags[TAG_OPERATION])
            return existing
        snapshot = self._snapshots.find(snapshot_id)
        if snapshot is None:
            raise SnapshotNotFound(
                f"Snapshot {snapshot_id} in {self._region} no longer exists, so nothing can be "
                "restored from it. Start a new restore."
            )
        with named_errors(f"Restoring {cluster_id} from {snapshot_id}"):
            answer = self._client.restore_db_cluster_from_snapshot(
                DBClusterIdentifier=cluster_id,
                SnapshotIdentifier=snapshot_id,
                Engine=snapshot.engine,
                # Left out, the region's default version would be taken, not the snapshot's.
                EngineVersion=snapshot.engine_version,
                DeletionProtection=request.deletion_protection,
                CopyTagsToSnapshot=True,
                # For users of the templates that log in with IAM.
                EnableIAMDatabaseAuthentication=True,
                # AWS's own default enrols in Extended Support, which costs.
                EngineLifecycleSupport="open-source-rds-extended-support"
                + ("" if request.extended_support else "-disabled"),
                Tags=tag_list(tags),
                **_wanted(request),
            )
        return responses.cluster(answer["DBCluster"])

    def ensure_instance(
        self,
        instance_id: str,
        cluster: Cluster,
        request: RestoreRequest,
        tags: Mapping[str, str],
    ) -> Instance:
        """Start creating an instance of a restored cluster, or find it started."""
        existing = self._instance(instance_id)
        if existing is not None:
            existing.check_made_by(tags[TAG_OPERATION])
            return existing
        with named_errors(f"Creating instance {instance_id} in {self._region}"):
            answer = self._client.create_db_instance(
                DBInstanceIdentifier=instance_id,
                DBClusterIdentifier=cluster.id,
                DBInstanceClass=request.db_instance_class,
                Engine=cluster.engine,
                PubliclyAccessible=False,
                AutoMinorVersionUpgrade=request.auto_minor_version_upgrade,
                Tags=tag_list(tags),
                **given(DBParameterGroupName=request.db_parameter_group_name),
            )
        return responses.instance(answer["DBInstance"])

    def set_master_password(self, cluster: Cluster, password: str) -> Cluster:
        """Give the master user this password; calling it again changes nothing.

        One that RDS manages is given up in the same call (botocore: ManageMasterUserPassword).
        """
        is_managed = cluster.master_secret_arn is not None
        with named_errors(f"Changing the master password of {cluster.id} in {self._region}"):
            answer = self._client.modify_db_cluster(
                DBClusterIdentifier=cluster.id,
                MasterUserPassword=password,
                ApplyImmediately=True,
                **given(ManageMasterUserPassword=False if is_managed else None),
            )
        return responses.cluster(answer["DBCluster"])

    def ensure_managed_password(self, cluster: Cluster) -> Cluster:
        """Let RDS manage the master user's password, in a secret of its own."""
        if cluster.master_secret_arn:
            return cluster
        with named_errors(f"Letting RDS manage the master password of {cluster.id}"):
            answer = self._client.modify_db_cluster(
                DBClusterIdentifier=cluster.id, ManageMasterUserPassword=True, ApplyImmediately=True
            )
        return responses.cluster(answer["DBCluster"])

    # Renaming

    def rename(self, cluster: Cluster, new_id: str) -> None:
        """Start giving a cluster another id; its endpoints change with it, its instances stay."""
        with named_errors(f"Renaming cluster {cluster.id} to {new_id} in {self._region}"):
            self._client.modify_db_cluster(
                DBClusterIdentifier=cluster.id,
                NewDBClusterIdentifier=new_id,
                ApplyImmediately=True,
            )

    def stop(self, cluster: Cluster) -> None:
        """Start stopping a cluster with all of its instances."""
        with named_errors(f"Stopping cluster {cluster.id} in {self._region}"):
            self._client.stop_db_cluster(DBClusterIdentifier=cluster.id)

    def start(self, cluster: Cluster) -> None:
        """Start a cluster that has stopped, with all of its instances."""
        with named_errors(f"Starting cluster {cluster.id} in {self._region}"):
            self._client.start_db_cluster(DBClusterIdentifier=cluster.id)

    def ensure_rebooted(self, instance: Instance) -> None:
        """Start rebooting an instance that has sessions; any status but available has none."""
        if not instance.is_available:
            return
        with named_errors(f"Rebooting instance {instance.id} in {self._region}"):
            try:
                self._client.reboot_db_instance(DBInstanceIdentifier=instance.id)
            except self._client.exceptions.DBInstanceNotFoundFault:
                return

    def tag(self, cluster: Cluster, tags: Mapping[str, str]) -> None:
        """Add tags to a cluster; doing it again changes nothing."""
        with named_errors(f"Tagging cluster {cluster.id} in {self._region}"):
            self._client.add_tags_to_resource(ResourceName=cluster.arn, Tags=tag_list(tags))

    # Deleting

    def ensure_instance_deleted(self, instance: Instance) -> None:
        """Start deleting an instance, unless it is being deleted already."""
        if instance.is_deleting:
            return
        with named_errors(f"Deleting instance {instance.id} in {self._region}"):
            try:
                self._client.delete_db_instance(
                    DBInstanceIdentifier=instance.id, SkipFinalSnapshot=True
                )
            except self._client.exceptions.DBInstanceNotFoundFault:
                return

    def ensure_emptied_and_deleted(
        self, cluster: Cluster, final_snapshot_id: str | None, *, keeps_backups: bool
    ) -> None:
        """Start deleting a cluster that nobody uses together with all of its instances."""
        for instance in self.instances(cluster.id):
            self.ensure_instance_deleted(instance)
        self.ensure_cluster_deleted(cluster, final_snapshot_id, keeps_backups=keeps_backups)

    def ensure_cluster_deleted(
        self, cluster: Cluster, final_snapshot_id: str | None, *, keeps_backups: bool
    ) -> None:
        """Start deleting a cluster without instances, with a final snapshot when one is named.

        Automated backups go, too, unless there would be nothing else and `keeps_backups` says so.
        Those that AWS Backup needs cannot go.
        """
        if cluster.is_deleting:
            return
        keeps = cluster.keeps_backups(final_snapshot_id, unless_saved=keeps_backups)
        final = given(FinalDBSnapshotIdentifier=final_snapshot_id)
        with named_errors(f"Deleting cluster {cluster.id} in {self._region}"):
            try:
                self._client.delete_db_cluster(
                    DBClusterIdentifier=cluster.id,
                    SkipFinalSnapshot=final_snapshot_id is None,
                    DeleteAutomatedBackups=not keeps,
                    **final,
                )
            except self._client.exceptions.DBClusterNotFoundFault:
                return


def _wanted(request: RestoreRequest) -> dict[str, Any]:
    """What the request says about the cluster, as far as it can be set at the restore."""
    scaling = request.serverless_v2
    return given(
        VpcSecurityGroupIds=list(request.vpc_security_group_ids),
        DBSubnetGroupName=request.db_subnet_group_name,
        DBClusterParameterGroupName=request.db_cluster_parameter_group_name,
        Port=request.port,
        BackupRetentionPeriod=request.backup_retention_days,
        EnableCloudwatchLogsExports=list(request.log_exports),
        KmsKeyId=request.kms_key_id,
        ServerlessV2ScalingConfiguration=scaling
        and {"MinCapacity": scaling.min_capacity, "MaxCapacity": scaling.max_capacity},
    )
