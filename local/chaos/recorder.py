"""What happened behind the API while a restore ran: RDS at each change, each write that counted."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

from boto3.dynamodb.types import TypeDeserializer
from moto.dynamodb.models import DynamoDBBackend

from local.aurora.model.region import used_regions
from local.cloud import LocalCloud
from local.patches import Patches

_read = TypeDeserializer().deserialize


class SeenCluster(NamedTuple):
    """A cluster as it was for a while."""

    region: str
    identifier: str
    resource_id: str
    status: str
    is_served: bool


class Picture(NamedTuple):
    """All clusters between two changes, and how many writes had counted by then."""

    clusters: frozenset[SeenCluster]
    writes: int


class Change(NamedTuple):
    """One item, as a transaction that took effect put or deleted it."""

    kind: Literal["Put", "Delete"]
    table: str
    item: Mapping[str, Any]
    """Of what was deleted, the key."""


Write = tuple[Change, ...]
"""One transaction that took effect."""


class Recorder:
    """Watches one cloud for the length of a block."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self.pictures: list[Picture] = []
        self.writes: list[Write] = []
        self._patches = Patches()

    def __enter__(self) -> Self:
        self._cloud.aurora.watch(self._look)
        transact = DynamoDBBackend.transact_write_items
        writes = self.writes

        def transact_and_record(backend: Any, items: list[dict[str, Any]]) -> None:
            transact(backend, items)
            writes.append(tuple(change for item in items for change in _changes(item)))

        self._patches.replace(DynamoDBBackend, "transact_write_items", transact_and_record)
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.undo()

    def clear(self) -> None:
        """Begin anew, with RDS as it is now."""
        self.pictures.clear()
        self.writes.clear()
        self._look()

    def _look(self) -> None:
        clusters = frozenset(
            SeenCluster(
                region.name,
                cluster.identifier,
                cluster.db_cluster_resource_id,
                cluster.status,
                bool(cluster.served_hostnames) and cluster.status not in ("deleting", "renaming"),
            )
            for region in used_regions()
            for cluster in region.clusters.values()
        )
        if not self.pictures or self.pictures[-1].clusters != clusters:
            self.pictures.append(Picture(clusters, len(self.writes)))


def _changes(item: Mapping[str, Any]) -> list[Change]:
    changes = []
    if put := item.get("Put"):
        changes.append(Change("Put", put["TableName"], _plain(put["Item"])))
    if delete := item.get("Delete"):
        changes.append(Change("Delete", delete["TableName"], _plain(delete["Key"])))
    return changes


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _read(value) for name, value in item.items()}
