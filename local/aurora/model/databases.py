"""What the simulator needs of a database server: data that can be copied, served and let go."""

from collections.abc import Sequence
from typing import Protocol


class Databases(Protocol):
    """Data directories ("volumes") and the servers that run on them.

    The simulator never calls two of these at the same time.
    """

    engine_version: str
    """What a simulated Aurora PostgreSQL reports by default, for example `16.13`."""

    def create(
        self, volume: str, master_username: str, master_password: str, database: str | None
    ) -> None:
        """Make a new volume with one superuser-like login and, if asked for, a database."""

    def copy(self, volume: str, new_volume: str) -> None:
        """Make `new_volume` a consistent copy of `volume`, which may be served meanwhile."""

    def delete(self, volume: str) -> None:
        """Remove the volume; stop its server first if it is served."""

    def serve(
        self,
        volume: str,
        hostnames: Sequence[str],
        port: int,
        *,
        certified_names: Sequence[str],
        writer: str,
    ) -> int:
        """Answer on these host names, and on no earlier ones; return the port clients must use.

        `certified_names` are those on the certificate that all of them show. Inside the database
        `aurora_db_instance_identifier()` is the writer, of any session. Called again for a volume
        that is served already when its host names or its writer change.
        """

    def stop(self, volume: str) -> None:
        """Stop answering. The volume stays."""

    def set_password(self, volume: str, username: str, password: str) -> None:
        """Change a login's password, whether or not the volume is served."""
