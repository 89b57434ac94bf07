"""Who serves under a cluster id while another cluster takes it over, by what RDS says."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

from local.rehearsal.scene import Scene

_SERVING = ("available", "backing-up", "modifying")
"""What RDS calls a cluster whose endpoint carries its name, and answers."""


class Server(StrEnum):
    """Who may answer those who connect to the id."""

    OLD = "the old cluster"
    NOBODY = "nobody"
    NEW = "the new cluster"


class Look(NamedTuple):
    """What RDS said at one moment."""

    at: datetime
    server: Server
    detail: str
    """The serving cluster's own id, which no rename changes; or why there is none."""


class Watch:
    """Looks at a cluster id, from a moment on at which the old cluster has it."""

    def __init__(self, scene: Scene, cluster_id: str, region: str) -> None:
        self.cluster_id, self.region = cluster_id, region
        self.looks: list[Look] = []
        self._clock = scene.cloud.clock
        self._rds = scene.cloud.client("rds", region_name=region)
        (old,) = self._rds.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"]
        self.old = str(old["DbClusterResourceId"])
        self.look()

    def look(self) -> None:
        """Ask RDS, and remember the answer."""
        at, clusters = self._clock.now(), self._rds.describe_db_clusters()["DBClusters"]
        self.looks.append(Look(at, *who_serves(clusters, self.cluster_id, self.old)))

    @property
    def lasted(self) -> timedelta:
        return self.looks[-1].at - self.looks[0].at


def who_serves(
    clusters: Sequence[Mapping[str, Any]], cluster_id: str, old: str
) -> tuple[Server, str]:
    """Whose cluster has the id and can be connected to, given the old one's own id; and a detail.

    While a cluster is being renamed nobody can count on either name, so it does not serve.
    """
    for cluster in clusters:
        if cluster["DBClusterIdentifier"] == cluster_id and cluster["Status"] in _SERVING:
            own_id = cluster["DbClusterResourceId"]
            return (Server.OLD if own_id == old else Server.NEW), own_id
    changing = [
        f"{cluster['DBClusterIdentifier']} is {cluster['Status']}"
        for cluster in clusters
        if cluster["DBClusterIdentifier"] == cluster_id or cluster["Status"] == "renaming"
    ]
    return Server.NOBODY, ", ".join(changing) or "no cluster has this id"


def changes(looks: Sequence[Look]) -> list[Look]:
    """The first look, and every one that saw something else than the one before."""
    return [
        *looks[:1],
        *(later for earlier, later in pairwise(looks) if later[1:] != earlier[1:]),
    ]


def servers(looks: Sequence[Look]) -> list[Server]:
    """Who served, one after the other."""
    seen = [look.server for look in looks]
    return [*seen[:1], *(later for earlier, later in pairwise(seen) if later != earlier)]


def time_unserved(looks: Sequence[Look]) -> timedelta:
    """How long nobody served: from the first look that saw nobody to the first that saw somebody.

    When no look fell into a handover, the whole time between the two around it counts.
    """
    return sum(
        (
            later.at - earlier.at
            for earlier, later in pairwise(looks)
            if earlier.server is Server.NOBODY
            or later.server not in (earlier.server, Server.NOBODY)
        ),
        timedelta(),
    )
