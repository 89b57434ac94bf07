"""Values with sensible defaults, so that a test shows only what matters to it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.operation.operation import Operation
from shared.operation.parts import Hop, ReplacedCluster, RestoreDetails
from shared.planning.transitions import operation_started, snapshot_validated
from shared.request.defaults import RequestDefaults
from shared.request.restore_request import RestoreRequest
from shared.resources import Cluster, Encryption, ExportTask, Instance, Member, Snapshot
from shared.settings import Settings, SourceRole

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EXECUTION = "arn:aws:states:us-west-2:123456789012:execution:aurora-restore:one"
KEY = "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"

COPY = "aurora-prod-2026-11-23-copy-abcdef"


def defaults(**changes: Any) -> RequestDefaults:
    return RequestDefaults(
        **{
            "source_region": "us-east-1",
            "target_region": "us-west-2",
            "admin_secret_id": "aurora-restore/admin",
            "users_secret_id": "aurora-restore/users",
            **changes,
        }
    )


def settings(**changes: Any) -> Settings:
    return Settings(
        **{
            "account_id": "123456789012",
            "deployment": "aurora-restore-123456789012-us-west-2",
            "state_table": "state",
            "audit_table": "audit",
            "topic_arn": "arn:aws:sns:us-west-2:123456789012:restores",
            "defaults": defaults(),
            **changes,
        }
    )


def a_source_role(**changes: Any) -> SourceRole:
    facts: dict[str, Any] = {
        "arn": "arn:aws:iam::999999999999:role/aurora-restore-source",
        "external_id": "aurora-restore",
        "kms_key_id": "arn:aws:kms:us-west-2:999999999999:key/99999999-2222-3333-4444-555555555555",
    }
    return SourceRole(**facts | changes)


def a_raw_request(**changes: Any) -> dict[str, Any]:
    """A request as a user writes it; a field that is `None` is left out."""
    raw = {
        "source_cluster_id": "aurora-prod",
        "target_cluster_id": "aurora-staging",
        **changes,
    }
    return {name: value for name, value in raw.items() if value is not None}


def a_request(**changes: Any) -> RestoreRequest:
    return RestoreRequest.parse(a_raw_request(**changes), defaults())


def a_snapshot(**changes: Any) -> Snapshot:
    name = changes.pop("id", "rds:aurora-prod-2026-11-23-03-00")
    is_encrypted = changes.pop("encrypted", False)
    region = changes.pop("region", "us-east-1")
    facts: dict[str, Any] = {
        "id": name,
        "arn": f"arn:aws:rds:{region}:123456789012:cluster-snapshot:{name}",
        "cluster_id": "aurora-prod",
        "kind": "automated",
        "status": "available",
        "percent": 100,
        "created_at": NOON - timedelta(hours=9),
        "engine": "aurora-postgresql",
        "engine_version": "16.6",
        "encryption": Encryption.KMS if is_encrypted else Encryption.NONE,
        "kms_key_id": None,
        "master_username": "postgres",
    }
    return Snapshot(**facts | changes)


def a_cluster(**changes: Any) -> Cluster:
    facts: dict[str, Any] = {
        "id": "aurora-staging",
        "arn": "arn:aws:rds:us-west-2:123456789012:cluster:aurora-staging",
        "resource_id": "cluster-ABC",
        "status": "available",
        "engine": "aurora-postgresql",
        "engine_version": "16.6",
        "created_at": NOON,
        "endpoint": "aurora-staging.cluster-abc.us-west-2.rds.amazonaws.com",
        "reader_endpoint": "aurora-staging.cluster-ro-abc.us-west-2.rds.amazonaws.com",
        "port": 5432,
        "master_username": "postgres",
        "master_secret_arn": None,
        "members": (Member(instance_id="aurora-staging-1", is_writer=True),),
        "is_protected": False,
        "global_cluster_id": None,
        "replication_source": None,
        "read_replicas": (),
    }
    return Cluster(**facts | changes)


def an_instance(**changes: Any) -> Instance:
    facts: dict[str, Any] = {
        "id": "aurora-staging-1",
        "cluster_id": "aurora-staging",
        "status": "available",
    }
    return Instance(**facts | changes)


def an_export(**changes: Any) -> ExportTask:
    facts: dict[str, Any] = {
        "id": "aurora-prod-2026-11-23-export-abcdef-1",
        "source_arn": "arn:aws:rds:us-west-2:123456789012:cluster-snapshot:aurora-prod-copy",
        "bucket": "exports",
        "prefix": "aurora-restore",
        "status": "COMPLETE",
        "percent": 100,
        "failure_cause": None,
        "warning": None,
    }
    return ExportTask(**facts | changes)


def a_replaced_cluster(**changes: Any) -> ReplacedCluster:
    facts: dict[str, Any] = {
        "cluster_id": "aurora-staging",
        "resource_id": "cluster-ABC",
        "final_snapshot_id": "aurora-staging-final-abcdef",
    }
    return ReplacedCluster(**facts | changes)


def an_operation(**changes: Any) -> Operation:
    """An operation that has just begun; `request` gives fields of the request to change."""
    request = a_request(**changes.pop("request", {}))
    begun = operation_started(
        changes.pop("operation_id", "restore-20261123-120000-abcdef"),
        EXECUTION,
        NOON,
        request.model_dump(mode="json", exclude_none=True),
        request.target_cluster_id,
    )
    return begun.model_copy(update=changes)


def a_chosen_operation(snapshot: Snapshot | None = None, **request: Any) -> Operation:
    """An operation that has chosen its snapshot, and will copy it."""
    chosen = snapshot or a_snapshot()
    hop = Hop(
        source_arn=chosen.arn,
        source_region="us-east-1",
        region="us-west-2",
        snapshot_id=COPY,
        kms_key_id=None,
    )
    return snapshot_validated(an_operation(request=request), chosen, (hop,), None)


def a_restored_operation(**changes: Any) -> Operation:
    """An operation that has restored a cluster; `request` gives fields of the request to change."""
    chosen = a_chosen_operation(**changes.pop("request", {}))
    facts: dict[str, Any] = {
        "cluster_id": "aurora-staging",
        "cluster_status": "available",
        "writer_endpoint": "writer.example",
        "reader_endpoint": "reader.example",
        "port": 5433,
    }
    return chosen.model_copy(update={"restore_details": RestoreDetails(**facts | changes)})


def key_policy(owner: str, *others: str) -> str:
    """The policy with which a key's owner lets other accounts use it for shared snapshots."""
    use = ("Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey")
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    statements = [_allowing(owner, "kms:*")]
    for other in others:
        statements.append(_allowing(other, *(f"kms:{action}" for action in use)))
        statements.append(_allowing(other, "kms:CreateGrant") | {"Condition": for_aws})
    return json.dumps({"Statement": statements})


def _allowing(account_id: str, *actions: str) -> dict[str, Any]:
    principal = {"AWS": f"arn:aws:iam::{account_id}:root"}
    return {"Effect": "Allow", "Principal": principal, "Action": [*actions], "Resource": "*"}
