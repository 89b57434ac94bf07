"""A run: its name, its pace, where it puts things, and how it waits."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = "restore-contract-"
"""What the name of everything begins with that a run makes."""
TAG = "aurora-restore:contract"
"""The tag of everything that a run makes, where AWS has tags; its value is the run."""
LONGEST_WAIT = 90 * 60


class Undecided(Exception):
    """The cloud did not let us look, so nothing is known of the fact."""


@dataclass(frozen=True)
class Network:
    """Where clusters are put; the account's defaults unless said otherwise."""

    subnet_group: str | None = None
    security_groups: tuple[str, ...] = ()
    is_public: bool = False

    @property
    def of_cluster(self) -> Mapping[str, Any]:
        chosen: dict[str, Any] = {}
        if self.subnet_group:
            chosen["DBSubnetGroupName"] = self.subnet_group
        if self.security_groups:
            chosen["VpcSecurityGroupIds"] = list(self.security_groups)
        return chosen


@dataclass(frozen=True)
class Pace:
    """How a run waits."""

    sleep: Callable[[float], None]
    poll_seconds: float = 15
    roles_seconds: float = 20
    """How long IAM takes until other services know a new role."""


@dataclass
class Run:
    """What all places of a run have in common."""

    pace: Pace
    network: Network = field(default_factory=Network)
    instance_class: str = "db.t4g.medium"
    nightly: Callable[[str, str, str], None] | None = None
    """Has RDS take its automated snapshot of a cluster, given account, region and identifier.

    `None` where RDS does it by itself.
    """
    name: str = field(default_factory=lambda: secrets.token_hex(3))
    # 8 to 41 printable characters; letters and digits are allowed everywhere.
    password: str = field(default_factory=lambda: secrets.token_hex(12))
    _numbers: int = 0

    def new_name(self, word: str) -> str:
        """A name that nothing else has, by which cleaning knows it."""
        self._numbers += 1
        return f"{PREFIX}{self.name}-{self._numbers}-{word}"

    @property
    def tags(self) -> list[dict[str, str]]:
        return [{"Key": TAG, "Value": self.name}]

    def wait_until(self, what: str, is_so: Callable[[], bool]) -> None:
        """Raise `Undecided` when it takes longer than anything should."""
        waited = 0.0
        while not is_so():
            if waited > LONGEST_WAIT:
                raise Undecided(f"{what}: not within {LONGEST_WAIT // 60} minutes.")
            self.pace.sleep(self.pace.poll_seconds)
            waited += self.pace.poll_seconds
