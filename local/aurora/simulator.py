"""Aurora as strict and as slow as the real one, in place of moto's clusters."""

import threading
from collections.abc import Callable, Sequence
from typing import Self
from uuid import uuid4

from moto.core import DEFAULT_ACCOUNT_ID
from moto.rds import urls

from local.aurora.actions.changes import Changes
from local.aurora.actions.clusters import Clusters
from local.aurora.actions.deletions import Deletions
from local.aurora.actions.exports import Exports
from local.aurora.actions.instances import Instances
from local.aurora.actions.passwords import MasterPasswords
from local.aurora.actions.snapshots import Snapshots
from local.aurora.api import AuroraResponse, Operations
from local.aurora.model.databases import Databases
from local.aurora.model.limits import Durations, Kind, Quotas
from local.aurora.model.region import Region, used_regions
from local.aurora.model.simulation import Simulation
from local.aurora.model.storage import Storage
from local.aurora.model.timeline import Record, Timeline
from local.clock import Clock

_PATH = "{0}/$"
"""moto's pattern for the one path of the RDS API."""


class AuroraSimulator:
    """Takes over moto's RDS for the length of a block.

    Enter it before the server gets its first request for RDS: moto builds a service's routes
    then. Resources change when their time has come and somebody calls the API (or `advance`).
    """

    def __init__(
        self,
        clock: Clock,
        databases: Databases,
        durations: Durations | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self.durations = durations or Durations()
        self.quotas = quotas or Quotas()
        self._clock = clock
        self._lock = threading.RLock()
        self._timeline = Timeline(clock, self.durations)
        self._simulation = Simulation(
            timeline=self._timeline,
            storage=Storage(databases),
            quotas=self.quotas,
            postgresql_version=databases.engine_version,
        )
        self._snapshots = Snapshots(self._simulation)
        self._dispatch_before = urls.url_paths[_PATH]

    @property
    def timeline(self) -> Sequence[Record]:
        """Every piece of work that has ended, in the order in which it ended."""
        with self._lock:
            return tuple(self._timeline.records)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have `watcher` called, for good, after every call of the API and every end of work."""
        with self._lock:
            self._timeline.watchers.append(watcher)

    def forget_timeline(self) -> None:
        """Forget the work that has ended."""
        with self._lock:
            self._timeline.records.clear()

    @property
    def restore_status(self) -> str:
        """What a cluster shows while it is being restored: `creating`, or `migrating`."""
        return self._simulation.restore_status

    @restore_status.setter
    def restore_status(self, status: str) -> None:
        self._simulation.restore_status = status

    def __enter__(self) -> Self:
        passwords = MasterPasswords(self._simulation)
        its_operations = Operations(
            lock=self._lock,
            timeline=self._timeline,
            quotas=self.quotas,
            postgresql_version=self._simulation.postgresql_version,
            clusters=Clusters(self._simulation, passwords),
            changes=Changes(self._simulation, passwords),
            deletions=Deletions(self._simulation, self._snapshots, passwords),
            instances=Instances(self._simulation),
            snapshots=self._snapshots,
            exports=Exports(self._simulation),
        )

        class InstalledResponse(AuroraResponse):
            operations = its_operations

        self._dispatch_before = urls.url_paths[_PATH]
        urls.url_paths[_PATH] = InstalledResponse.dispatch
        return self

    def __exit__(self, *_: object) -> None:
        """Give RDS back to moto, empty. What is served goes on until `databases` ends it."""
        urls.url_paths[_PATH] = self._dispatch_before
        with self._lock:
            self._timeline.abandon()
            for region in used_regions():
                region.forget_aurora()

    def advance(self) -> None:
        """Let everything happen that is due by now."""
        with self._lock:
            self._timeline.advance()

    def settle(self) -> None:
        """Wait, on the clock, until nothing is under way any more."""
        while True:
            with self._lock:
                self._timeline.advance()
                due = self._timeline.next_due()
            if due is None:
                return
            self._clock.sleep((due - self._clock.now()).total_seconds())

    def fail_next(self, kind: Kind, status: str) -> None:
        """Let the next work of a kind that starts end with its subject in `status`."""
        with self._lock:
            self._timeline.fail_next(kind, status)

    def leave_pending(self, region: str, cluster_id: str, **values: object) -> None:
        """Let changes of a cluster wait for a maintenance window, which never comes."""
        with self._lock:
            self._timeline.advance()
            cluster = Region(DEFAULT_ACCOUNT_ID, region).cluster(cluster_id)
            cluster.pending_modified_values |= values

    def volume_of(
        self, region: str, cluster_id: str, *, account_id: str = DEFAULT_ACCOUNT_ID
    ) -> str | None:
        """The volume of a cluster, under its name in `databases`; None while it has none."""
        with self._lock:
            self._timeline.advance()
            return Region(account_id, region).cluster(cluster_id).volume

    def volume_of_snapshot(self, arn: str) -> str | None:
        """The volume that a snapshot holds; None when the ARN is no snapshot's."""
        with self._lock:
            snapshot = Region.of(arn).snapshots.get(arn.split(":", 6)[-1])
            return snapshot.volume if snapshot and snapshot.arn == arn else None

    def let_be_from_long_ago(
        self, arn: str, engine_version: str, *, engine_mode: str = "provisioned"
    ) -> None:
        """Let a snapshot be of a version or mode that no cluster can be made with any more."""
        with self._lock:
            snapshot = Region.of(arn).own_snapshot(arn.split(":", 6)[-1])
            snapshot.engine_version, snapshot.engine_mode = engine_version, engine_mode

    def let_be_unencrypted(
        self, region: str, cluster_id: str, *, account_id: str = DEFAULT_ACCOUNT_ID
    ) -> None:
        """Let a cluster under no key of KMS be one of before RDS encrypted every new one."""
        with self._lock:
            Region(account_id, region).cluster(cluster_id).is_under_rds_key = False

    def take_automated_snapshot(
        self,
        region: str,
        cluster_id: str,
        *,
        account_id: str = DEFAULT_ACCOUNT_ID,
        takes_time: bool = False,
    ) -> str:
        """Do what RDS does every night; return the ARN of `rds:<cluster>-YYYY-MM-DD-HH-MM`."""
        with self._lock:
            name = f"rds:{cluster_id.lower()}-{self._clock.now():%Y-%m-%d-%H-%M}"
            return self._take(Region(account_id, region), cluster_id, name, "automated", takes_time)

    def take_backup_snapshot(
        self,
        region: str,
        cluster_id: str,
        *,
        account_id: str = DEFAULT_ACCOUNT_ID,
        takes_time: bool = False,
    ) -> str:
        """Do what AWS Backup does: a manual snapshot `awsbackup:job-...`; return its ARN."""
        with self._lock:
            name = f"awsbackup:job-{uuid4()}"
            return self._take(Region(account_id, region), cluster_id, name, "manual", takes_time)

    def back_up_continuously(
        self, region: str, cluster_id: str, *, account_id: str = DEFAULT_ACCOUNT_ID
    ) -> None:
        """Do what AWS Backup does when its plan wants restores to any point in time."""
        with self._lock:
            point = f"recovery-point:continuous:cluster-{uuid4()}"
            cluster = Region(account_id, region).cluster(cluster_id)
            cluster.aws_backup_recovery_point_arn = f"arn:aws:backup:{region}:{account_id}:{point}"

    def _take(
        self, region: Region, cluster_id: str, name: str, snapshot_type: str, takes_time: bool
    ) -> str:
        self._timeline.advance()
        cluster = region.cluster(cluster_id)
        snapshot = self._snapshots.take(region, cluster, name, snapshot_type=snapshot_type)
        if not takes_time:
            self._timeline.finish_now(snapshot)
        return snapshot.arn
