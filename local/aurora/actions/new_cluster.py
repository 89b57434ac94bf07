"""What creating and restoring a cluster have in common."""

from local.aurora.model.region import Region
from local.aurora.model.resources import Cluster, Snapshot
from local.aurora.model.simulation import Simulation
from local.aurora.rules.engines import engine
from local.aurora.rules.errors import Fault, cluster_exists, invalid_combination, invalid_value
from local.aurora.rules.own_role import ensure_service_linked_role
from local.aurora.rules.parameters import Parameters, legal_identifier, legal_scaling
from local.aurora.rules.versions import is_older


def new_cluster(
    simulation: Simulation,
    region: Region,
    parameters: Parameters,
    *,
    status: str,
    master_username: str,
    key: str | None,
    snapshot: Snapshot | None = None,
) -> Cluster:
    """A cluster as the request describes it, once everything that it names was found."""
    identifier = legal_identifier(parameters["DBClusterIdentifier"], "DBClusterIdentifier")
    if region.is_taken(identifier):
        raise cluster_exists(identifier)
    if len(region.clusters) >= simulation.quotas.clusters:
        raise Fault("DBClusterQuotaExceededFault", "The account has as many clusters as it may.")
    its_engine = engine(parameters["Engine"], simulation.postgresql_version)
    version = its_engine.version(parameters.get("EngineVersion"))
    if snapshot is not None:
        _check_engine(snapshot, its_engine.name, version)
    family = its_engine.parameter_group_family(version)
    subnet_group = region.subnet_group(parameters.get("DBSubnetGroupName"))
    default_port = its_engine.default_port if snapshot is None else snapshot.port
    ensure_service_linked_role(region.account_id)
    return Cluster(
        region=region.name,
        account_id=region.account_id,
        status=status,
        db_cluster_identifier=identifier,
        cluster_create_time=simulation.timeline.now(),
        engine=its_engine.name,
        engine_version=version,
        engine_lifecycle_support=parameters.get(
            "EngineLifecycleSupport", "open-source-rds-extended-support"
        ),
        master_username=master_username,
        database_name=parameters.get("DatabaseName"),
        requested_port=parameters.get("Port") or default_port,
        kms_key_id=key,
        cluster_scalability_type=parameters.get("ClusterScalabilityType", "standard"),
        storage_type=parameters.get("StorageType", "aurora"),
        backup_retention_period=_retention(parameters, snapshot),
        db_subnet_group=subnet_group,
        vpc_security_group_ids=region.security_groups(
            parameters.get("VpcSecurityGroupIds"), subnet_group
        ),
        db_cluster_parameter_group=region.cluster_parameter_group(
            parameters.get("DBClusterParameterGroupName"), family
        ),
        deletion_protection=bool(parameters.get("DeletionProtection")),
        copy_tags_to_snapshot=bool(parameters.get("CopyTagsToSnapshot")),
        iam_database_authentication_enabled=bool(parameters.get("EnableIAMDatabaseAuthentication")),
        enabled_cloudwatch_logs_exports=list(parameters.get("EnableCloudwatchLogsExports", [])),
        serverless_v2_scaling_configuration=legal_scaling(
            parameters.get("ServerlessV2ScalingConfiguration")
        ),
    )


def _retention(parameters: Parameters, snapshot: Snapshot | None) -> int:
    """How long backups are kept: left out, as long as the snapshot's cluster kept them."""
    kept = 1 if snapshot is None else snapshot.backup_retention_period
    days: int = parameters.get("BackupRetentionPeriod", kept)
    if not 1 <= days <= 35:
        raise invalid_value("BackupRetentionPeriod goes from 1 to 35.")
    return days


def _check_engine(snapshot: Snapshot, engine_name: str, version: str) -> None:
    if snapshot.engine != engine_name:
        raise invalid_combination(f"The snapshot holds a cluster of {snapshot.engine}.")
    # In RDS's words: aws-samples/redcap-on-aws#99.
    if is_older(version, snapshot.engine_version):
        raise invalid_combination(
            f"The engine version you requested for your restored DB cluster ({version}) is earlier "
            f"than the engine version of the DB cluster snapshot ({snapshot.engine_version})."
        )
