"""What RDS describes, read as facts; and what it is given."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.resources import Cluster, ExportTask, Instance, Member, Snapshot

if TYPE_CHECKING:
    from mypy_boto3_rds.type_defs import (
        DBClusterSnapshotTypeDef,
        DBClusterTypeDef,
        DBInstanceTypeDef,
        ExportTaskResponseTypeDef,
        ExportTaskTypeDef,
        TagTypeDef,
    )


def snapshot(told: "DBClusterSnapshotTypeDef") -> Snapshot:
    """A cluster snapshot, from a describe, copy or create answer."""
    return Snapshot(
        id=told["DBClusterSnapshotIdentifier"],
        arn=told["DBClusterSnapshotArn"],
        cluster_id=told.get("DBClusterIdentifier", ""),
        kind=told.get("SnapshotType", ""),
        status=told["Status"],
        percent=told.get("PercentProgress"),
        created_at=told.get("SnapshotCreateTime"),
        engine=told["Engine"],
        engine_version=told.get("EngineVersion", ""),
        encrypted=told.get("StorageEncrypted", False),
        kms_key_id=told.get("KmsKeyId"),
        master_username=told.get("MasterUsername", ""),
        tags=_tags(told.get("TagList", [])),
    )


def cluster(told: "DBClusterTypeDef") -> Cluster:
    """A cluster, from a describe, restore or modify answer."""
    return Cluster(
        id=told["DBClusterIdentifier"],
        arn=told["DBClusterArn"],
        resource_id=told["DbClusterResourceId"],
        status=told["Status"],
        engine=told.get("Engine", ""),
        engine_version=told.get("EngineVersion", ""),
        created_at=told.get("ClusterCreateTime"),
        endpoint=told.get("Endpoint"),
        reader_endpoint=told.get("ReaderEndpoint"),
        port=told.get("Port"),
        master_username=told.get("MasterUsername", ""),
        master_secret_arn=told.get("MasterUserSecret", {}).get("SecretArn"),
        members=tuple(
            Member(instance_id=member["DBInstanceIdentifier"], is_writer=member["IsClusterWriter"])
            for member in told.get("DBClusterMembers", [])
        ),
        has_pending_changes=bool(told.get("PendingModifiedValues")),
        is_protected=told.get("DeletionProtection", False),
        global_cluster_id=told.get("GlobalClusterIdentifier"),
        replication_source=told.get("ReplicationSourceIdentifier"),
        read_replicas=tuple(told.get("ReadReplicaIdentifiers", [])),
        tags=_tags(told.get("TagList", [])),
    )


def instance(told: "DBInstanceTypeDef") -> Instance:
    """An instance, from a describe or create answer."""
    return Instance(
        id=told["DBInstanceIdentifier"],
        cluster_id=told.get("DBClusterIdentifier"),
        status=told["DBInstanceStatus"],
        has_pending_changes=bool(told.get("PendingModifiedValues")),
        tags=_tags(told.get("TagList", [])),
    )


def export_task(told: "ExportTaskTypeDef | ExportTaskResponseTypeDef") -> ExportTask:
    """An export of a snapshot to S3, from a describe or start answer."""
    return ExportTask(
        id=told["ExportTaskIdentifier"],
        source_arn=told["SourceArn"],
        bucket=told.get("S3Bucket", ""),
        prefix=told.get("S3Prefix", ""),
        status=told["Status"],
        percent=told.get("PercentProgress"),
        failure_cause=told.get("FailureCause"),
        warning=told.get("WarningMessage"),
    )


def _tags(listed: Sequence["TagTypeDef"]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in listed}


def given(**parameters: Any) -> dict[str, Any]:
    """Leave out what was not asked for, so that AWS's own default counts."""
    return {name: value for name, value in parameters.items() if value not in (None, [], ())}


def tag_list(tags: Mapping[str, str]) -> Sequence["TagTypeDef"]:
    """Tags as RDS takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
