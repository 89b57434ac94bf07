"""Emptying the cloud between two restores, so that the thousandth is as fast as the first."""

from collections.abc import Collection, Iterator
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from local.chaos.scenarios import TARGET_REGION
from local.cloud import LocalCloud
from local.functions.functions import ACCOUNT
from local.rehearsal.production import CLUSTER, REGION, at_once
from local.rehearsal.scene import Scene


def clean(scene: Scene, keep: Collection[str]) -> None:
    """Remove every cluster but production, every manual snapshot but those to keep, every trace."""
    cloud = scene.cloud
    with at_once(cloud):
        cloud.aurora.settle()
        for region in (REGION, TARGET_REGION):
            _remove_clusters(cloud, region)
            _remove_snapshots(cloud, region, keep)
        cloud.aurora.settle()
    forget(cloud)


def forget(cloud: LocalCloud) -> None:
    """Forget what has happened: what the emulator keeps, and what our own parts remember."""
    cloud.workflows.reset()
    cloud.calls.clear()
    cloud.aurora.forget_timeline()
    for machine in stepfunctions_parser_backends[ACCOUNT][TARGET_REGION].state_machines:
        machine.executions.clear()
    for table in dynamodb_backends[ACCOUNT][TARGET_REGION].tables.values():
        table.items.clear()
    cloud.mail.clear()
    for topic in sns_backends[ACCOUNT][TARGET_REGION].topics.values():
        topic.sent_notifications.clear()
    for queue in sqs_backends[ACCOUNT][TARGET_REGION].queues.values():
        queue._messages.clear()
        queue.pending_messages.clear()
    cloudwatch_backends[ACCOUNT][TARGET_REGION].metric_data.clear()
    for group in logs_backends[ACCOUNT][TARGET_REGION].groups.values():
        group.streams.clear()


def logs() -> list[str]:
    """Every line that functions have logged since the last cleaning."""
    return [event.message for stream in _streams() for event in stream.events]


def _streams() -> Iterator[Any]:
    for group in logs_backends[ACCOUNT][TARGET_REGION].groups.values():
        yield from group.streams.values()


def _remove_clusters(cloud: LocalCloud, region: str) -> None:
    rds = cloud.client("rds", region_name=region)
    for cluster in rds.describe_db_clusters()["DBClusters"]:
        name = cluster["DBClusterIdentifier"]
        if name == CLUSTER:
            continue
        for member in cluster["DBClusterMembers"]:
            rds.delete_db_instance(
                DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True
            )
        rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
        cloud.aurora.settle()


def _remove_snapshots(cloud: LocalCloud, region: str, keep: Collection[str]) -> None:
    rds = cloud.client("rds", region_name=region)
    manual = rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    for snapshot in manual:
        name = snapshot["DBClusterSnapshotIdentifier"]
        if name not in keep:
            rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
