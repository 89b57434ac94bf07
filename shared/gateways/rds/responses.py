"""Answers of RDS as our own types, and our types as parameters of its calls."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared import names
from shared.resources import Cluster, Encryption, ExportTask, Instance, Member, Snapshot

if TYPE_CHECKING:
    from mypy_boto3_rds.type_defs import (
        DBClusterRoleTypeDef,
        DBClusterSnapshotTypeDef,
        DBClusterTypeDef,
        DBInstanceTypeDef,
        ExportTaskResponseTypeDef,
        ExportTaskTypeDef,
        TagTypeDef,
    )


def snapshot(response: "DBClusterSnapshotTypeDef") -> Snapshot:
    """A cluster snapshot, from a describe, copy or create answer.

    Whether RDS gives a copy the original's time is documented by an example only (AWS CLI,
    `copy-db-cluster-snapshot`, within a region), so our copies carry it as a tag, which counts.
    """
    tags = _tags(response.get("TagList", []))
    return Snapshot(
        id=response["DBClusterSnapshotIdentifier"],
        arn=response["DBClusterSnapshotArn"],
        cluster_id=response.get("DBClusterIdentifier", ""),
        kind=response.get("SnapshotType", ""),
        status=response["Status"],
        percent=response.get("PercentProgress"),
        created_at=names.time_in(tags, names.TAG_TAKEN_AT) or response.get("SnapshotCreateTime"),
        engine=response["Engine"],
        engine_version=response.get("EngineVersion", ""),
        engine_mode=response.get("EngineMode", "provisioned"),
        encryption=_encryption(response),
        kms_key_id=response.get("KmsKeyId"),
        master_username=response.get("MasterUsername", ""),
        tags=tags,
        cluster_resource_id=response.get("DbClusterResourceId"),
    )


def cluster(response: "DBClusterTypeDef") -> Cluster:
    """A cluster, from a describe, restore or modify answer."""
    return Cluster(
        id=response["DBClusterIdentifier"],
        arn=response["DBClusterArn"],
        resource_id=response["DbClusterResourceId"],
        status=response["Status"],
        engine=response.get("Engine", ""),
        engine_version=response.get("EngineVersion", ""),
        created_at=response.get("ClusterCreateTime"),
        endpoint=response.get("Endpoint"),
        reader_endpoint=response.get("ReaderEndpoint"),
        port=response.get("Port"),
        master_username=response.get("MasterUsername", ""),
        master_secret_arn=response.get("MasterUserSecret", {}).get("SecretArn"),
        master_secret_status=response.get("MasterUserSecret", {}).get("SecretStatus"),
        members=tuple(
            Member(instance_id=member["DBInstanceIdentifier"], is_writer=member["IsClusterWriter"])
            for member in response.get("DBClusterMembers", [])
        ),
        pending=frozenset(response.get("PendingModifiedValues", {})),
        becomes=response.get("PendingModifiedValues", {}).get("DBClusterIdentifier"),
        is_protected=response.get("DeletionProtection", False),
        global_cluster_id=response.get("GlobalClusterIdentifier"),
        replication_source=response.get("ReplicationSourceIdentifier"),
        read_replicas=tuple(response.get("ReadReplicaIdentifiers", [])),
        roles=tuple(_role(role) for role in response.get("AssociatedRoles", [])),
        security_groups=tuple(
            group.get("VpcSecurityGroupId", "") for group in response.get("VpcSecurityGroups", [])
        ),
        parameter_group=response.get("DBClusterParameterGroup"),
        upgrades_itself=response.get("AutoMinorVersionUpgrade"),
        is_limitless=response.get("ClusterScalabilityType") == "limitless",
        kms_key_id=response.get("KmsKeyId"),
        recovery_point=response.get("AwsBackupRecoveryPointArn"),
        tags=_tags(response.get("TagList", [])),
    )


def instance(response: "DBInstanceTypeDef") -> Instance:
    """An instance, from a describe or create answer."""
    return Instance(
        id=response["DBInstanceIdentifier"],
        cluster_id=response.get("DBClusterIdentifier"),
        status=response["DBInstanceStatus"],
        parameter_group=next(
            (group.get("DBParameterGroupName") for group in response.get("DBParameterGroups", [])),
            None,
        ),
        tags=_tags(response.get("TagList", [])),
    )


def export_task(response: "ExportTaskTypeDef | ExportTaskResponseTypeDef") -> ExportTask:
    """An export of a snapshot to S3, from a describe or start answer."""
    return ExportTask(
        id=response["ExportTaskIdentifier"],
        source_arn=response["SourceArn"],
        bucket=response.get("S3Bucket", ""),
        prefix=response.get("S3Prefix", ""),
        status=response["Status"],
        percent=response.get("PercentProgress"),
        failure_cause=response.get("FailureCause"),
        warning=response.get("WarningMessage"),
    )


def _role(response: "DBClusterRoleTypeDef") -> str:
    feature = response.get("FeatureName")
    return response.get("RoleArn", "") + (f" ({feature})" if feature else "")


def _encryption(response: "DBClusterSnapshotTypeDef") -> Encryption:
    """By the older field first: botocore knows the newer one since 1.42.21 and drops it before."""
    if response.get("StorageEncrypted"):
        return Encryption.KMS
    is_by_rds = response.get("StorageEncryptionType") == "sse-rds"
    return Encryption.RDS if is_by_rds else Encryption.NONE


def _tags(listed: Sequence["TagTypeDef"]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in listed}


def given(**parameters: Any) -> dict[str, Any]:
    """Leave out what was not asked for, so that AWS's own default counts."""
    return {name: value for name, value in parameters.items() if value not in (None, [], ())}


def tag_list(tags: Mapping[str, str]) -> Sequence["TagTypeDef"]:
    """Tags as RDS takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
