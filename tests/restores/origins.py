"""Snapshots of every origin: any region, account, encryption and way of being made."""

from enum import StrEnum
from typing import Any, NamedTuple

from local.functions.functions import ACCOUNT
from local.rehearsal.production import CLUSTER, REGION, at_once
from tests.builders import key_policy
from tests.restores.stage import TARGET_REGION, Stage

ORIGIN_CLUSTER = "aurora-origin"


class Encryption(StrEnum):
    """The key that a snapshot is under."""

    NONE = "unencrypted"
    OWNED = "key that AWS owns"
    DEFAULT = "default key"
    CUSTOMER = "customer key"


class Kind(StrEnum):
    """How a snapshot came about."""

    AUTOMATED = "automated"
    MANUAL = "manual"
    SHARED = "shared"
    BACKUP = "AWS Backup"


class Origin(NamedTuple):
    """Where a snapshot is from, besides its account."""

    region: str
    encryption: Encryption
    kind: Kind

    def __str__(self) -> str:
        where = "same region" if self.region == TARGET_REGION else "other region"
        return f"{where}, {self.encryption}, {self.kind}"


def make_snapshot(stage: Stage, origin: Origin, *, key: str | None = None) -> str:
    """Make a snapshot of production's data with this origin, in its account; returns its ARN.

    One that is shared is under a key that is shared as well, unless `key` is given.
    """
    account_id, aurora = stage.scene.production.account_id, stage.cloud.aurora
    rds = stage.cloud.client("rds", region_name=origin.region, account_id=account_id)
    source = stage.scene.production.snapshot_arn
    with at_once(stage.cloud):
        if origin.region != REGION:
            rds.copy_db_cluster_snapshot(
                SourceDBClusterSnapshotIdentifier=source,
                TargetDBClusterSnapshotIdentifier=f"{CLUSTER}-brought",
                SourceRegion=REGION,
                **({"KmsKeyId": "alias/aws/rds"} if stage.is_production_encrypted else {}),
            )
            source = f"{CLUSTER}-brought"
        rds.restore_db_cluster_from_snapshot(
            DBClusterIdentifier=ORIGIN_CLUSTER,
            SnapshotIdentifier=source,
            Engine="aurora-postgresql",
            **_under(stage, origin, key),
        )
        aurora.settle()
        if origin.encryption is Encryption.NONE:
            aurora.let_be_unencrypted(origin.region, ORIGIN_CLUSTER, account_id=account_id)
        if origin.kind is Kind.AUTOMATED:
            return aurora.take_automated_snapshot(
                origin.region, ORIGIN_CLUSTER, account_id=account_id
            )
        if origin.kind is Kind.BACKUP:
            return aurora.take_backup_snapshot(origin.region, ORIGIN_CLUSTER, account_id=account_id)
        made = rds.create_db_cluster_snapshot(
            DBClusterIdentifier=ORIGIN_CLUSTER, DBClusterSnapshotIdentifier="made-by-hand"
        )["DBClusterSnapshot"]
        aurora.settle()
        if origin.kind is Kind.SHARED:
            rds.modify_db_cluster_snapshot_attribute(
                DBClusterSnapshotIdentifier="made-by-hand",
                AttributeName="restore",
                ValuesToAdd=[ACCOUNT],
            )
    return str(made["DBClusterSnapshotArn"])


def make_key(stage: Stage, region: str, *, is_shared: bool) -> str:
    """Make a key in production's account; one that is shared, the pipeline's account may use."""
    account_id = stage.scene.production.account_id
    kms = stage.cloud.client("kms", region_name=region, account_id=account_id)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    if is_shared:
        policy = key_policy(account_id, ACCOUNT)
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    return str(key)


def _under(stage: Stage, origin: Origin, key: str | None) -> dict[str, Any]:
    match origin.encryption:
        case Encryption.NONE | Encryption.OWNED:
            return {}
        case Encryption.DEFAULT:
            return {"KmsKeyId": "alias/aws/rds"}
        case Encryption.CUSTOMER:
            is_shared = origin.kind is Kind.SHARED
            return {"KmsKeyId": key or make_key(stage, origin.region, is_shared=is_shared)}
