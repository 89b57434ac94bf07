"""What else in RDS is tied to a cluster, so that it cannot be renamed or deleted: read only."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.aws_errors import named_errors

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient


class Ties:
    """The blue/green deployments and zero-ETL integrations of one region."""

    def __init__(self, client: "RDSClient", region: str) -> None:
        self._client = client
        self._region = region

    def of(self, cluster_arn: str) -> tuple[str, ...]:
        """What is tied to a cluster, in words: `blue/green deployment upgrade (AVAILABLE)`."""
        return (*self._deployments(cluster_arn), *self._integrations(cluster_arn))

    def _deployments(self, cluster_arn: str) -> Iterator[str]:
        """Those that the cluster is the blue or the green side of, also after the switch-over."""
        with named_errors(f"Listing the blue/green deployments in {self._region}"):
            pages = self._client.get_paginator("describe_blue_green_deployments").paginate()
            listed = [one for page in pages for one in page["BlueGreenDeployments"]]
        for deployment in listed:
            if cluster_arn in (deployment.get("Source"), deployment.get("Target")):
                name = deployment.get("BlueGreenDeploymentName", "without a name")
                yield f"blue/green deployment {name} ({deployment.get('Status', 'unknown')})"

    def _integrations(self, cluster_arn: str) -> Iterator[str]:
        """The zero-ETL integrations that read from the cluster."""
        with named_errors(f"Listing the zero-ETL integrations in {self._region}"):
            pages = self._client.get_paginator("describe_integrations").paginate()
            listed = [one for page in pages for one in page["Integrations"]]
        for integration in listed:
            if integration.get("SourceArn") == cluster_arn:
                name = integration.get("IntegrationName", "without a name")
                yield f"zero-ETL integration {name} ({integration.get('Status', 'unknown')})"
