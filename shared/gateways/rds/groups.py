"""Subnet groups, parameter groups and instance classes of one region: read only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared.aws_errors import named_errors
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient


class Groups:
    """Groups and instance classes that a request refers to, and clusters need."""

    def __init__(self, client: "RDSClient", region: str) -> None:
        self._client = client
        self._region = region

    def vpc_of_subnet_group(self, name: str) -> str | None:
        """The VPC of a subnet group; raises `ConfigurationError` when there is no such group."""
        with self._missing("subnet group", name):
            response = self._client.describe_db_subnet_groups(DBSubnetGroupName=name)
        return response["DBSubnetGroups"][0].get("VpcId")

    def vpc_without_subnet_group(self) -> str | None:
        """The VPC of a cluster for which no subnet group is named; `None` where RDS has none yet.

        It gets the group `default`, which RDS makes of the default VPC when it first needs it.
        """
        with named_errors(f"Describing the default subnet group in {self._region}"):
            try:
                response = self._client.describe_db_subnet_groups(DBSubnetGroupName="default")
            except self._client.exceptions.DBSubnetGroupNotFoundFault:
                return None
        return response["DBSubnetGroups"][0].get("VpcId")

    def check_cluster_parameter_group(self, name: str, family: str | None) -> None:
        """Raise `ConfigurationError` when there is no such group, or for other engines.

        Without a family, any will do.
        """
        with self._missing("cluster parameter group", name):
            response = self._client.describe_db_cluster_parameter_groups(
                DBClusterParameterGroupName=name
            )
        _check_family(
            name, response["DBClusterParameterGroups"][0]["DBParameterGroupFamily"], family
        )

    def check_parameter_group(self, name: str, family: str | None) -> None:
        """Raise `ConfigurationError` when there is no such group, or for other engines.

        Without a family, any will do.
        """
        with self._missing("parameter group", name):
            response = self._client.describe_db_parameter_groups(DBParameterGroupName=name)
        _check_family(name, response["DBParameterGroups"][0]["DBParameterGroupFamily"], family)

    def check_orderable(self, instance_class: str, engine: str, version: str | None) -> None:
        """Raise `ConfigurationError` when the class is not available for the version here."""
        wanted = {"Engine": engine, "DBInstanceClass": instance_class}
        if version:
            wanted["EngineVersion"] = version
        with named_errors(f"Searching for instance class {instance_class} in {self._region}"):
            response = self._client.describe_orderable_db_instance_options(**wanted)  # type: ignore[arg-type]
        if not response["OrderableDBInstanceOptions"]:
            raise ConfigurationError(
                f"Instance class {instance_class} is not available for {engine} {version or ''} in "
                f"{self._region}. Choose another db_instance_class."
            )

    @contextmanager
    def _missing(self, what: str, name: str) -> Iterator[None]:
        """Say plainly what AWS says as one of many codes."""
        try:
            with named_errors(f"Describing {what} {name} in {self._region}"):
                yield
        except ConfigurationError:
            raise ConfigurationError(f"There is no {what} {name} in {self._region}.") from None


def _check_family(name: str, family: str, expected: str | None) -> None:
    if expected and family != expected:
        raise ConfigurationError(
            f"Parameter group {name} is of family {family}; the snapshot needs {expected}."
        )
