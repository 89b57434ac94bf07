"""The last state of a cluster that is deleted: a snapshot that RDS takes, kept for some days."""

from datetime import datetime, timedelta

from pydantic import JsonValue

from shared.errors import NotOurs, SnapshotUnusable, Terminal
from shared.gateways.aws import Aws
from shared.resources import Cluster


def progress(
    snapshot_id: str, cluster: Cluster, aws: Aws, region: str
) -> dict[str, JsonValue] | None:
    """How far it is, once RDS has begun: while it is taken, the cluster stays `available`.

    Raises `NotOurs` when it is of another cluster, and `SnapshotUnusable` when it has failed.
    """
    snapshot = aws.snapshots(region).find(snapshot_id)
    if snapshot is None:
        return None
    if snapshot.cluster_resource_id not in (None, cluster.resource_id):
        raise NotOurs(
            f"There is a snapshot {snapshot_id} already, and it is not of cluster {cluster.id}, "
            "whose last state it was to hold. The cluster is left alone. Remove the snapshot."
        )
    if snapshot.has_failed:
        raise SnapshotUnusable(
            f"The final snapshot {snapshot_id} of cluster {cluster.id} ended with status "
            f"{snapshot.status}, so the cluster was not deleted. See the RDS events of the "
            "snapshot for the reason; delete it, then redrive the execution."
        )
    return {
        "cluster_status": cluster.status,
        "final_snapshot_status": snapshot.status,
        "percent_progress": snapshot.percent,
    }


def label(snapshot_id: str, aws: Aws, region: str, now: datetime) -> str | None:
    """Note on it how long it is kept; returns why that is not possible, for people.

    A restore does not fail for that: the snapshot is kept for ever.
    """
    days = aws.settings.final_snapshot_days
    if not days:
        return None
    snapshots, begins = aws.snapshots(region), f"final snapshot {snapshot_id} could not be tagged"
    try:
        snapshot = snapshots.find(snapshot_id)
        if snapshot is None:
            return f"{begins}: RDS does not show it. If it is there, it is kept for ever"
        snapshots.ensure_expiring(snapshot, now + timedelta(days=days))
    except Terminal as error:
        return f"{begins}, and is kept for ever: {error}"
    return None
