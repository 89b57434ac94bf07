"""What is restored from, whatever kind of thing it is; a snapshot is the first kind."""

from typing import Protocol


class Source(Protocol):
    """What a cluster can be restored from, and what is asked of it before."""

    @property
    def wording(self) -> str:
        """What it is called in messages: `snapshot nightly`."""

    @property
    def engine(self) -> str: ...
    @property
    def engine_version(self) -> str: ...
    @property
    def major_version(self) -> str: ...
    @property
    def family(self) -> str:
        """The family of parameter groups that fits: `aurora-postgresql16`."""

    @property
    def region(self) -> str: ...
    @property
    def encrypted(self) -> bool: ...
    @property
    def kms_key_id(self) -> str | None: ...
    @property
    def master_username(self) -> str: ...
