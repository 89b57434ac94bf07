"""A stage for the Aurora simulator: its API over HTTP, an instant clock, data only noted."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from local.aurora.model.limits import Durations
from local.aurora.model.timeline import Record
from local.aurora.simulator import AuroraSimulator
from local.clock import InstantClock
from local.emulator.shortcuts import shortcuts
from tests.servers import serving

EAST = "us-east-1"
WEST = "us-west-2"
PASSWORD = "correct-horse"
AURORA = "aurora-postgresql"
START = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
SERVED_PORT = 15432

_session: Any = boto3.Session("key", "secret")
_account_ids = itertools.count(100000000001)
"""For the whole process: the stages of all test modules share moto's memory."""


@dataclass
class NotedDatabases:
    """Volumes as a dictionary from name to what a real one would hold."""

    engine_version: str = "16.13"
    volumes: dict[str, dict[str, str | None]] = field(default_factory=dict)
    served: dict[str, tuple[str, ...]] = field(default_factory=dict)
    certified: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def create(
        self, volume: str, master_username: str, master_password: str, database: str | None
    ) -> None:
        self.volumes[volume] = {master_username: master_password, "database": database}

    def copy(self, volume: str, new_volume: str) -> None:
        self.volumes[new_volume] = dict(self.volumes[volume])

    def delete(self, volume: str) -> None:
        self.stop(volume)
        del self.volumes[volume]

    def serve(
        self,
        volume: str,
        hostnames: Sequence[str],
        port: int,
        *,
        certified_names: Sequence[str],
        writer: str,
    ) -> int:
        assert volume in self.volumes
        assert port
        assert writer
        self.served[volume] = tuple(hostnames)
        self.certified[volume] = tuple(certified_names)
        return SERVED_PORT

    def stop(self, volume: str) -> None:
        self.served.pop(volume, None)

    def set_password(self, volume: str, username: str, password: str) -> None:
        self.volumes[volume][username] = password

    def certificate_at(self, hostname: str) -> tuple[str, ...]:
        """The names on the certificate that a client sees at a host name."""
        (volume,) = (one for one, hostnames in self.served.items() if hostname in hostnames)
        return self.certified[volume]

    def behind(self, hostname: str) -> dict[str, str | None] | None:
        """What a client finds at a host name; None where nothing answers."""
        for volume, hostnames in self.served.items():
            if hostname in hostnames:
                return self.volumes[volume]
        return None


class Scene:
    """One account that nobody used before, and words for what tests do in it."""

    def __init__(self, stage: "Stage", account_id: str) -> None:
        self.account_id = account_id
        self.simulator = stage.simulator
        self.databases = stage.databases
        self._stage = stage

    @property
    def records(self) -> Sequence[Record]:
        records = self.simulator.timeline
        return [record for record in records if record.account_id == self.account_id]

    @property
    def now(self) -> datetime:
        return self._stage.clock.now()

    def client(self, service: str, region: str = EAST) -> Any:
        self._stage.account_id = self.account_id
        return self._stage.client(service, region)

    def rds(self, region: str = EAST) -> Any:
        return self.client("rds", region)

    def pass_time(self, seconds: float) -> None:
        self._stage.clock.sleep(seconds)

    def settle(self) -> None:
        self.simulator.settle()

    def request_cluster(self, identifier: str = "prod", region: str = EAST, **changes: Any) -> Any:
        request = {
            "DBClusterIdentifier": identifier,
            "Engine": AURORA,
            "MasterUsername": "root",
            "MasterUserPassword": PASSWORD,
        }
        request = {name: value for name, value in (request | changes).items() if value is not None}
        return self.rds(region).create_db_cluster(**request)["DBCluster"]

    def has_cluster(self, identifier: str = "prod", region: str = EAST, **changes: Any) -> Any:
        self.request_cluster(identifier, region, **changes)
        self.settle()
        return self.cluster(identifier, region)

    def cluster(self, identifier: str = "prod", region: str = EAST) -> Any:
        answer = self.rds(region).describe_db_clusters(DBClusterIdentifier=identifier)
        return answer["DBClusters"][0]

    def request_instance(
        self, identifier: str, cluster: str = "prod", region: str = EAST, **changes: Any
    ) -> Any:
        request = {
            "DBInstanceIdentifier": identifier,
            "DBClusterIdentifier": cluster,
            "DBInstanceClass": "db.r6g.large",
            "Engine": AURORA,
        }
        return self.rds(region).create_db_instance(**request | changes)["DBInstance"]

    def has_instance(self, identifier: str, cluster: str = "prod", **changes: Any) -> Any:
        self.request_instance(identifier, cluster, **changes)
        self.settle()
        return self.instance(identifier)

    def instance(self, identifier: str) -> Any:
        answer = self.rds().describe_db_instances(DBInstanceIdentifier=identifier)
        return answer["DBInstances"][0]

    def request_snapshot(self, identifier: str, cluster: str = "prod", **changes: Any) -> Any:
        return self.rds().create_db_cluster_snapshot(
            DBClusterSnapshotIdentifier=identifier, DBClusterIdentifier=cluster, **changes
        )["DBClusterSnapshot"]

    def has_snapshot(
        self, identifier: str = "before", cluster: str = "prod", **changes: Any
    ) -> Any:
        self.request_snapshot(identifier, cluster, **changes)
        self.settle()
        return self.snapshot(identifier)

    def snapshot(self, identifier: str, region: str = EAST, **question: Any) -> Any:
        answer = self.rds(region).describe_db_cluster_snapshots(
            DBClusterSnapshotIdentifier=identifier, **question
        )
        return answer["DBClusterSnapshots"][0]

    def automated_snapshot(self, cluster: str = "prod", **how: Any) -> str:
        return self.simulator.take_automated_snapshot(
            EAST, cluster, account_id=self.account_id, **how
        )

    def request_copy(self, source: str, target: str, region: str = EAST, **changes: Any) -> Any:
        return self.rds(region).copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=source,
            TargetDBClusterSnapshotIdentifier=target,
            **changes,
        )["DBClusterSnapshot"]

    def request_restore(
        self, snapshot: str = "before", identifier: str = "staging", **changes: Any
    ) -> Any:
        request = {
            "SnapshotIdentifier": snapshot,
            "DBClusterIdentifier": identifier,
            "Engine": AURORA,
        }
        return self.rds().restore_db_cluster_from_snapshot(**request | changes)["DBCluster"]

    def modify(self, identifier: str = "prod", **changes: Any) -> Any:
        return self.rds().modify_db_cluster(
            DBClusterIdentifier=identifier, ApplyImmediately=True, **changes
        )["DBCluster"]

    def key(self, region: str = EAST) -> str:
        arn: str = self.client("kms", region).create_key()["KeyMetadata"]["Arn"]
        return arn

    def disable(self, key: str) -> None:
        self.client("kms").disable_key(KeyId=key.rsplit("/", 1)[-1])


class Stage:
    """A server with the simulator in it. Each test gets an account of its own."""

    def __init__(self, endpoint: str, durations: Durations | None) -> None:
        self.clock = InstantClock(START)
        self.databases = NotedDatabases()
        self.simulator = AuroraSimulator(self.clock, self.databases, durations)
        self.account_id = ""
        self.endpoint = endpoint
        self._parts = ExitStack()
        self._clients: dict[tuple[str, str], Any] = {}

    def next_scene(self) -> Scene:
        """A new account, once the work of the last scene has ended."""
        self.simulator.settle()
        return self.new_account()

    def new_account(self) -> Scene:
        return Scene(self, str(next(_account_ids)))

    def client(self, service: str, region: str) -> Any:
        if (service, region) not in self._clients:
            client = _session.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                config=Config(retries={"total_max_attempts": 1}),
            )
            client.meta.events.register("before-sign", self._name_account)
            self._clients[service, region] = client
        return self._clients[service, region]

    def __enter__(self) -> Self:
        self._parts.enter_context(self.simulator)
        return self

    def __exit__(self, *_: object) -> None:
        self.remove_simulator()
        for client in self._clients.values():
            client.close()

    def remove_simulator(self) -> None:
        """Let moto serve RDS itself from now on."""
        self._parts.close()

    def _name_account(self, request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = self.account_id


@contextmanager
def aurora_stage(durations: Durations | None = None) -> Iterator[Stage]:
    """A stage of its own for the length of a block."""
    # The emulator alone, and not by its own class, which takes half a second to stop.
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), True)
    with shortcuts(), serving(server) as endpoint, Stage(endpoint, durations) as stage:
        yield stage


def refused(code: str, saying: str = "") -> Any:
    """Expect RDS to refuse with this error code, and these words in the message."""
    return pytest.raises(ClientError, match=rf"\({code}\).*{saying}")
