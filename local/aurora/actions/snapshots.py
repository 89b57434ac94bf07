"""Cluster snapshots: taken, copied, found, deleted."""

from collections.abc import Callable
from dataclasses import replace

from local.aurora.model.region import Region
from local.aurora.model.resources import Cluster, Snapshot
from local.aurora.model.simulation import Simulation
from local.aurora.rules.errors import (
    cluster_busy,
    invalid_combination,
    invalid_value,
    snapshot_exists,
    snapshot_not_found,
    snapshot_quota,
    snapshot_unusable,
)
from local.aurora.rules.parameters import (
    Parameters,
    Tags,
    legal_identifier,
    legal_tags,
    without_reserved,
)


class Snapshots:
    def __init__(self, simulation: Simulation) -> None:
        self._timeline = simulation.timeline
        self._storage = simulation.storage
        self._quotas = simulation.quotas

    def create(self, region: Region, parameters: Parameters) -> Snapshot:
        identifier = self.new_identifier(region, parameters, "DBClusterSnapshotIdentifier")
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        if cluster.status != "available":
            raise cluster_busy(cluster.identifier, cluster.status)
        tags = legal_tags(parameters.get("Tags")) if "Tags" in parameters else None
        return self.take(region, cluster, identifier, tags)

    def new_identifier(self, region: Region, parameters: Parameters, parameter: str) -> str:
        """The identifier of a manual snapshot that may be made: legal, free, within the quota."""
        identifier = legal_identifier(parameters[parameter], parameter)
        if identifier in region.snapshots:
            raise snapshot_exists(identifier)
        counted = sum(snapshot.counts_toward_quota for snapshot in region.snapshots.values())
        if counted >= self._quotas.manual_snapshots:
            raise snapshot_quota(
                f"Cannot create more than {self._quotas.manual_snapshots} manual snapshots."
            )
        return identifier

    def take(
        self,
        region: Region,
        cluster: Cluster,
        name: str,
        tags: Tags | None = None,
        snapshot_type: str = "manual",
        *,
        is_final: bool = False,
        afterwards: Callable[[], None] | None = None,
    ) -> Snapshot:
        """Start a snapshot of what is in the cluster now; meanwhile the cluster is backing up.

        Of a final one the cluster's status shows nothing.
        """
        if cluster.volume is None:
            raise cluster_busy(cluster.identifier, cluster.status)
        if tags is None:
            tags = without_reserved(cluster.tag_list) if cluster.copy_tags_to_snapshot else []
        snapshot = Snapshot(
            region=region.name,
            account_id=region.account_id,
            status="creating",
            tag_list=tags,
            name=name,
            db_cluster_identifier=cluster.identifier,
            db_cluster_resource_id=cluster.db_cluster_resource_id,
            snapshot_type=snapshot_type,
            snapshot_create_time=self._timeline.now(),
            cluster_create_time=cluster.cluster_create_time,
            engine=cluster.engine,
            engine_version=cluster.engine_version,
            master_username=cluster.master_username,
            database_name=cluster.database_name,
            port=cluster.requested_port,
            kms_key_id=cluster.kms_key_id,
            is_under_rds_key=cluster.is_under_rds_key,
            allocated_storage=cluster.allocated_storage,
            storage_type=cluster.storage_type,
            iam_database_authentication_enabled=cluster.iam_database_authentication_enabled,
            backup_retention_period=cluster.backup_retention_period,
            volume=self._storage.copy(cluster.volume),
        )
        region.snapshots[name] = snapshot
        if cluster.status == "available" and not is_final:
            cluster.status = "backing-up"

        def end_backup() -> None:
            if cluster.status == "backing-up":
                cluster.status = "available"
            if afterwards:
                afterwards()

        self._timeline.start(
            "snapshot", snapshot, lambda: self._finish(snapshot), afterwards=end_backup
        )
        return snapshot

    def copy(self, region: Region, parameters: Parameters) -> Snapshot:
        """Start a copy in `region` of a snapshot of any region and account.

        It keeps the time at which the original was taken (AWS CLI, example of
        `copy-db-cluster-snapshot`).
        """
        source = region.snapshot(parameters["SourceDBClusterSnapshotIdentifier"])
        check_available(source)
        name = self.new_identifier(region, parameters, "TargetDBClusterSnapshotIdentifier")
        key = self._key_of_copy(region, source, parameters.get("KmsKeyId"))
        tags = legal_tags(parameters.get("Tags"))
        if parameters.get("CopyTags") and not tags:
            tags = without_reserved(source.tag_list)
        if source.region != region.name:
            self._check_concurrent_copies(region)
        copy = replace(
            source,
            region=region.name,
            account_id=region.account_id,
            status="copying",
            tag_list=tags,
            name=name,
            snapshot_type="manual",
            kms_key_id=key,
            percent_progress=0,
            source_db_cluster_snapshot_arn=source.arn,
            attributes={"restore": []},
            volume=self._storage.hold(source.volume),
        )
        region.snapshots[name] = copy
        self._timeline.start("copy", copy, lambda: self._finish(copy))
        return copy

    def describe(self, region: Region, parameters: Parameters) -> list[Snapshot]:
        """The snapshots asked for; by identifier, an automated one only with its type."""
        filters = {each["Name"]: list(each["Values"]) for each in parameters.get("Filters", [])}
        types = filters.pop("snapshot-type", None) or [parameters.get("SnapshotType")]
        identifier = parameters.get("DBClusterSnapshotIdentifier")
        snapshots = self._of_types(region, types, parameters)
        if identifier:
            snapshots = [
                each for each in snapshots if identifier.lower() in (each.identifier, each.arn)
            ]
            snapshots = [
                each for each in snapshots if each.snapshot_type != "automated" or any(types)
            ]
        if cluster := parameters.get("DBClusterIdentifier"):
            filters.setdefault("db-cluster-id", []).append(cluster)
        for name, values in filters.items():
            snapshots = [each for each in snapshots if _filter_value(each, name) in _names(values)]
        if identifier and not snapshots:
            raise snapshot_not_found(identifier)
        for snapshot in snapshots:
            for work in self._timeline.on(snapshot):
                snapshot.percent_progress = work.percent(self._timeline.now())
        return snapshots

    def delete(self, region: Region, parameters: Parameters) -> Snapshot:
        """Start deleting a manual snapshot; a copy that is under way is cancelled by it."""
        identifier = parameters["DBClusterSnapshotIdentifier"]
        snapshot = region.own_snapshot(identifier)
        if snapshot.snapshot_type == "automated":
            raise snapshot_unusable(f"{identifier} is automated: it goes with its cluster.")
        if snapshot.status not in ("available", "copying", "failed"):
            raise snapshot_unusable(f"DB cluster snapshot {identifier} is {snapshot.status}.")
        self._timeline.cancel(snapshot)
        snapshot.status = "deleting"
        self._timeline.start("delete_snapshot", snapshot, lambda: self._remove(region, snapshot))
        return snapshot

    def remove_automated(self, region: Region, cluster: Cluster) -> None:
        """Remove a cluster's automated snapshots, whatever it was called when they were taken."""
        for snapshot in list(region.snapshots.values()):
            is_its_own = snapshot.db_cluster_resource_id == cluster.db_cluster_resource_id
            if is_its_own and snapshot.snapshot_type == "automated":
                self._timeline.cancel(snapshot)
                self._remove(region, snapshot)

    def _remove(self, region: Region, snapshot: Snapshot) -> None:
        self._storage.release(snapshot.volume)
        del region.snapshots[snapshot.identifier]

    @staticmethod
    def _finish(snapshot: Snapshot) -> None:
        snapshot.status = "available"
        snapshot.percent_progress = 100

    @staticmethod
    def _key_of_copy(region: Region, source: Snapshot, requested: str | None) -> str | None:
        if source.kms_key_id is None:
            if requested:
                raise invalid_combination(
                    "KmsKeyId cannot be given for a source that is under no key of KMS: "
                    "a cluster snapshot is not encrypted by copying."
                )
            return None
        region.readable_key_arn(source)
        if requested:
            return region.key_arn(requested)
        if source.region != region.name:
            raise invalid_value(
                "KmsKeyId must be given to copy an encrypted snapshot across regions."
            )
        if source.account_id != region.account_id:
            raise invalid_value("KmsKeyId must be given to copy a shared encrypted snapshot.")
        return source.kms_key_id

    def _check_concurrent_copies(self, region: Region) -> None:
        under_way = sum(
            snapshot.status == "copying"
            and f":rds:{region.name}:" not in (snapshot.source_db_cluster_snapshot_arn or "")
            for snapshot in region.snapshots.values()
        )
        if under_way >= self._quotas.cross_region_copies:
            limit = self._quotas.cross_region_copies
            raise snapshot_quota(f"Cannot copy more than {limit} snapshots across regions.")

    @staticmethod
    def _of_types(
        region: Region, types: list[str | None], parameters: Parameters
    ) -> list[Snapshot]:
        if unknown := set(types) - {None, "automated", "manual", "shared", "public"}:
            raise invalid_value(f"There is no snapshot type {unknown.pop()}.")
        snapshots = [
            snapshot
            for snapshot in region.snapshots.values()
            if None in types or snapshot.snapshot_type in types
        ]
        for kind, flag in (("shared", "IncludeShared"), ("public", "IncludePublic")):
            if kind in types or parameters.get(flag):
                snapshots += [
                    replace(snapshot, is_foreign=True, snapshot_type=kind)
                    for snapshot in region.shared_snapshots(is_public=kind == "public")
                ]
        return snapshots


def check_available(snapshot: Snapshot) -> None:
    """Only such a snapshot can be copied or restored."""
    if snapshot.status != "available":
        raise snapshot_unusable(
            f"DB cluster snapshot {snapshot.identifier} is {snapshot.status}, not available."
        )


def _filter_value(snapshot: Snapshot, name: str) -> str:
    values = {
        "db-cluster-id": snapshot.db_cluster_identifier,
        "db-cluster-snapshot-id": snapshot.identifier,
        "engine": snapshot.engine,
    }
    if name not in values:
        raise invalid_value(f"There is no filter {name}.")
    return values[name]


def _names(values: list[str]) -> set[str]:
    """What a filter's values match: identifiers, also given as ARNs, in any case."""
    return {
        value.lower().split(":", 6)[-1] if value.startswith("arn:") else value.lower()
        for value in values
    }
