"""The storage of clusters and snapshots: volumes, held by whoever still needs them."""

from collections import Counter
from uuid import uuid4

from local.aurora.model.databases import Databases
from local.aurora.model.resources import Cluster


class Storage:
    """Volumes with counted holders.

    A snapshot never changes, so its copies, and restores under way, hold the very volume that
    it holds; a volume goes when its last holder lets go.
    """

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._holders: Counter[str] = Counter()

    def create(self, master_username: str, master_password: str, database: str | None) -> str:
        volume = self._new_volume()
        self._databases.create(volume, master_username, master_password, database)
        return volume

    def copy(self, volume: str) -> str:
        new_volume = self._new_volume()
        self._databases.copy(volume, new_volume)
        return new_volume

    def hold(self, volume: str) -> str:
        self._holders[volume] += 1
        return volume

    def release(self, volume: str | None) -> None:
        if volume is None:
            return
        self._holders[volume] -= 1
        if not self._holders[volume]:
            del self._holders[volume]
            self._databases.delete(volume)

    def set_password(self, cluster: Cluster, password: str) -> None:
        if cluster.volume is not None:
            self._databases.set_password(cluster.volume, cluster.master_username, password)

    def route(self, cluster: Cluster) -> None:
        """Serve a cluster under the host names it has now; without a writer it has none.

        Its certificate is made when it is first served, and again when it was stopped and started.
        The Aurora user guide says so of a changed identifier (*Modifying an Amazon Aurora DB
        cluster*); that nothing else renews it, such as a reboot, is assumed.
        """
        hostnames = cluster.hostnames
        if cluster.volume is None or hostnames == cluster.served_hostnames:
            return
        if hostnames:
            # The names of instances come with them; those of the cluster stay what they were.
            names = cluster.certified_names or hostnames[:2]
            cluster.certified_names = tuple(dict.fromkeys((*names, *hostnames[2:])))
            cluster.served_port = self._databases.serve(
                cluster.volume,
                hostnames,
                cluster.requested_port,
                certified_names=cluster.certified_names,
                writer=cluster.writer_id,
            )
        else:
            self._databases.stop(cluster.volume)
            cluster.served_port = None
        cluster.served_hostnames = hostnames

    def _new_volume(self) -> str:
        return self.hold(f"volume-{uuid4().hex[:12]}")
