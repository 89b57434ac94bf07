"""Clusters, instances and snapshots, as RDS answers describe them.

moto's serializer reads an answer's fields off an object: `DBClusterIdentifier` is the attribute
`db_cluster_identifier`. Whatever has no counterpart in the API's model stays inside.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from local.aurora.model.encryption import Encryptable
from local.aurora.rules.parameters import Tags, legal_tags


@dataclass(eq=False, kw_only=True)
class Resource:
    """What all three have; the methods are what moto's tagging calls."""

    resource_type: ClassVar[str]

    region: str
    account_id: str
    status: str
    tag_list: Tags = field(default_factory=list)
    unique_id: str = field(default_factory=lambda: uuid4().hex[:26].upper())
    """Stays when the identifier changes, and is never given to another resource."""

    @property
    def identifier(self) -> str:
        raise NotImplementedError

    @property
    def arn(self) -> str:
        return f"arn:aws:rds:{self.region}:{self.account_id}:{self.resource_type}:{self.identifier}"

    def get_tags(self) -> Tags:
        return self.tag_list

    def add_tags(self, tags: Tags) -> Tags:
        added = legal_tags(tags)
        self.remove_tags([tag["Key"] for tag in added])
        self.tag_list += added
        return self.tag_list

    def remove_tags(self, tag_keys: list[str]) -> None:
        self.tag_list = [tag for tag in self.tag_list if tag["Key"] not in tag_keys]


@dataclass(eq=False, kw_only=True)
class Cluster(Resource, Encryptable):
    resource_type = "cluster"

    db_cluster_identifier: str
    becoming: str | None = None
    """The identifier it is being renamed to: taken, but not there yet."""
    formerly: str | None = None
    """The identifier that it had before, as long as that is still listed."""
    is_absent: bool = False
    """Whether it is between two identifiers, and found under neither."""
    cluster_create_time: datetime
    engine: str
    engine_version: str
    engine_mode: str = "provisioned"
    engine_lifecycle_support: str = "open-source-rds-extended-support"
    master_username: str
    database_name: str | None
    requested_port: int
    storage_type: str = "aurora"
    allocated_storage: int = 1
    backup_retention_period: int = 1
    aws_backup_recovery_point_arn: str | None = None
    """What AWS Backup has made of it, for restores to any point in time."""
    is_being_saved: bool = False
    """Whether it is to go when its final snapshot is there."""
    db_subnet_group: str
    vpc_security_group_ids: list[str]
    db_cluster_parameter_group: str
    deletion_protection: bool = False
    copy_tags_to_snapshot: bool = False
    iam_database_authentication_enabled: bool = False
    enabled_cloudwatch_logs_exports: list[str] = field(default_factory=list)
    serverless_v2_scaling_configuration: dict[str, float] | None = None
    pending_modified_values: dict[str, Any] = field(default_factory=dict)
    new_password: str | None = None
    master_user_secret: dict[str, str] | None = None
    global_cluster_identifier: str | None = None
    is_writer: bool = True
    """What moto asks the members of a global cluster: whether they are its primary."""
    replication_source_identifier: str | None = None
    read_replica_identifiers: list[str] = field(default_factory=list)
    associated_roles: list[dict[str, str]] = field(default_factory=list)
    cluster_scalability_type: str = "standard"
    ties: list[dict[str, Any]] = field(default_factory=list)  # see local/aurora/actions/ties.py
    members: list["Instance"] = field(default_factory=list)
    volume: str | None = None
    served_hostnames: tuple[str, ...] = ()
    served_port: int | None = None
    certified_names: tuple[str, ...] = ()
    """The names on its certificate, which outlive a rename; none until it is first served."""

    @property
    def identifier(self) -> str:
        return self.db_cluster_identifier

    @property
    def db_cluster_arn(self) -> str:
        return self.arn

    @property
    def db_cluster_resource_id(self) -> str:
        return f"cluster-{self.unique_id}"

    @property
    def availability_zones(self) -> list[str]:
        return [f"{self.region}{letter}" for letter in "abc"]

    @property
    def multi_az(self) -> bool:
        return len(self.members) > 1

    @property
    def auto_minor_version_upgrade(self) -> bool:
        return all(instance.auto_minor_version_upgrade for instance in self.members)

    @property
    def endpoint(self) -> str:
        return self._hostname("cluster-")

    @property
    def reader_endpoint(self) -> str:
        return self._hostname("cluster-ro-")

    @property
    def port(self) -> int:
        return self.served_port or self.requested_port

    @property
    def hostnames(self) -> tuple[str, ...]:
        """Where it answers: nowhere, until its writer is there."""
        available = [instance for instance in self.members if instance.status == "available"]
        if not any(each.is_cluster_writer for each in available):
            return ()
        return (self.endpoint, self.reader_endpoint, *(each.address for each in available))

    @property
    def writer_id(self) -> str:
        """The instance that writes, or none."""
        return next((each.identifier for each in self.members if each.is_cluster_writer), "")

    @property
    def echo(self) -> "Cluster | None":
        """What is still listed under the identifier that it had before."""
        if self.formerly is None:
            return None
        return replace(self, db_cluster_identifier=self.formerly, status="renaming")

    @property
    def vpc_security_groups(self) -> list[dict[str, str]]:
        return [
            {"VpcSecurityGroupId": group, "Status": "active"}
            for group in self.vpc_security_group_ids
        ]

    @property
    def db_cluster_members(self) -> list[dict[str, Any]]:
        return [
            {
                "DBInstanceIdentifier": instance.db_instance_identifier,
                "IsClusterWriter": instance.is_cluster_writer,
                "DBClusterParameterGroupStatus": "in-sync",
                "PromotionTier": instance.promotion_tier,
            }
            for instance in self.members
        ]

    def _hostname(self, prefix: str) -> str:
        host = f"{self.db_cluster_identifier}.{prefix}{_hash(self.region, self.account_id)}"
        return f"{host}.{self.region}.rds.amazonaws.com"


@dataclass(eq=False, kw_only=True)
class Instance(Resource):
    resource_type = "db"

    db_instance_identifier: str
    instance_create_time: datetime
    db_instance_class: str
    cluster: Cluster
    is_cluster_writer: bool
    promotion_tier: int
    parameter_group: str
    publicly_accessible: bool = False
    auto_minor_version_upgrade: bool = True
    has_endpoint: bool = False

    @property
    def identifier(self) -> str:
        return self.db_instance_identifier

    @property
    def db_instance_arn(self) -> str:
        return self.arn

    @property
    def dbi_resource_id(self) -> str:
        return f"db-{self.unique_id}"

    @property
    def db_instance_status(self) -> str:
        return self.status

    @property
    def db_cluster_identifier(self) -> str:
        return self.cluster.db_cluster_identifier

    @property
    def engine(self) -> str:
        return self.cluster.engine

    @property
    def engine_version(self) -> str:
        return self.cluster.engine_version

    @property
    def master_username(self) -> str:
        return self.cluster.master_username

    @property
    def storage_encrypted(self) -> bool:
        return self.cluster.storage_encrypted

    @property
    def kms_key_id(self) -> str | None:
        return self.cluster.kms_key_id

    @property
    def vpc_security_groups(self) -> list[dict[str, str]]:
        return self.cluster.vpc_security_groups

    @property
    def db_parameter_groups(self) -> list[dict[str, str]]:
        return [{"DBParameterGroupName": self.parameter_group, "ParameterApplyStatus": "in-sync"}]

    @property
    def address(self) -> str:
        host = f"{self.db_instance_identifier}.{_hash(self.region, self.account_id)}"
        return f"{host}.{self.region}.rds.amazonaws.com"

    @property
    def endpoint(self) -> dict[str, Any] | None:
        """None until the instance has been available once."""
        if not self.has_endpoint:
            return None
        return {"Address": self.address, "Port": self.cluster.port}


@dataclass(eq=False, kw_only=True)
class Snapshot(Resource, Encryptable):
    resource_type = "cluster-snapshot"

    name: str
    is_foreign: bool = False
    """Whether it is shown to an account that it does not belong to."""
    db_cluster_identifier: str
    db_cluster_resource_id: str
    snapshot_type: str
    snapshot_create_time: datetime
    cluster_create_time: datetime
    engine: str
    engine_version: str
    engine_mode: str = "provisioned"
    master_username: str
    database_name: str | None
    port: int
    allocated_storage: int
    storage_type: str
    iam_database_authentication_enabled: bool
    backup_retention_period: int = 1
    volume: str
    percent_progress: int = 0
    source_db_cluster_snapshot_arn: str | None = None
    attributes: dict[str, list[str]] = field(default_factory=lambda: {"restore": []})

    @property
    def identifier(self) -> str:
        return self.name

    @property
    def db_cluster_snapshot_identifier(self) -> str:
        """Other accounts see the ARN as the identifier."""
        return self.arn if self.is_foreign else self.name

    @property
    def db_cluster_snapshot_arn(self) -> str:
        return self.arn

    @property
    def counts_toward_quota(self) -> bool:
        """Automated snapshots and those of AWS Backup do not."""
        return self.snapshot_type == "manual" and not self.identifier.startswith("awsbackup:")

    def is_shared_with(self, account_id: str) -> bool:
        return bool({account_id, "all"} & set(self.attributes["restore"]))


@dataclass(frozen=True, kw_only=True)
class RetainedBackup:
    """The automated backups of a cluster that is gone."""

    status: str = "retained"
    db_cluster_identifier: str
    db_cluster_arn: str
    db_cluster_resource_id: str
    engine: str
    backup_retention_period: int
    expires_at: datetime


def _hash(*words: str) -> str:
    """The part of a host name that RDS gives to everything an account has in a region."""
    return hashlib.sha256("/".join(words).encode()).hexdigest()[:12]
