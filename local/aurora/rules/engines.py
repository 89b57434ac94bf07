"""The two engines that have Aurora clusters, and what follows from an engine's version."""

import re
from dataclasses import dataclass

from local.aurora.rules.errors import invalid_combination, invalid_value


@dataclass(frozen=True)
class Engine:
    """An engine as requests name it."""

    name: str
    default_version: str
    default_port: int
    version_pattern: str

    def version(self, requested: str | None) -> str:
        """The version of a new cluster: **the region's default** when none is requested."""
        version = requested or self.default_version
        if not re.fullmatch(self.version_pattern, version):
            raise invalid_combination(f"There is no version {version} of {self.name}.")
        return version

    def parameter_group_family(self, version: str) -> str:
        """`aurora-postgresql16`, `aurora-mysql8.0`."""
        major = version.split(".")[0] if self.name == "aurora-postgresql" else version[:3]
        return self.name + major


def engine(name: str, postgresql_version: str) -> Engine:
    """The engine of that name; Aurora PostgreSQL's default version is the one given."""
    if name == "aurora-postgresql":
        return Engine(name, postgresql_version, 5432, r"1\d\.\d+")
    if name == "aurora-mysql":
        return Engine(
            name, "8.0.mysql_aurora.3.08.0", 3306, r"[58]\.[07]\.mysql_aurora\.\d+\.\d+\.\d+"
        )
    raise invalid_value(f"Engine {name} has no Aurora clusters.")


def is_older(version: str, other: str) -> bool:
    """Whether one version of an engine comes before another one of the same engine."""
    return _numbers(version) < _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
