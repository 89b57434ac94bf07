"""The engines that have clusters, and what follows from an engine's version.

The API of RDS makes, lists, renames and deletes the clusters of all of them, under ARNs that do
not tell them apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from local.aurora.rules.errors import invalid_combination, invalid_value
from local.aurora.rules.versions import ENGINE, Version, known_versions, upgrades


@dataclass(frozen=True)
class Engine:
    """An engine as requests name it, with the versions that it has or had."""

    name: str
    default_version: str
    default_port: int
    versions: Mapping[str, Version]

    def version(self, requested: str | None) -> str:
        """The version of a new cluster: **the region's default** when none is requested."""
        version = requested or self.default_version
        if not self.offers(version):
            # RDS's words, met by many: aws/aws-sdk-go#3786, aws-samples/sample-apj-sup-sa#163.
            raise invalid_combination(f"Cannot find version {version} for {self.name}")
        return version

    def offers(self, version: str) -> bool:
        """Whether a cluster can be made or restored with this version now."""
        return version in self.versions and self.versions[version].is_offered

    def upgrades(self, version: str) -> list[str]:
        """What a cluster of this version can be upgraded to; here, within its major version."""
        return upgrades(version, self.versions.values())

    def parameter_group_family(self, version: str) -> str:
        """`aurora-postgresql16`, `aurora-mysql8.0`, `neptune1.3`, `docdb5.0`, `postgres16`."""
        parts = version.split(".")
        is_postgresql = self.name in (ENGINE, "postgres")
        return self.name + (parts[0] if is_postgresql else ".".join(parts[:2]))


_OTHERS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "aurora-mysql": (
        3306,
        ("8.0.mysql_aurora.3.08.0", "8.0.mysql_aurora.3.10.4", "8.0.mysql_aurora.3.12.0"),
    ),
    "neptune": (8182, ("1.4.5.1", "1.3.5.0")),
    "docdb": (27017, ("5.0.0", "4.0.0")),
    "postgres": (5432, ("16.13", "17.9")),
}
"""Port and versions, the default first, of the engines that only have to be told apart."""


def engine(name: str, postgresql_version: str) -> Engine:
    """The engine of that name; Aurora PostgreSQL's default version is the one given."""
    if name == ENGINE:
        return Engine(name, postgresql_version, 5432, known_versions(postgresql_version))
    if name not in _OTHERS:
        raise invalid_value(f"Engine {name} has no clusters.")
    port, versions = _OTHERS[name]
    return Engine(name, versions[0], port, {each: Version(each) for each in versions})
