"""What a cluster can be tied to: blue/green deployments, zero-ETL integrations, IAM roles.

Of a deployment there is only what the guard rails look at: its clusters and its status. That RDS
renames and deletes no cluster while it is tied is assumed; no document of AWS says it of all four.
"""

from typing import Any
from uuid import uuid4

from local.aurora.model.region import Region
from local.aurora.rules.errors import Fault
from local.aurora.rules.parameters import Parameters


def create_deployment(region: Region, parameters: Parameters) -> dict[str, Any]:
    """Let a cluster be the blue side of a deployment; the green one is not made."""
    cluster = region.cluster(parameters["Source"])
    name = parameters["BlueGreenDeploymentName"]
    deployment = {
        "BlueGreenDeploymentIdentifier": f"bgd-{uuid4().hex[:16]}",
        "BlueGreenDeploymentName": name,
        "Source": cluster.arn,
        "Target": f"{cluster.arn}-green-{uuid4().hex[:6]}",
        "Status": "AVAILABLE",
    }
    cluster.ties.append(deployment)
    return deployment


def create_integration(region: Region, parameters: Parameters) -> dict[str, Any]:
    """Let a cluster be what a warehouse is fed from."""
    cluster = region.cluster(parameters["SourceArn"])
    place = f"arn:aws:rds:{region.name}:{region.account_id}"
    integration = {
        "SourceArn": cluster.arn,
        "TargetArn": parameters["TargetArn"],
        "IntegrationName": parameters["IntegrationName"],
        "IntegrationArn": f"{place}:integration:{uuid4()}",
        "Status": "active",
    }
    cluster.ties.append(integration)
    return integration


def associate_role(region: Region, parameters: Parameters) -> None:
    """Let a cluster act in a role. No snapshot has the role, and no cluster restored from one."""
    cluster = region.cluster(parameters["DBClusterIdentifier"])
    role = {"RoleArn": region.role(parameters["RoleArn"]).arn, "Status": "ACTIVE"}
    feature = parameters.get("FeatureName")
    cluster.associated_roles.append(role | ({"FeatureName": feature} if feature else {}))


def ties(region: Region, name: str) -> dict[str, dict[str, Any]]:
    """Everything in a region that has a name of this kind, by that name."""
    return {
        tie[name]: tie
        for cluster in region.clusters.values()
        for tie in cluster.ties
        if name in tie
    }


def check_untied(region: Region, parameters: Parameters) -> None:
    """Refuse to rename or delete a cluster that something else is tied to."""
    cluster = region.cluster(parameters["DBClusterIdentifier"])
    if cluster.ties:
        raise Fault(
            "InvalidDBClusterStateFault",
            f"DB cluster {cluster.identifier} is part of a deployment or an integration.",
        )
