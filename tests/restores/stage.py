"""A stage for whole restores: the deployed state machine, real PostgreSQL, an instant clock."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.aurora.model.region import Region
from local.chaos.cleaning import forget
from local.clock import InstantClock, participant
from local.functions.functions import ACCOUNT
from local.rehearsal.production import CLUSTER, REGION, at_once, make_cluster
from local.rehearsal.scene import Scene
from local.workflows.workflows import Execution
from shared import names

TARGET_REGION = "us-west-2"
EXAMPLES = Path("statemachine/examples")


@dataclass(frozen=True)
class Outcome:
    """How a restore ended, and what it left to read."""

    execution: Execution
    state: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    messages: tuple[Mapping[str, Any], ...]
    """What people were told, by e-mail and SMS."""
    reports: tuple[Mapping[str, Any], ...]
    """What programs were told."""

    @property
    def status(self) -> str:
        return self.execution.status

    @property
    def error(self) -> str | None:
        return self.execution.error

    @property
    def message(self) -> str:
        """The words of the error that ended the execution."""
        return str(json.loads(self.execution.cause or "{}").get("errorMessage", ""))

    @property
    def event_types(self) -> list[str]:
        return [event["event_type"] for event in self.events]


class Stage:
    """Where restores are tried."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.cloud = scene.cloud

    def restore(self, **changes: Any) -> Outcome:
        """Restore production into the other region, with some fields of the request changed."""
        return self.run(request(**changes))

    def run(self, request: object) -> Outcome:
        """Run an execution with exactly this request to its end, and let everybody be told."""
        execution = self.cloud.run(self.scene.deployment.state_machine_arn, request)
        return self.outcome_of(execution, request)

    def redrive(self, failed: Outcome) -> Outcome:
        """Let an execution that has failed go on, once what made it fail is gone."""
        self.cloud.faults.clear()
        execution = self.cloud.redrive(failed.execution.arn)
        return self.end_of(execution.arn)

    @contextmanager
    def under_way(self, status: str, cutover: str | None = None, **changes: Any) -> Iterator[str]:
        """A restore whose operation has just come so far; time stands still in the block.

        Yields the execution's ARN. The request must name its operation.
        """
        with participant(self.cloud.clock) as me:
            arn = self.cloud.start(self.scene.deployment.state_machine_arn, request(**changes))
            while True:
                item = self.item(changes["operation_id"])
                if (item.get("status"), item.get("cutover")) == (status, cutover):
                    break
                assert item.get("status") not in ("COMPLETED", "FAILED"), f"not seen as {status}"
                me.sleep(1)
            yield arn

    def leap(self, *, hours: float) -> None:
        """Let much time pass in which nobody looks."""
        clock = self.cloud.clock
        assert isinstance(clock, InstantClock)
        clock.leap(hours * 3600)

    def end_of(self, execution_arn: str) -> Outcome:
        """How an execution that was started ended."""
        execution = self.cloud.workflows.wait(execution_arn)
        told = self.cloud.client("stepfunctions").describe_execution(executionArn=execution_arn)
        return self.outcome_of(execution, json.loads(told["input"]))

    def outcome_of(self, execution: Execution, request: object) -> Outcome:
        """What an execution that has ended left to read."""
        wanted = request.get("operation_id") if isinstance(request, dict) else None
        derived = names.operation_id(execution.arn, execution.started_at)
        operation_id = wanted if wanted and self.item(wanted) else derived
        return Outcome(
            execution=execution,
            state=self.item(operation_id),
            events=self.scene.events(operation_id),
            messages=tuple(self.scene.messages()),
            reports=tuple(self.scene.reports()),
        )

    def item(self, key: str) -> dict[str, Any]:
        """An item of the state table; empty when there is none."""
        return self.scene.item(key)

    def locks(self) -> list[str]:
        """The locks that are held."""
        return list(self.scene.locks())

    def inventory(self) -> dict[str, Any]:
        """Everything that RDS has, with its status and tags: the same if nothing was touched."""
        found: dict[str, Any] = {}
        for account_id, region in self._places():
            rds = self.cloud.client("rds", region_name=region, account_id=account_id)
            for kind, listed in (
                ("cluster", rds.describe_db_clusters()["DBClusters"]),
                ("instance", rds.describe_db_instances()["DBInstances"]),
                ("snapshot", rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]),
            ):
                for one in listed:
                    arn = one.get("DBClusterSnapshotArn") or one.get("DBInstanceArn")
                    status = one.get("Status") or one.get("DBInstanceStatus")
                    key = f"{kind} {arn or one['DBClusterArn']}"
                    found[key] = (status, one.get("DeletionProtection"), one["TagList"])
        return found

    def clear(self) -> None:
        """Remove what a test has left: everything but production and its snapshot, and every trace.

        So that no test sees another one's operations, and the last is as fast as the first.
        """
        self.cloud.faults.clear()
        with at_once(self.cloud):
            self.cloud.aurora.settle()
            for account_id, region in self._places():
                Region(account_id, region).retained_backups.clear()
                rds = self.cloud.client("rds", region_name=region, account_id=account_id)
                for cluster in rds.describe_db_clusters()["DBClusters"]:
                    if cluster["DBClusterIdentifier"] != CLUSTER:
                        self.remove_cluster(cluster["DBClusterIdentifier"], region, account_id)
                manual = rds.describe_db_cluster_snapshots(SnapshotType="manual")
                for snapshot in manual["DBClusterSnapshots"]:
                    rds.delete_db_cluster_snapshot(
                        DBClusterSnapshotIdentifier=snapshot["DBClusterSnapshotIdentifier"]
                    )
        forget(self.cloud)

    @property
    def is_production_encrypted(self) -> bool:
        production = self.scene.production
        rds = self.cloud.client("rds", region_name=REGION, account_id=production.account_id)
        (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"]
        return bool(cluster["StorageEncrypted"])

    def _places(self) -> list[tuple[str, str]]:
        """The accounts and regions in which there may be something."""
        accounts = dict.fromkeys((ACCOUNT, self.scene.production.account_id))
        return [(account, region) for account in accounts for region in (REGION, TARGET_REGION)]

    def remove_cluster(
        self, cluster_id: str, region: str = TARGET_REGION, account_id: str = ACCOUNT
    ) -> None:
        """Delete a cluster with its instances, protected or not."""
        rds = self.cloud.client("rds", region_name=region, account_id=account_id)
        with at_once(self.cloud):
            self.cloud.aurora.settle()
            (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"]
            if cluster["DeletionProtection"]:
                rds.modify_db_cluster(
                    DBClusterIdentifier=cluster_id, DeletionProtection=False, ApplyImmediately=True
                )
            for member in cluster["DBClusterMembers"]:
                rds.delete_db_instance(
                    DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True
                )
            rds.delete_db_cluster(DBClusterIdentifier=cluster_id, SkipFinalSnapshot=True)
            self.cloud.aurora.settle()

    def make_cluster(
        self, cluster_id: str, *, region: str = TARGET_REGION, instances: int = 1, **changes: Any
    ) -> None:
        """Make a cluster that is in the way, available at once."""
        make_cluster(self.cloud, cluster_id, region, "old-password", instances=instances, **changes)

    @contextmanager
    def secret(self, name: str, content: object) -> Iterator[None]:
        """Let a secret hold something else for the length of a block."""
        client = self.cloud.client("secretsmanager")
        before = client.get_secret_value(SecretId=name)["SecretString"]
        text = content if isinstance(content, str) else json.dumps(content)
        client.put_secret_value(SecretId=name, SecretString=text)
        try:
            yield
        finally:
            client.put_secret_value(SecretId=name, SecretString=before)


def request(**changes: Any) -> dict[str, Any]:
    """The example request across regions; a field that is `None` is left out."""
    example = json.loads((EXAMPLES / "refresh_in_another_region.json").read_text())
    return {name: value for name, value in (example | changes).items() if value is not None}
