"""Everything that a run has made goes: at its end, and after a crash at the next start.

It is known by its name, and by its tag where AWS has tags; nothing else is touched.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from tests.contract.harness.place import Place
from tests.contract.harness.run import PREFIX, TAG, Pace

_KEY_DAYS = 7
Remove = Callable[[], object]


def clean(home: Place, elsewhere: Sequence[Place], pace: Pace, most_rounds: int = 400) -> list[str]:
    """Remove what runs have left, round by round; returns what would not go."""
    left: dict[str, Remove] = {}
    for _ in range(most_rounds):
        left = dict(_leftovers(home, elsewhere))
        if not left:
            return []
        for remove in left.values():
            # What cannot go yet, because something else has to go first, goes in a later round.
            with suppress(ClientError):
                remove()
        pace.sleep(pace.poll_seconds)
    return sorted(left)


def leftovers(home: Place, elsewhere: Sequence[Place]) -> list[str]:
    """What there is of earlier runs."""
    return sorted(name for name, _ in _leftovers(home, elsewhere))


def _leftovers(home: Place, elsewhere: Sequence[Place]) -> Iterator[tuple[str, Remove]]:
    for place in (home, *elsewhere):
        for kind, find in (_KINDS if place is home else _KINDS_ELSEWHERE).items():
            for name, remove in find(place):
                yield f"{place.account_id}/{place.region}: {kind} {name}", remove


Found = Iterator[tuple[str, Remove]]


def _pages(client: Any, operation: str, key: str, **question: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**question):
        yield from page.get(key, [])


def _is_ours(described: Mapping[str, Any], name: str) -> bool:
    return name.startswith(PREFIX) and any(
        tag["Key"] == TAG for tag in described.get("TagList", [])
    )


def _instances(place: Place) -> Found:
    for instance in _pages(place.rds, "describe_db_instances", "DBInstances"):
        name = instance["DBInstanceIdentifier"]
        if _is_ours(instance, name):
            yield name, partial(place.rds.delete_db_instance, DBInstanceIdentifier=name)


def _clusters(place: Place) -> Found:
    for cluster in _pages(place.rds, "describe_db_clusters", "DBClusters"):
        name = cluster["DBClusterIdentifier"]
        if _is_ours(cluster, name):
            yield name, partial(_remove_cluster, place, cluster)


def _remove_cluster(place: Place, cluster: Mapping[str, Any]) -> None:
    name = cluster["DBClusterIdentifier"]
    if cluster["Status"] == "stopped":
        place.rds.start_db_cluster(DBClusterIdentifier=name)
        return
    if cluster.get("DeletionProtection"):
        place.modify(name, DeletionProtection=False)
    place.rds.delete_db_cluster(
        DBClusterIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
    )


def _snapshots(place: Place) -> Found:
    """Manual ones. A final snapshot may be without tags; its cluster's name is ours, too."""
    listed = _pages(
        place.rds, "describe_db_cluster_snapshots", "DBClusterSnapshots", SnapshotType="manual"
    )
    for snapshot in listed:
        name = snapshot["DBClusterSnapshotIdentifier"]
        of_ours = snapshot["DBClusterIdentifier"].startswith(PREFIX)
        if name.startswith(PREFIX) and (of_ours or _is_ours(snapshot, name)):
            yield (
                name,
                partial(place.rds.delete_db_cluster_snapshot, DBClusterSnapshotIdentifier=name),
            )


def _backups(place: Place) -> Found:
    """Those that stay when their cluster goes. They have a quota, and clusters of ours names."""
    retained = [{"Name": "status", "Values": ["retained"]}]
    operation, key = "describe_db_cluster_automated_backups", "DBClusterAutomatedBackups"
    for backup in _pages(place.rds, operation, key, Filters=retained):
        name, resource_id = backup["DBClusterIdentifier"], backup["DbClusterResourceId"]
        if name.startswith(PREFIX):
            remove = place.rds.delete_db_cluster_automated_backup
            yield f"{name} ({resource_id})", partial(remove, DbClusterResourceId=resource_id)


def _exports(place: Place) -> Found:
    for task in _pages(place.rds, "describe_export_tasks", "ExportTasks"):
        name = task["ExportTaskIdentifier"]
        if name.startswith(PREFIX) and task["Status"] in ("STARTING", "IN_PROGRESS"):
            yield name, partial(place.rds.cancel_export_task, ExportTaskIdentifier=name)


def _keys(place: Place) -> Found:
    kms = place.client("kms")
    for listed in _pages(kms, "list_keys", "Keys"):
        key = listed["KeyId"]
        # Not every key lets everybody see its tags; ours do.
        with suppress(ClientError):
            tags = kms.list_resource_tags(KeyId=key)["Tags"]
            is_there = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] != "PendingDeletion"
            if is_there and any(tag["TagKey"] == TAG for tag in tags):
                yield (
                    key,
                    partial(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=_KEY_DAYS),
                )


def _buckets(place: Place) -> Found:
    s3 = place.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if name.startswith(PREFIX):
            yield name, partial(_remove_bucket, s3, name)


def _remove_bucket(s3: Any, name: str) -> None:
    for each in _pages(s3, "list_objects_v2", "Contents", Bucket=name):
        s3.delete_object(Bucket=name, Key=each["Key"])
    s3.delete_bucket(Bucket=name)


def _roles(place: Place) -> Found:
    iam = place.client("iam")
    for role in _pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        if name.startswith(PREFIX):
            yield name, partial(_remove_role, iam, name)


def _remove_role(iam: Any, name: str) -> None:
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def _secrets(place: Place) -> Found:
    client = place.client("secretsmanager")
    for secret in _pages(client, "list_secrets", "SecretList"):
        name = secret["Name"]
        if name.startswith(PREFIX):
            remove = partial(client.delete_secret, ForceDeleteWithoutRecovery=True)
            yield name, partial(remove, SecretId=name)


def _tables(place: Place) -> Found:
    client = place.client("dynamodb")
    for name in _pages(client, "list_tables", "TableNames"):
        if name.startswith(PREFIX):
            yield name, partial(client.delete_table, TableName=name)


def _queues(place: Place) -> Found:
    client = place.client("sqs")
    for url in _pages(client, "list_queues", "QueueUrls", QueueNamePrefix=PREFIX):
        yield url.rpartition("/")[2], partial(client.delete_queue, QueueUrl=url)


def _machines(place: Place) -> Found:
    client = place.client("stepfunctions")
    for machine in _pages(client, "list_state_machines", "stateMachines"):
        if machine["name"].startswith(PREFIX):
            arn = machine["stateMachineArn"]
            yield machine["name"], partial(client.delete_state_machine, stateMachineArn=arn)


def _functions(place: Place) -> Found:
    client = place.client("lambda")
    for function in _pages(client, "list_functions", "Functions"):
        name = function["FunctionName"]
        if name.startswith(PREFIX):
            yield name, partial(client.delete_function, FunctionName=name)


_KINDS: Mapping[str, Callable[[Place], Found]] = {
    "export": _exports,
    "instance": _instances,
    "cluster": _clusters,
    "snapshot": _snapshots,
    "backup": _backups,
    "function": _functions,
    "state machine": _machines,
    "table": _tables,
    "queue": _queues,
    "bucket": _buckets,
    "role": _roles,
    "secret": _secrets,
    "key": _keys,
}
"""What runs make, in the order in which it goes."""
_KINDS_ELSEWHERE = {kind: _KINDS[kind] for kind in ("cluster", "snapshot", "key")}
"""What runs make in other regions and accounts."""
