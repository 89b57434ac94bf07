"""The simulated operations behind moto's parsing of requests and writing of answers."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.rds.responses import RDSResponse

from local.aurora.actions.changes import Changes
from local.aurora.actions.clusters import Clusters
from local.aurora.actions.deletions import Deletions
from local.aurora.actions.exports import Exports
from local.aurora.actions.instances import Instances
from local.aurora.actions.offers import (
    account_quotas,
    automated_backups,
    delete_automated_backup,
    engine_versions,
    orderable,
)
from local.aurora.actions.sharing import share
from local.aurora.actions.snapshots import Snapshots
from local.aurora.actions.ties import (
    associate_role,
    check_untied,
    create_deployment,
    create_integration,
    ties,
)
from local.aurora.model.limits import Quotas
from local.aurora.model.region import Region
from local.aurora.model.resources import Cluster, Instance, Resource, Snapshot
from local.aurora.model.timeline import Timeline
from local.aurora.rules.errors import invalid_combination, invalid_value, parameter_group_not_found
from local.aurora.rules.versions import described_majors


@dataclass(frozen=True)
class Operations:
    """Everything the API can do; the lock is held from request to answer."""

    lock: threading.RLock
    timeline: Timeline
    quotas: Quotas
    postgresql_version: str
    clusters: Clusters
    changes: Changes
    deletions: Deletions
    instances: Instances
    snapshots: Snapshots
    exports: Exports


class AuroraResponse(RDSResponse):  # type: ignore[misc]  # moto is not typed
    """moto's RDS, with clusters that behave like Aurora's.

    Operations that have nothing to do with clusters stay moto's own. So do those that only read
    or tag: they find the simulator's clusters and instances where moto's would be.
    """

    operations: ClassVar[Operations]

    def call_action(self) -> Any:
        with self.operations.lock:
            self.operations.timeline.advance()
            try:
                return super().call_action()
            finally:
                self.operations.timeline.notify()

    @property
    def _place(self) -> Region:
        return Region(self.current_account, self.region)

    def create_db_cluster(self) -> ActionResult:
        return _cluster(self.operations.clusters.create(self._place, self.params))

    def restore_db_cluster_from_snapshot(self) -> ActionResult:
        return _cluster(self.operations.clusters.restore(self._place, self.params))

    def modify_db_cluster(self) -> ActionResult:
        if "NewDBClusterIdentifier" in self.params:
            check_untied(self._place, self.params)
        return _cluster(self.operations.changes.modify(self._place, self.params))

    def stop_db_cluster(self) -> ActionResult:
        return _cluster(self.operations.changes.stop(self._place, self.params))

    def start_db_cluster(self) -> ActionResult:
        return _cluster(self.operations.changes.start(self._place, self.params))

    def remove_from_global_cluster(self) -> ActionResult:
        global_cluster = self.operations.changes.detach(self._place, self.params)
        return ActionResult({"GlobalCluster": global_cluster})

    def delete_db_cluster(self) -> ActionResult:
        check_untied(self._place, self.params)
        return _cluster(self.operations.deletions.delete(self._place, self.params))

    def describe_db_clusters(self) -> ActionResult:
        if identifier := self.params.get("DBClusterIdentifier"):
            return self._page("DBClusters", _by_arn([self._place.listed(identifier)]))
        filters = {each["Name"]: list(each["Values"]) for each in self.params.get("Filters", [])}
        clusters = self.backend.describe_db_clusters(filters=filters)
        present = [cluster for cluster in clusters if not cluster.is_absent]
        echoes = [echo for cluster in present if (echo := cluster.echo)]
        return self._page("DBClusters", _by_arn([*present, *echoes]))

    def create_db_instance(self) -> ActionResult:
        if "DBClusterIdentifier" not in self.params:
            return super().create_db_instance()
        return _instance(self.operations.instances.create(self._place, self.params))

    def modify_db_instance(self) -> ActionResult:
        if self._is_in_cluster(self.params["DBInstanceIdentifier"]):
            raise invalid_combination("ModifyDBInstance is not simulated for members of clusters.")
        return super().modify_db_instance()

    def delete_db_instance(self) -> ActionResult:
        if not self._is_in_cluster(self.params["DBInstanceIdentifier"]):
            return super().delete_db_instance()
        return _instance(self.operations.instances.delete(self._place, self.params))

    def reboot_db_instance(self) -> ActionResult:
        if not self._is_in_cluster(self.params["DBInstanceIdentifier"]):
            return super().reboot_db_instance()
        return _instance(self.operations.instances.reboot(self._place, self.params))

    def create_db_cluster_snapshot(self) -> ActionResult:
        return _snapshot(self.operations.snapshots.create(self._place, self.params))

    def copy_db_cluster_snapshot(self) -> ActionResult:
        return _snapshot(self.operations.snapshots.copy(self._place, self.params))

    def delete_db_cluster_snapshot(self) -> ActionResult:
        return _snapshot(self.operations.snapshots.delete(self._place, self.params))

    def describe_db_cluster_snapshots(self) -> ActionResult:
        snapshots = self.operations.snapshots.describe(self._place, self.params)
        return self._page("DBClusterSnapshots", _by_arn(snapshots))

    def describe_db_cluster_snapshot_attributes(self) -> ActionResult:
        return _attributes(self._place.snapshot(self.params["DBClusterSnapshotIdentifier"]))

    def modify_db_cluster_snapshot_attribute(self) -> ActionResult:
        return _attributes(share(self._place, self.params, self.operations.quotas))

    def describe_db_cluster_automated_backups(self) -> ActionResult:
        backups = automated_backups(self._place, self.params, self.operations.timeline.now())
        return self._page("DBClusterAutomatedBackups", backups)

    def delete_db_cluster_automated_backup(self) -> ActionResult:
        backup = delete_automated_backup(self._place, self.params, self.operations.timeline.now())
        return ActionResult({"DBClusterAutomatedBackup": backup})

    def describe_account_attributes(self) -> ActionResult:
        return ActionResult({"AccountQuotas": account_quotas(self._place, self.operations.quotas)})

    def describe_orderable_db_instance_options(self) -> ActionResult:
        options = orderable(self.params, self.operations.postgresql_version)
        return ActionResult({"OrderableDBInstanceOptions": options})

    def describe_db_engine_versions(self) -> ActionResult:
        versions = engine_versions(self.params, self.operations.postgresql_version)
        return self._page("DBEngineVersions", versions)

    def describe_db_major_engine_versions(self) -> ActionResult:
        majors = described_majors(self.params.get("MajorEngineVersion"))
        return ActionResult({"DBMajorEngineVersions": majors})

    def create_blue_green_deployment(self) -> ActionResult:
        return ActionResult({"BlueGreenDeployment": create_deployment(self._place, self.params)})

    def describe_blue_green_deployments(self) -> ActionResult:
        return self._page("BlueGreenDeployments", ties(self._place, "BlueGreenDeploymentName"))

    def create_integration(self) -> ActionResult:
        return ActionResult(create_integration(self._place, self.params))

    def add_role_to_db_cluster(self) -> ActionResult:
        associate_role(self._place, self.params)
        return ActionResult({})

    def describe_integrations(self) -> ActionResult:
        return self._page("Integrations", ties(self._place, "IntegrationName"))

    def start_export_task(self) -> ActionResult:
        return ActionResult(self.operations.exports.start(self._place, self.params))

    def cancel_export_task(self) -> ActionResult:
        return ActionResult(self.operations.exports.cancel(self._place, self.params))

    def describe_export_tasks(self) -> ActionResult:
        tasks = self.operations.exports.describe(self._place, self.params)
        return self._page("ExportTasks", {task.identifier: task for task in tasks})

    def describe_db_subnet_groups(self) -> ActionResult:
        if self.params.get("DBSubnetGroupName") != "default":
            return super().describe_db_subnet_groups()
        return ActionResult({"DBSubnetGroups": [self._place.default_subnet_group()]})

    def describe_db_parameter_groups(self) -> ActionResult:
        name = self.params.get("DBParameterGroupName", "default.")
        if not name.startswith("default.") and name not in self.backend.db_parameter_groups:
            raise parameter_group_not_found(name)
        return super().describe_db_parameter_groups()

    def _refuse(self) -> ActionResult:
        raise invalid_combination("This operation is not simulated.")

    failover_db_cluster = _refuse
    promote_read_replica_db_cluster = _refuse
    restore_db_cluster_to_point_in_time = _refuse

    def _is_in_cluster(self, instance_id: str) -> bool:
        return isinstance(self._place.instances.get(instance_id), Instance)

    def _page(self, key: str, listed: Mapping[str, Any]) -> ActionResult:
        """One page of a listing; a marker is the last name of the page before."""
        size = self.params.get("MaxRecords", 100)
        if not 20 <= size <= 100:
            raise invalid_value("MaxRecords goes from 20 to 100.")
        marker = self.params.get("Marker", "")
        remaining = sorted(name for name in listed if name > marker)
        page = remaining[:size]
        next_marker = page[-1] if len(remaining) > size else None
        return ActionResult({key: [listed[name] for name in page], "Marker": next_marker})


def _by_arn(resources: Iterable[Resource]) -> dict[str, Resource]:
    return {resource.arn: resource for resource in resources}


def _cluster(cluster: Cluster) -> ActionResult:
    return ActionResult({"DBCluster": cluster})


def _instance(instance: Instance) -> ActionResult:
    return ActionResult({"DBInstance": instance})


def _snapshot(snapshot: Snapshot) -> ActionResult:
    return ActionResult({"DBClusterSnapshot": snapshot})


def _attributes(snapshot: Snapshot) -> ActionResult:
    attributes = [
        {"AttributeName": name, "AttributeValues": values}
        for name, values in snapshot.attributes.items()
    ]
    return ActionResult(
        {
            "DBClusterSnapshotAttributesResult": {
                "DBClusterSnapshotIdentifier": snapshot.db_cluster_snapshot_identifier,
                "DBClusterSnapshotAttributes": attributes,
            }
        }
    )
