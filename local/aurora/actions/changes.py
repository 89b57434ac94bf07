"""Clusters change: names, passwords, settings; they stop, start, and part."""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name

from local.aurora.actions.passwords import MasterPasswords
from local.aurora.model.region import Region
from local.aurora.model.resources import Cluster
from local.aurora.model.simulation import Simulation
from local.aurora.rules.engines import engine
from local.aurora.rules.errors import (
    Fault,
    cluster_busy,
    cluster_exists,
    cluster_not_found,
    invalid_combination,
)
from local.aurora.rules.parameters import Parameters, legal_identifier, legal_scaling

_SIMPLE_SETTINGS: Mapping[str, str] = {
    "BackupRetentionPeriod": "backup_retention_period",
    "CopyTagsToSnapshot": "copy_tags_to_snapshot",
    "DeletionProtection": "deletion_protection",
    "EnableIAMDatabaseAuthentication": "iam_database_authentication_enabled",
    "EngineLifecycleSupport": "engine_lifecycle_support",
    "StorageType": "storage_type",
}
"""Parameters that become an attribute of the cluster just as they are."""

_SIMULATED = {
    "ApplyImmediately",
    "DBClusterIdentifier",
    "DBClusterParameterGroupName",
    "EngineVersion",
    "ManageMasterUserPassword",
    "MasterUserPassword",
    "MasterUserSecretKmsKeyId",
    "NewDBClusterIdentifier",
    "ServerlessV2ScalingConfiguration",
    "VpcSecurityGroupIds",
    *_SIMPLE_SETTINGS,
}


class Changes:
    def __init__(self, simulation: Simulation, passwords: MasterPasswords) -> None:
        self._simulation = simulation
        self._timeline = simulation.timeline
        self._storage = simulation.storage
        self._passwords = passwords

    def modify(self, region: Region, parameters: Parameters) -> Cluster:
        """Change settings at once; passwords and names take their time.

        A new name or version without `ApplyImmediately` stays pending: no maintenance window ever
        comes. A rename applies the version that is pending, too (older API references).
        """
        cluster = self._available(region, parameters)
        if unknown := set(parameters) - {xform_name(name) for name in _SIMULATED}:
            raise invalid_combination(f"Not simulated in ModifyDBCluster: {sorted(unknown)}.")
        self._passwords.check(cluster, parameters)
        new_name = self._new_name(region, cluster, parameters)
        if (new_version := self._new_version(cluster, parameters)) is not None:
            cluster.pending_modified_values["EngineVersion"] = new_version
        for attribute, value in self._new_settings(region, cluster, parameters).items():
            setattr(cluster, attribute, value)
        self._passwords.change(region, cluster, parameters)
        if new_name is not None:
            cluster.pending_modified_values["DBClusterIdentifier"] = new_name
            if parameters.get("ApplyImmediately"):
                self._start_renaming(region, cluster, new_name)
        return cluster

    def stop(self, region: Region, parameters: Parameters) -> Cluster:
        cluster = self._available(region, parameters)
        cluster.status = "stopping"
        cluster.certified_names = ()
        self._timeline.start("stop", cluster, lambda: self._arrive(cluster, "stopped"))
        return cluster

    def start(self, region: Region, parameters: Parameters) -> Cluster:
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        if cluster.status != "stopped":
            raise cluster_busy(cluster.identifier, cluster.status)
        cluster.status = "starting"
        self._timeline.start("start", cluster, lambda: self._arrive(cluster, "available"))
        return cluster

    def detach(self, region: Region, parameters: Parameters) -> Any:
        """Take a cluster out of its global cluster, and return the global cluster."""
        cluster = region.cluster(parameters["DbClusterIdentifier"])
        identifier = parameters["GlobalClusterIdentifier"]
        global_cluster = region.global_clusters.get(identifier)
        if global_cluster is None:
            raise Fault("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found.")
        if cluster not in global_cluster.members:
            raise cluster_not_found(cluster.arn)
        global_cluster.members.remove(cluster)
        cluster.global_cluster_identifier = None
        return global_cluster

    @staticmethod
    def _available(region: Region, parameters: Parameters) -> Cluster:
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        if cluster.status != "available":
            raise cluster_busy(cluster.identifier, cluster.status)
        return cluster

    @staticmethod
    def _new_name(region: Region, cluster: Cluster, parameters: Parameters) -> str | None:
        if "NewDBClusterIdentifier" not in parameters:
            return None
        if cluster.becoming or cluster.formerly:
            raise cluster_busy(cluster.identifier, "renaming")
        name = legal_identifier(parameters["NewDBClusterIdentifier"], "NewDBClusterIdentifier")
        if region.is_taken(name):
            raise cluster_exists(name)
        return name

    def _new_version(self, cluster: Cluster, parameters: Parameters) -> str | None:
        """The version that a cluster is to have from its maintenance window on."""
        if "EngineVersion" not in parameters:
            return None
        if parameters.get("ApplyImmediately"):
            raise invalid_combination("An upgrade that is not left pending is not simulated.")
        its_engine = engine(cluster.engine, self._simulation.postgresql_version)
        version = its_engine.version(parameters["EngineVersion"])
        if version not in its_engine.upgrades(cluster.engine_version):
            raise invalid_combination(
                f"Cannot upgrade {cluster.engine} from {cluster.engine_version} to {version}"
            )
        return version

    def _new_settings(
        self, region: Region, cluster: Cluster, parameters: Parameters
    ) -> dict[str, Any]:
        settings = {
            attribute: parameters[name]
            for name, attribute in _SIMPLE_SETTINGS.items()
            if name in parameters
        }
        if "ServerlessV2ScalingConfiguration" in parameters:
            settings["serverless_v2_scaling_configuration"] = legal_scaling(
                parameters["ServerlessV2ScalingConfiguration"]
            )
        if "VpcSecurityGroupIds" in parameters:
            settings["vpc_security_group_ids"] = region.security_groups(
                parameters["VpcSecurityGroupIds"], cluster.db_subnet_group
            )
        if "DBClusterParameterGroupName" in parameters:
            its_engine = engine(cluster.engine, self._simulation.postgresql_version)
            settings["db_cluster_parameter_group"] = region.cluster_parameter_group(
                parameters["DBClusterParameterGroupName"],
                its_engine.parameter_group_family(cluster.engine_version),
            )
        return settings

    def _start_renaming(self, region: Region, cluster: Cluster, new_name: str) -> None:
        """Rename as RDS does: pending, renaming, found nowhere, and for a while under both names.

        Of a Multi-AZ cluster the user guide says (*Renaming a Multi-AZ DB cluster*) that the old
        DNS name is deleted, that the new one takes about two minutes, and that the cluster is not
        available until then. What the API lists in between nobody has recorded; this is the worst.
        """
        cluster.becoming = new_name

        def begin() -> None:
            cluster.status = "renaming"
            self._timeline.start("rename", cluster, vanish, afterwards=give_up)

        def give_up() -> None:
            if not cluster.is_absent:
                cluster.becoming = None

        def vanish() -> None:
            cluster.is_absent = True
            self._timeline.start("absent", cluster, appear)

        def appear() -> None:
            del region.clusters[cluster.identifier]
            cluster.formerly, cluster.becoming = cluster.identifier, None
            cluster.db_cluster_identifier = new_name
            region.clusters[new_name] = cluster
            cluster.status = "available"
            cluster.is_absent = False
            del cluster.pending_modified_values["DBClusterIdentifier"]
            cluster.engine_version = cluster.pending_modified_values.pop(
                "EngineVersion", cluster.engine_version
            )
            self._storage.route(cluster)
            self._timeline.start("echo", cluster, fade)

        def fade() -> None:
            cluster.formerly = None

        self._timeline.start("pending", cluster, begin)

    def _arrive(self, cluster: Cluster, status: str) -> None:
        cluster.status = status
        for instance in cluster.members:
            instance.status = status
        self._storage.route(cluster)
