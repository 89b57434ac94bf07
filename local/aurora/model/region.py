"""One account's part of one region: what moto keeps there, and the lookups that need it."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from local.aurora.model.export_task import ExportTask
from local.aurora.model.resources import Cluster, Instance, RetainedBackup, Snapshot
from local.aurora.rules.errors import (
    Fault,
    cluster_not_found,
    instance_not_found,
    invalid_combination,
    invalid_value,
    key_not_accessible,
    snapshot_not_found,
)
from local.aurora.rules.keys import opens_key
from local.iam.sessions import role_of

DEFAULT_KEY = "alias/aws/rds"


@dataclass(frozen=True)
class Region:
    account_id: str
    name: str

    @classmethod
    def of(cls, arn: str) -> "Region":
        """Where the resource with this ARN is."""
        _, _, _, name, account_id, _ = arn.split(":", 5)
        return cls(account_id, name)

    @property
    def clusters(self) -> MutableMapping[str, Cluster]:
        clusters: MutableMapping[str, Cluster] = self._rds.clusters
        return clusters

    @property
    def snapshots(self) -> MutableMapping[str, Snapshot]:
        snapshots: MutableMapping[str, Snapshot] = self._rds.cluster_snapshots
        return snapshots

    @property
    def instances(self) -> MutableMapping[str, Any]:
        """Instances of clusters, and moto's own instances without a cluster."""
        instances: MutableMapping[str, Any] = self._rds.databases
        return instances

    @property
    def global_clusters(self) -> MutableMapping[str, Any]:
        """Those of the whole account: moto keeps them in one region."""
        clusters: MutableMapping[str, Any] = rds_backends[self.account_id][
            "us-east-1"
        ].global_clusters
        return clusters

    @property
    def exports(self) -> MutableMapping[str, ExportTask]:
        tasks: MutableMapping[str, ExportTask] = self._rds.export_tasks
        return tasks

    @property
    def retained_backups(self) -> list[RetainedBackup]:
        """Those that were ever retained; moto knows none, and so has no place for them."""
        kept: list[RetainedBackup] = vars(self._rds).setdefault("_retained_backups", [])
        return kept

    @property
    def secrets(self) -> Any:
        return secretsmanager_backends[self.account_id][self.name]

    @property
    def s3(self) -> Any:
        """The buckets of the whole account: moto keeps them in one place."""
        return s3_backends[self.account_id]["aws"]

    def forget_aurora(self) -> None:
        """Leave moto without clusters, their instances, their snapshots and the exports."""
        self.clusters.clear()
        self.snapshots.clear()
        self.exports.clear()
        self.retained_backups.clear()
        for identifier, instance in list(self.instances.items()):
            if isinstance(instance, Instance):
                del self.instances[identifier]

    def cluster(self, identifier: str) -> Cluster:
        """This region's cluster with this identifier or ARN."""
        is_elsewhere = identifier.startswith("arn:") and Region.of(identifier) != self
        cluster = self.clusters.get(identifier.rsplit(":", 1)[-1])
        if cluster is None or cluster.is_absent or is_elsewhere:
            raise cluster_not_found(identifier)
        return cluster

    def listed(self, identifier: str) -> Cluster:
        """What is listed under this identifier or ARN, which may be a cluster's former one."""
        name = identifier.rsplit(":", 1)[-1].lower()
        echoes = (one.echo for one in self.clusters.values() if one.formerly == name)
        return next((echo for echo in echoes if echo), None) or self.cluster(identifier)

    def is_taken(self, identifier: str) -> bool:
        """Whether a cluster has this identifier, is about to get it, or is still listed with it."""
        return identifier in self.clusters or any(
            identifier in (cluster.becoming, cluster.formerly) for cluster in self.clusters.values()
        )

    def instance(self, identifier: str) -> Instance:
        instance = self.instances.get(identifier)
        if not isinstance(instance, Instance):
            raise instance_not_found(identifier)
        return instance

    def snapshot(self, identifier_or_arn: str) -> Snapshot:
        """One of this account's snapshots in this region, or by ARN one that it may see."""
        region, identifier = self, identifier_or_arn
        if identifier_or_arn.startswith("arn:"):
            region = Region.of(identifier_or_arn)
            identifier = identifier_or_arn.split(":", 6)[-1]
        snapshot = region.snapshots.get(identifier)
        is_visible = snapshot is not None and (
            region.account_id == self.account_id or snapshot.is_shared_with(self.account_id)
        )
        if snapshot is None or not is_visible:
            raise snapshot_not_found(identifier_or_arn)
        return snapshot

    def own_snapshot(self, identifier: str) -> Snapshot:
        """One of this account's snapshots in this region."""
        snapshot = self.snapshots.get(identifier)
        if snapshot is None:
            raise snapshot_not_found(identifier)
        return snapshot

    def shared_snapshots(self, is_public: bool) -> list[Snapshot]:
        """Other accounts' snapshots in this region: public ones, or shared with this account."""
        wanted = "all" if is_public else self.account_id
        return [
            snapshot
            for account_id in list(rds_backends)
            if account_id != self.account_id
            for snapshot in Region(account_id, self.name).snapshots.values()
            if wanted in snapshot.attributes["restore"]
        ]

    def key_arn(self, key: str) -> str:
        """The ARN of a usable key of this region, given by id, ARN, alias or alias ARN."""
        return str(self._key(key).arn)

    def readable_key_arn(self, snapshot: Snapshot) -> str:
        """The ARN of an encrypted snapshot's key; raises when this account may not use it."""
        owner = Region(snapshot.account_id, snapshot.region)
        assert snapshot.kms_key_id is not None
        key = owner._key(snapshot.kms_key_id)
        if owner.account_id != self.account_id and not opens_key(
            key.policy, self.account_id, self.name
        ):
            raise key_not_accessible(snapshot.kms_key_id)
        return str(key.arn)

    def is_default_key(self, key: str) -> bool:
        """Whether this is the key that AWS keeps for RDS, which no other account can use."""
        return DEFAULT_KEY in self._key(key).aliases

    def bucket(self, name: str) -> Any:
        """One of this account's buckets in this region."""
        bucket = self.s3.buckets.get(name)
        if bucket is None or bucket.region_name != self.name:
            raise Fault("InvalidS3BucketFault", f"There is no bucket {name} in {self.name}.")
        return bucket

    def role(self, arn: str) -> Any:
        role = role_of(arn) if f":{self.account_id}:" in arn else None
        if role is None:
            raise Fault("IamRoleNotFound", f"There is no role {arn}.")
        return role

    def subnet_group(self, name: str | None) -> str:
        """The name of an existing subnet group; every region has a default one."""
        if name is None or name == "default":
            return "default"
        if name not in self._rds.subnet_groups:
            raise Fault("DBSubnetGroupNotFoundFault", f"DB subnet group {name} not found.")
        return name.lower()

    def default_subnet_group(self) -> dict[str, str]:
        """The group of a cluster for which none is named, as RDS describes it."""
        vpc = ec2_backends[self.account_id][self.name].get_default_vpc()
        return {"DBSubnetGroupName": "default", "VpcId": vpc.id, "SubnetGroupStatus": "Complete"}

    def security_groups(self, requested: list[str] | None, subnet_group: str) -> list[str]:
        """Existing security groups of the subnet group's VPC; its default one if none is asked."""
        ec2 = ec2_backends[self.account_id][self.name]
        vpc_id = (
            ec2.get_default_vpc().id
            if subnet_group == "default"
            else self._rds.subnet_groups[subnet_group].vpc_id
        )
        for group_id in requested or ():
            group = ec2.get_security_group_from_id(group_id)
            if group is None:
                raise invalid_value(f"There is no security group {group_id}.")
            if group.vpc_id != vpc_id:
                raise invalid_combination(
                    f"Security group {group_id} is not in the VPC of subnet group {subnet_group}."
                )
        return list(requested or ()) or [ec2.get_default_security_group(vpc_id).id]

    def cluster_parameter_group(self, name: str | None, family: str) -> str:
        """The name of an existing cluster parameter group of this family, or of the default one."""
        return self._parameter_group(
            name, family, self._rds.db_cluster_parameter_groups, "DBClusterParameterGroupNotFound"
        )

    def instance_parameter_group(self, name: str | None, family: str) -> str:
        return self._parameter_group(
            name, family, self._rds.db_parameter_groups, "DBParameterGroupNotFound"
        )

    @staticmethod
    def _parameter_group(
        name: str | None, family: str, groups: MutableMapping[str, Any], not_found: str
    ) -> str:
        if name is None or name == f"default.{family}":
            return f"default.{family}"
        if name.startswith("default."):
            actual_family = name.removeprefix("default.")
        elif name in groups:
            group = groups[name]  # the emulator has two classes of them, and a name in each
            actual_family = getattr(group, "family", None) or group.db_parameter_group_family
        else:
            raise Fault(not_found, f"Parameter group {name} not found.")
        if actual_family != family:
            raise invalid_combination(
                f"Parameter group {name} is of family {actual_family}; this takes one of {family}."
            )
        return name.lower()

    def _key(self, key: str) -> Any:
        region, name = self, key
        if key.startswith("arn:"):
            region = Region.of(key)
            name = key.split(":", 5)[-1].removeprefix("key/")
        if region.name != self.name:
            raise key_not_accessible(key)
        kms = kms_backends[region.account_id][region.name]
        key_id = kms.get_key_id_from_alias(name) if name.startswith("alias/") else name
        existing = kms.keys.get(key_id)
        if existing is None or existing.key_state != "Enabled":
            raise key_not_accessible(key)
        return existing

    @property
    def _rds(self) -> Any:
        return rds_backends[self.account_id][self.name]


def used_regions() -> list[Region]:
    """Every region that an account has used so far."""
    return [
        Region(account_id, name)
        for account_id, regions in list(rds_backends.items())
        for name in list(regions)
    ]
