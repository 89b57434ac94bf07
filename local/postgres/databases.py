"""The volumes of the simulated clusters and their snapshots, and the servers on them."""

import hashlib
import itertools
import os
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from local.postgres.aurora import (
    ADMINISTRATOR,
    UPGRADE,
    master_statements,
    password_statement,
)
from local.postgres.file_copy import copy_tree
from local.postgres.installation import Installation
from local.postgres.keeper import Keeper
from local.postgres.live_copy import copy_live, is_lock_file
from local.postgres.server import Server, initialize
from local.postgres.tls_front import TlsFront


class VolumeError(Exception):
    """A volume is missing, exists already, or is not served."""


@dataclass(frozen=True)
class _Volume:
    server: Server
    lock: threading.RLock = field(default_factory=threading.RLock)


class Databases:
    """Volumes by name, any of which a PostgreSQL server can serve under TLS host names.

    A volume is a data directory: of a cluster, or of a snapshot, which is a copy never served.
    Every method may be called from any thread; calls about different volumes run side by side.
    Nothing outlives `close`, nor our process, however it ends.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._installation = Installation(directory)
        self.engine_version = self._installation.version
        # The path of a Unix socket must be shorter than about 100 characters.
        self._sockets = self._installation.new_directory(Path("/tmp"))
        self._keeper = Keeper(self._installation, self._installation.home, self._sockets)
        self._data = self._installation.home / "volumes"
        self._data.mkdir(mode=0o700)
        self._installation.account.own(self._data)
        self._password = secrets.token_urlsafe()
        self._volumes: dict[str, _Volume] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.seconds_copying = 0.0
        """Real time that copying volumes has taken so far."""
        self.front = TlsFront(directory / "ca.pem")

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority that signs for every host name."""
        return self.front.ca_file

    def create(
        self, volume: str, master_username: str, master_password: str, database: str | None
    ) -> None:
        """Make a new cluster's volume, with `postgres` and `database` owned by the master user."""
        template = self._template()
        with self._new(volume) as server:
            copy_tree(template, server.data, self._installation.account)
            statements = master_statements(master_username, master_password, database)
            server.execute(statements, self._password)

    def copy(self, volume: str, new_volume: str) -> None:
        """Make `new_volume` what `volume` is now, whether that is being served or not."""
        begun = time.monotonic()
        owner = self._installation.account
        with self._existing(volume) as source, self._new(new_volume) as copy:
            if source.is_running:
                administrator = source.dsn("postgres", ADMINISTRATOR, self._password)
                copy_live(source.data, copy.data, owner, administrator)
            else:
                copy_tree(source.data, copy.data, owner, skip=is_lock_file)
        with self._lock:
            self.seconds_copying += time.monotonic() - begun

    def delete(self, volume: str) -> None:
        """Remove a volume, disconnecting everybody who uses it."""
        with self._existing(volume) as server:
            self.front.unroute(volume)
            server.delete()
            with self._lock:
                del self._volumes[volume]

    def delete_all(self) -> None:
        """Remove all volumes."""
        for volume in tuple(self._volumes):
            self.delete(volume)

    def serve(
        self,
        volume: str,
        hostnames: Sequence[str],
        port: int,
        *,
        certified_names: Sequence[str] = (),
        writer: str = "",
    ) -> int:
        """Let clients reach `volume` under exactly these names; returns the port they must use.

        Its certificate has `certified_names`, or just these names. A volume that is served already
        keeps its server and its connections. The returned port differs from `port` when something
        else on this machine has that one.
        """
        with self._existing(volume) as server:
            if not server.is_running:
                server.start(writer)
            elif writer != server.writer:
                server.change_writer(writer)
            names = certified_names or hostnames
            return self.front.route(volume, hostnames, port, server.socket, names)

    def stop(self, volume: str) -> None:
        """Disconnect everybody and stop serving; harmless when the volume is not served."""
        with self._existing(volume) as server:
            self.front.unroute(volume)
            server.stop()

    def set_password(self, volume: str, username: str, password: str) -> None:
        with self._existing(volume) as server:
            server.execute([password_statement(username, password)], self._password)

    def upgrade_roles(self, volume: str) -> None:
        """Leave the roles of a volume as an upgrade from PostgreSQL 15 to 16 leaves them."""
        with self._existing(volume) as server:
            server.execute([UPGRADE.strip()], self._password)

    def stamp(self, volume: str) -> str:
        """A text that stays the same as long as no file of a volume changes."""
        with self._existing(volume) as server:
            looks = sorted(_looks_at_files(str(server.data)))
        return hashlib.sha256(repr(looks).encode()).hexdigest()

    def dsn(self, volume: str, database: str, username: str, password: str | None) -> str:
        """How to connect to a served volume directly, past TLS: to load data."""
        with self._existing(volume) as server:
            if not server.is_running:
                raise VolumeError(f"volume {volume} is not served")
            return server.dsn(database, username, password)

    def pgbench(self, volume: str, scale: int, database: str, username: str, password: str) -> None:
        """Fill a database of a served volume with pgbench's tables, about 15 MB per `scale`."""
        dsn = self.dsn(volume, database, username, password=None)
        self._installation.run_client(
            "pgbench", "--initialize", "--quiet", f"--scale={scale}", dsn, password=password
        )

    def close(self) -> None:
        """Stop every server, remove every volume."""
        self.front.close()
        for volume in self._volumes.values():
            volume.server.stop(signal.SIGQUIT)
        self._volumes.clear()
        self._keeper.close()
        for directory in (self._installation.home, self._sockets):
            shutil.rmtree(directory, ignore_errors=True)

    def _template(self) -> Path:
        """A volume as Aurora has it before there is a master user; made once."""
        template = self._data / "template"
        with self._lock:
            if not template.exists():
                initialize(self._installation, template, self._password)
        return template

    @contextmanager
    def _existing(self, name: str) -> Iterator[Server]:
        volume = self._volumes.get(name)
        with volume.lock if volume else nullcontext():
            if volume is None or self._volumes.get(name) is not volume:
                raise VolumeError(f"there is no volume {name}")
            yield volume.server

    @contextmanager
    def _new(self, name: str) -> Iterator[Server]:
        number = str(next(self._numbers))
        volume = _Volume(Server(self._installation, self._data / number, self._sockets / number))
        with volume.lock:
            with self._lock:
                if name in self._volumes:
                    raise VolumeError(f"there is a volume {name} already")
                self._volumes[name] = volume
            try:
                yield volume.server
            except BaseException:
                with self._lock:
                    del self._volumes[name]
                volume.server.delete()
                raise


def _looks_at_files(directory: str) -> Iterator[tuple[str, int, int]]:
    """Path, size and time of the last change of every file; `pathlib` takes six times as long."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _looks_at_files(entry.path)
            else:
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns
