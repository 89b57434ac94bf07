"""The instances of clusters: they make a cluster answer."""

from local.aurora.actions.offers import SERVERLESS, is_orderable
from local.aurora.model.region import Region
from local.aurora.model.resources import Cluster, Instance
from local.aurora.model.simulation import Simulation
from local.aurora.rules.engines import engine
from local.aurora.rules.errors import Fault, cluster_busy, invalid_combination, invalid_value
from local.aurora.rules.parameters import Parameters, legal_identifier, legal_tags


class Instances:
    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._timeline = simulation.timeline
        self._storage = simulation.storage

    def create(self, region: Region, parameters: Parameters) -> Instance:
        """Start an instance in a cluster. The first one is the writer."""
        identifier = legal_identifier(parameters["DBInstanceIdentifier"], "DBInstanceIdentifier")
        if identifier in region.instances:
            raise Fault("DBInstanceAlreadyExists", f"DB instance {identifier} already exists.")
        cluster = region.cluster(parameters["DBClusterIdentifier"])
        if cluster.status != "available":
            raise cluster_busy(cluster.identifier, cluster.status)
        if len(region.instances) >= self._simulation.quotas.instances:
            raise Fault("InstanceQuotaExceeded", "The account has as many instances as it may.")
        self._check_fits(region, cluster, parameters)
        instance = Instance(
            region=region.name,
            account_id=region.account_id,
            status="creating",
            tag_list=legal_tags(parameters.get("Tags")),
            db_instance_identifier=identifier,
            instance_create_time=self._timeline.now(),
            db_instance_class=parameters["DBInstanceClass"],
            cluster=cluster,
            is_cluster_writer=_writer(cluster) is None,
            promotion_tier=parameters.get("PromotionTier", 1),
            parameter_group=self._parameter_group(region, cluster, parameters),
            publicly_accessible=bool(parameters.get("PubliclyAccessible")),
            auto_minor_version_upgrade=bool(parameters.get("AutoMinorVersionUpgrade", True)),
        )
        region.instances[identifier] = instance
        cluster.members.append(instance)
        self._timeline.start("instance", instance, lambda: self._finish(instance))
        return instance

    def delete(self, region: Region, parameters: Parameters) -> Instance:
        """Start deleting an instance, also a protected cluster's last one."""
        instance = region.instance(parameters["DBInstanceIdentifier"])
        if "FinalDBSnapshotIdentifier" in parameters:
            raise invalid_combination(
                "FinalDBSnapshotIdentifier cannot be given for an instance of a cluster."
            )
        if instance.status == "deleting":
            raise Fault(
                "InvalidDBInstanceState", f"DB instance {instance.identifier} is being deleted."
            )
        self._timeline.cancel(instance)
        instance.status = "deleting"
        self._fail_over(instance.cluster)
        self._storage.route(instance.cluster)
        self._timeline.start("delete_instance", instance, lambda: self._remove(region, instance))
        return instance

    def reboot(self, region: Region, parameters: Parameters) -> Instance:
        """Restart an instance, which ends its sessions. With the writer, readers restart, too."""
        instance = region.instance(parameters["DBInstanceIdentifier"])
        if instance.status != "available":
            raise Fault(
                "InvalidDBInstanceState",
                f"DB instance {instance.identifier} is {instance.status}, not available.",
            )
        if parameters.get("ForceFailover"):
            raise invalid_combination("A reboot with failover is not simulated.")
        instance.status = "rebooting"
        self._storage.route(instance.cluster)
        self._timeline.start("reboot", instance, lambda: self._finish(instance))
        return instance

    @staticmethod
    def _check_fits(region: Region, cluster: Cluster, parameters: Parameters) -> None:
        if parameters["Engine"] != cluster.engine:
            raise invalid_combination(f"The engine of the DB cluster is {cluster.engine}.")
        if parameters.get("EngineVersion", cluster.engine_version) != cluster.engine_version:
            raise invalid_combination(f"The version of the DB cluster is {cluster.engine_version}.")
        subnet_group = parameters.get("DBSubnetGroupName", cluster.db_subnet_group)
        if region.subnet_group(subnet_group) != cluster.db_subnet_group:
            raise invalid_combination(
                f"The subnet group of the DB cluster is {cluster.db_subnet_group}."
            )
        instance_class = parameters["DBInstanceClass"]
        if not instance_class.startswith("db."):
            raise invalid_value(f"There is no DB instance class {instance_class}.")
        if not is_orderable(instance_class):
            raise invalid_combination(
                f"RDS does not support creating a DB instance of class {instance_class}, engine "
                f"{cluster.engine}, version {cluster.engine_version}."
            )
        if instance_class == SERVERLESS and not cluster.serverless_v2_scaling_configuration:
            raise Fault(
                "InvalidDBClusterStateFault",
                "The DB cluster has no Serverless v2 scaling configuration: set it first.",
            )

    def _parameter_group(self, region: Region, cluster: Cluster, parameters: Parameters) -> str:
        its_engine = engine(cluster.engine, self._simulation.postgresql_version)
        return region.instance_parameter_group(
            parameters.get("DBParameterGroupName"),
            its_engine.parameter_group_family(cluster.engine_version),
        )

    def _finish(self, instance: Instance) -> None:
        instance.status = "available"
        instance.has_endpoint = True
        self._storage.route(instance.cluster)

    @staticmethod
    def _fail_over(cluster: Cluster) -> None:
        """Let an available reader write when the writer is on its way out."""
        readers = [instance for instance in cluster.members if instance.status == "available"]
        if _writer(cluster) is None and readers:
            for instance in cluster.members:
                instance.is_cluster_writer = False
            min(readers, key=lambda reader: reader.promotion_tier).is_cluster_writer = True

    @staticmethod
    def _remove(region: Region, instance: Instance) -> None:
        del region.instances[instance.identifier]
        instance.cluster.members.remove(instance)


def _writer(cluster: Cluster) -> Instance | None:
    """The writer, unless it is being deleted."""
    return next(
        (
            instance
            for instance in cluster.members
            if instance.is_cluster_writer and instance.status != "deleting"
        ),
        None,
    )
