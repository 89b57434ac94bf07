"""Cluster snapshots of one region, in this account or another: verbs in, facts out."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared import clock
from shared.aws_errors import named_errors
from shared.errors import NotOurs
from shared.gateways.rds import responses
from shared.gateways.rds.responses import given, tag_list
from shared.names import TAG_DELETE_AFTER, TAG_FINAL, TAG_OPERATION, TAG_TEMPORARY
from shared.operation.parts import Hop
from shared.resources import Snapshot

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient


class Snapshots:
    """The cluster snapshots of one account and region.

    Every verb that changes something may be called twice, and changes only what this deployment
    has made, which a tag with its name says: anything else raises `NotOurs`.
    """

    def __init__(
        self, client: "RDSClient", region: str, deployment: str, account_id: str | None = None
    ) -> None:
        """`account_id` is that of another account, if the client acts in one."""
        self._client = client
        self._region = region
        self._deployment = deployment
        self._where = region + (f" of account {account_id}" if account_id else "")

    def find(self, snapshot_id: str) -> Snapshot | None:
        """The cluster snapshot with this id or ARN."""
        # An automated snapshot is only found by id when its type is named too, and one that is
        # shared only when shared ones are asked for (botocore's model).
        name = snapshot_id.rsplit(":cluster-snapshot:", 1)[-1]
        is_arn, is_automated = name != snapshot_id, name.startswith("rds:")
        kind = given(
            SnapshotType="automated" if is_automated else None,
            IncludeShared=True if is_arn and not is_automated else None,
        )
        with named_errors(f"Describing snapshot {snapshot_id} in {self._where}"):
            try:
                response = self._client.describe_db_cluster_snapshots(
                    DBClusterSnapshotIdentifier=snapshot_id, **kind
                )
            except self._client.exceptions.DBClusterSnapshotNotFoundFault:
                return None
        listed = response["DBClusterSnapshots"]
        return responses.snapshot(listed[0]) if listed else None

    def of(self, cluster_id: str) -> tuple[Snapshot, ...]:
        """Every automated and manual snapshot of a cluster."""
        with named_errors(f"Listing the snapshots of {cluster_id} in {self._where}"):
            return self._listed(DBClusterIdentifier=cluster_id)

    def shared(self) -> tuple[Snapshot, ...]:
        """Every snapshot that another account shares with this one; their ids are ARNs."""
        with named_errors(f"Listing the snapshots that are shared in {self._where}"):
            return self._listed(SnapshotType="shared", IncludeShared=True)

    def ours(self) -> tuple[Snapshot, ...]:
        """Every snapshot that this deployment has made and may delete: copies, and final ones."""
        with named_errors(f"Listing the manual snapshots in {self._where}"):
            manual = self._listed(SnapshotType="manual")
        return tuple(one for one in manual if self._is_ours(one))

    def ensure_expiring(self, snapshot: Snapshot, until: datetime) -> None:
        """Note on a final snapshot that it is this deployment's, to be deleted after a time."""
        if snapshot.is_final_of(self._deployment):
            return
        tags = {TAG_FINAL: self._deployment, TAG_DELETE_AFTER: clock.iso(until)}
        with named_errors(f"Tagging snapshot {snapshot.id} in {self._where}"):
            self._client.add_tags_to_resource(ResourceName=snapshot.arn, Tags=tag_list(tags))

    def ensure_copy(self, hop: Hop, tags: Mapping[str, str]) -> Snapshot:
        """Start the snapshot copy of a hop into this region, or find it started."""
        existing = self.find(hop.snapshot_id)
        if existing is not None:
            existing.check_made_by(tags[TAG_OPERATION])
            self._check_temporary(existing)
            return existing
        with named_errors(f"Copying {hop.source_arn} to {hop.snapshot_id} in {self._where}"):
            answer = self._client.copy_db_cluster_snapshot(
                SourceDBClusterSnapshotIdentifier=hop.source_arn,
                TargetDBClusterSnapshotIdentifier=hop.snapshot_id,
                Tags=tag_list({**tags, TAG_TEMPORARY: self._deployment}),
                **given(
                    KmsKeyId=hop.kms_key_id,
                    SourceRegion=hop.source_region if hop.source_region != self._region else None,
                ),
            )
        return responses.snapshot(answer["DBClusterSnapshot"])

    def ensure_shared(self, snapshot: Snapshot, account_id: str) -> None:
        """Let another account use a snapshot of ours; doing it again changes nothing."""
        self._check_temporary(snapshot)
        with named_errors(f"Sharing snapshot {snapshot.id} with account {account_id}"):
            self._client.modify_db_cluster_snapshot_attribute(
                DBClusterSnapshotIdentifier=snapshot.id,
                AttributeName="restore",
                ValuesToAdd=[account_id],
            )

    def ensure_unshared(self, snapshot: Snapshot, account_id: str) -> None:
        """Take a snapshot of ours back from another account; doing it again changes nothing."""
        self._check_temporary(snapshot)
        if not snapshot.is_available:
            return
        with named_errors(f"Unsharing snapshot {snapshot.id} with account {account_id}"):
            try:
                self._client.modify_db_cluster_snapshot_attribute(
                    DBClusterSnapshotIdentifier=snapshot.id,
                    AttributeName="restore",
                    ValuesToRemove=[account_id],
                )
            except self._client.exceptions.DBClusterSnapshotNotFoundFault:
                return

    def ensure_deleted(self, snapshot: Snapshot) -> None:
        """Start deleting a snapshot of ours, unless it is being deleted already."""
        if not self._is_ours(snapshot):
            raise self._not_ours(snapshot)
        if snapshot.is_deleting:
            return
        with named_errors(f"Deleting snapshot {snapshot.id} in {self._where}"):
            try:
                self._client.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=snapshot.id)
            except self._client.exceptions.DBClusterSnapshotNotFoundFault:
                return

    def _listed(self, **which: Any) -> tuple[Snapshot, ...]:
        pages = self._client.get_paginator("describe_db_cluster_snapshots").paginate(**which)
        return tuple(
            responses.snapshot(one) for page in pages for one in page["DBClusterSnapshots"]
        )

    def _check_temporary(self, snapshot: Snapshot) -> None:
        if not snapshot.is_temporary_of(self._deployment):
            raise self._not_ours(snapshot)

    def _is_ours(self, snapshot: Snapshot) -> bool:
        deployment = self._deployment
        return snapshot.is_temporary_of(deployment) or snapshot.is_final_of(deployment)

    def _not_ours(self, snapshot: Snapshot) -> NotOurs:
        return NotOurs(
            f"Snapshot {snapshot.id} in {self._where} is not a temporary one of this "
            "deployment. It is left unchanged; check who created it."
        )
