"""Clusters come: created empty, or restored from a snapshot."""

from local.aurora.actions.new_cluster import new_cluster
from local.aurora.actions.passwords import MasterPasswords
from local.aurora.actions.snapshots import check_available
from local.aurora.model.region import DEFAULT_KEY, Region
from local.aurora.model.resources import Cluster, Snapshot
from local.aurora.model.simulation import Simulation
from local.aurora.rules.engines import engine
from local.aurora.rules.errors import invalid_combination, invalid_value, snapshot_not_found
from local.aurora.rules.parameters import Parameters, legal_password, legal_tags, without_reserved
from local.aurora.rules.versions import upgraded


class Clusters:
    def __init__(self, simulation: Simulation, passwords: MasterPasswords) -> None:
        self._simulation = simulation
        self._passwords = passwords

    def create(self, region: Region, parameters: Parameters) -> Cluster:
        if "GlobalClusterIdentifier" in parameters:
            raise invalid_combination("Secondary clusters of global clusters are not simulated.")
        username = parameters.get("MasterUsername")
        if not username:
            raise invalid_value("MasterUsername must be given.")
        is_managed = bool(parameters.get("ManageMasterUserPassword"))
        if is_managed == ("MasterUserPassword" in parameters):
            raise invalid_combination(
                "Either MasterUserPassword or ManageMasterUserPassword must be given."
            )
        password = None if is_managed else legal_password(parameters["MasterUserPassword"])
        is_encrypted = bool(parameters.get("StorageEncrypted") or parameters.get("KmsKeyId"))
        cluster = new_cluster(
            self._simulation,
            region,
            parameters,
            status="creating",
            master_username=username,
            key=region.key_arn(parameters.get("KmsKeyId", DEFAULT_KEY)) if is_encrypted else None,
        )
        cluster.tag_list = legal_tags(parameters.get("Tags"))
        if source_arn := parameters.get("ReplicationSourceIdentifier"):
            cluster.replication_source_identifier = source_arn
            Region.of(source_arn).cluster(source_arn).read_replica_identifiers.append(cluster.arn)
        if password is None:
            secret_key = parameters.get("MasterUserSecretKmsKeyId")
            password = self._passwords.create_secret(region, cluster, secret_key)
        self._start_creating(cluster, password)
        region.clusters[cluster.identifier] = cluster
        return cluster

    def restore(self, region: Region, parameters: Parameters) -> Cluster:
        """Start a cluster on a copy of a snapshot's data. It has no instance, now or later."""
        snapshot = region.snapshot(parameters["SnapshotIdentifier"])
        if snapshot.region != region.name:
            raise snapshot_not_found(parameters["SnapshotIdentifier"])
        check_available(snapshot)
        cluster = new_cluster(
            self._simulation,
            region,
            parameters,
            status=self._simulation.restore_status,
            master_username=snapshot.master_username,
            key=_key_of_restore(region, snapshot, parameters.get("KmsKeyId")),
            snapshot=snapshot,
        )
        cluster.database_name = snapshot.database_name
        cluster.tag_list = (
            legal_tags(parameters["Tags"])
            if "Tags" in parameters
            else without_reserved(snapshot.tag_list)
        )
        self._start_restoring(cluster, snapshot)
        region.clusters[cluster.identifier] = cluster
        return cluster

    def _start_creating(self, cluster: Cluster, password: str) -> None:
        def finish() -> None:
            cluster.volume = self._simulation.storage.create(
                cluster.master_username, password, cluster.database_name
            )
            cluster.status = "available"
            if cluster.master_user_secret is not None:
                region = Region(cluster.account_id, cluster.region)
                self._passwords.activate_secret(region, cluster, password)

        self._simulation.timeline.start("cluster", cluster, finish)

    def _start_restoring(self, cluster: Cluster, snapshot: Snapshot) -> None:
        """The cluster keeps its major version past standard support only if that is paid for."""
        storage = self._simulation.storage
        source = storage.hold(snapshot.volume)
        cluster.volume = source

        def finish() -> None:
            cluster.volume = storage.copy(source)
            storage.release(source)
            if cluster.engine_lifecycle_support.endswith("-disabled"):
                self._upgrade(cluster)
            cluster.status = "available"

        self._simulation.timeline.start("restore", cluster, finish)

    def _upgrade(self, cluster: Cluster) -> None:
        default, now = self._simulation.postgresql_version, self._simulation.timeline.now()
        version = upgraded(cluster.engine_version, default, now)
        if version != cluster.engine_version:
            cluster.engine_version = version
            family = engine(cluster.engine, default).parameter_group_family(version)
            cluster.db_cluster_parameter_group = f"default.{family}"


def _key_of_restore(region: Region, snapshot: Snapshot, requested: str | None) -> str | None:
    """The snapshot's own key if no other is requested; none for an unencrypted snapshot."""
    if snapshot.kms_key_id is not None:
        kept_key = region.readable_key_arn(snapshot)
        return region.key_arn(requested) if requested else kept_key
    return region.key_arn(requested) if requested else None
