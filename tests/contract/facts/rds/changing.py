"""Clusters that change: names, settings, master passwords; they stop and start."""

import json
from datetime import date
from typing import Any

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import NO_SOURCE, fact
from tests.contract.harness.needs import Effort, Need
from tests.contract.harness.place import ENGINE, USERNAME, refused
from tests.contract.harness.run import Undecided


@fact(
    "A rename changes the endpoints of a cluster; its resource id and its creation time stay. In "
    "the end the old identifier is DBClusterNotFoundFault.",
    source="botocore: ModifyDBCluster.NewDBClusterIdentifier; Aurora user guide, Modifying an "
    "Amazon Aurora DB cluster",
    since=FIRST,
    effort=Effort.CHANGE,
)
def a_rename_keeps_the_resource_id(aws: Aws) -> None:
    old = aws.home.has_cluster("before")
    before = aws.home.cluster(old)

    new = aws.home.rename(old)
    after = aws.home.cluster(new)

    assert after["DbClusterResourceId"] == before["DbClusterResourceId"]
    assert after["ClusterCreateTime"] == before["ClusterCreateTime"]
    assert after["Endpoint"] == before["Endpoint"].replace(old, new)


@fact(
    "A rename that is to be applied immediately is in PendingModifiedValues first.",
    source="botocore: ClusterPendingModifiedValues.DBClusterIdentifier; that it is there first: "
    + NO_SOURCE,
    since=FIRST,
    effort=Effort.CHANGE,
)
def a_rename_is_pending_first(aws: Aws) -> None:
    old, new = aws.home.has_cluster("before"), aws.home.run.new_name("after")

    answer = aws.home.modify(old, NewDBClusterIdentifier=new)

    assert answer["PendingModifiedValues"]["DBClusterIdentifier"] == new
    assert answer["DBClusterIdentifier"] == old


@fact(
    "A cluster cannot get a name that another one has (DBClusterAlreadyExistsFault), nor an "
    "illegal one (InvalidParameterValue).",
    source="botocore: ModifyDBCluster.NewDBClusterIdentifier and its errors",
    since=FIRST,
    needs=[Need.CLUSTER, Need.SERVED],
)
def a_new_name_must_be_free_and_legal(aws: Aws) -> None:
    cluster = aws.home.settled(aws.has(Need.CLUSTER))

    with refused("DBClusterAlreadyExistsFault"):
        aws.home.modify(cluster, NewDBClusterIdentifier=aws.has(Need.SERVED))
    with refused("InvalidParameterValue"):
        aws.home.modify(cluster, NewDBClusterIdentifier="two--hyphens")


@fact(
    "A rename without ApplyImmediately stays in PendingModifiedValues, while the cluster is "
    "available under its old name.",
    source="botocore: ModifyDBCluster.ApplyImmediately, ClusterPendingModifiedValues",
    since=FIRST,
    effort=Effort.CHANGE,
)
def a_rename_waits_for_the_window(aws: Aws) -> None:
    cluster, new = aws.home.has_cluster("waiting"), aws.home.run.new_name("later")

    aws.home.modify(cluster, NewDBClusterIdentifier=new, ApplyImmediately=False)
    waiting = aws.home.cluster(cluster)

    assert waiting["Status"] == "available"
    assert waiting["PendingModifiedValues"]["DBClusterIdentifier"] == new


@fact(
    "A rename with ApplyImmediately applies what waits for the maintenance window, too: a new "
    "version that was pending is installed.",
    source="older RDS API references, ModifyDBCluster.ApplyImmediately (`any pending "
    "modifications`); today's names only those of the request",
    since=date(2026, 11, 28),
    effort=Effort.DAYLIGHT,
    risk=6,
    relied_on_by="A swap of a cluster that waits for an upgrade is refused; it need not be if a "
    "rename leaves the upgrade pending.",
)
def a_rename_applies_what_is_pending(aws: Aws) -> None:
    before, after = _minor_upgrade(aws)
    cluster = aws.home.has_cluster("outdated", EngineVersion=before)
    aws.home.has_instance(cluster)
    aws.home.modify(cluster, EngineVersion=after, ApplyImmediately=False)
    pending = aws.home.cluster(cluster)["PendingModifiedValues"]

    new = aws.home.run.new_name("renamed")
    aws.home.modify(cluster, NewDBClusterIdentifier=new)
    aws.home.wait_until_gone(lambda: aws.home.cluster(cluster), "DBClusterNotFoundFault")
    statuses: list[str] = []

    def is_decided() -> bool:
        """It is upgraded, or was available so often that no upgrade is going to begin."""
        filters = [{"Name": "db-cluster-id", "Values": [new]}]
        for described in aws.home.rds.describe_db_clusters(Filters=filters)["DBClusters"]:
            statuses.append(described["Status"])
            if described["EngineVersion"] == after and described["Status"] == "available":
                return True
        return statuses[-40:] == ["available"] * 40

    aws.home.run.wait_until("it is upgraded, or not", is_decided)
    renamed = aws.home.cluster(new)

    aws.note("version pending before the rename", pending.get("EngineVersion"))
    aws.note("version after the rename", renamed["EngineVersion"])
    assert pending["EngineVersion"] == after
    assert renamed["EngineVersion"] == after


@fact(
    "What a cluster is tied to is listed without naming it: blue/green deployments with Source and "
    "Target, zero-ETL integrations with SourceArn. A cluster without either is in neither list.",
    source="botocore: DescribeBlueGreenDeployments, BlueGreenDeployment, DescribeIntegrations, "
    "Integration",
    since=date(2026, 11, 28),
    needs=[Need.CLUSTER],
)
def ties_of_clusters_are_listed(aws: Aws) -> None:
    arn = aws.home.cluster(aws.has(Need.CLUSTER))["DBClusterArn"]

    def listed(action: str, key: str) -> list[Any]:
        pages = aws.home.rds.get_paginator(action).paginate()
        return [each for page in pages for each in page[key]]

    deployments = listed("describe_blue_green_deployments", "BlueGreenDeployments")
    integrations = listed("describe_integrations", "Integrations")

    sides = [{each["Source"], each.get("Target")} for each in deployments]
    assert not any(arn in pair for pair in sides)
    assert arn not in [each["SourceArn"] for each in integrations]


@fact(
    "A cluster that is backing up cannot be renamed: InvalidDBClusterStateFault.",
    source="botocore: errors of ModifyDBCluster; that this is such a status: " + NO_SOURCE,
    since=FIRST,
    effort=Effort.CHANGE,
)
def a_cluster_that_backs_up_is_not_renamed(aws: Aws) -> None:
    cluster = aws.home.has_cluster("backing-up")
    aws.home.take_snapshot(cluster)

    status = aws.home.cluster(cluster)["Status"]

    assert status == "backing-up"
    with refused("InvalidDBClusterStateFault"):
        aws.home.modify(cluster, NewDBClusterIdentifier=aws.home.run.new_name("after"))


@fact(
    "Protection against deletion is turned on and off at once.",
    source="botocore: ModifyDBCluster.ApplyImmediately",
    since=FIRST,
    needs=[Need.CLUSTER],
)
def protection_changes_at_once(aws: Aws) -> None:
    cluster = aws.home.settled(aws.has(Need.CLUSTER))

    for is_protected in (True, False):
        answer = aws.home.modify(cluster, DeletionProtection=is_protected)
        assert answer["DeletionProtection"] is is_protected
        aws.home.settled(cluster)


@fact(
    "A cluster that is not there cannot be changed: DBClusterNotFoundFault.",
    source="botocore: errors of ModifyDBCluster",
    since=FIRST,
)
def an_unknown_cluster_cannot_be_changed(aws: Aws) -> None:
    with refused("DBClusterNotFoundFault"):
        aws.home.modify(aws.home.run.new_name("nothing"), DeletionProtection=False)


@fact(
    "A master password has 8 to 41 printable characters without slash, double quote and at sign; "
    "others are refused with InvalidParameterValue.",
    source="botocore: ModifyDBCluster.MasterUserPassword",
    since=FIRST,
    needs=[Need.CLUSTER],
)
def illegal_passwords_are_refused(aws: Aws) -> None:
    cluster = aws.home.settled(aws.has(Need.CLUSTER))

    for illegal in ("seven77", "x" * 42, "with/slash", 'with"quote', "with@sign", "später-dann"):
        with refused("InvalidParameterValue"):
            aws.home.modify(cluster, MasterUserPassword=illegal)


@fact(
    "A new master password is pending and then being reset (`resetting-master-credentials`); when "
    "nothing is pending any more, the cluster is available again.",
    source="Aurora user guide, Viewing Amazon Aurora cluster status; that it is pending first: "
    + NO_SOURCE,
    since=FIRST,
    effort=Effort.CHANGE,
)
def a_new_password_is_pending_first(aws: Aws) -> None:
    cluster = aws.home.has_cluster("password")

    answer = aws.home.modify(cluster, MasterUserPassword=f"{aws.home.run.password}x")

    assert answer["PendingModifiedValues"]["MasterUserPassword"] == "****"
    aws.home.settled(cluster)


@fact(
    "A managed master password is in a secret named `rds!cluster-…`, as JSON with username and "
    "password, and its ARN is in MasterUserSecret. The secret goes with its cluster.",
    source="botocore: ModifyDBCluster.ManageMasterUserPassword; Aurora user guide, Password "
    "management with Amazon Aurora and AWS Secrets Manager",
    since=FIRST,
    effort=Effort.CHANGE,
)
def a_managed_password_is_in_a_secret(aws: Aws) -> None:
    cluster = aws.home.has_cluster("managed")
    secrets = aws.home.client("secretsmanager")

    aws.home.modify(cluster, ManageMasterUserPassword=True)
    aws.home.settled(cluster)
    kept = aws.home.cluster(cluster)["MasterUserSecret"]
    aws.home.run.wait_until(
        "the secret is active",
        lambda: aws.home.cluster(cluster)["MasterUserSecret"]["SecretStatus"] == "active",
    )
    content = json.loads(secrets.get_secret_value(SecretId=kept["SecretArn"])["SecretString"])

    assert ":secret:rds!cluster-" in kept["SecretArn"]
    assert content["username"] == USERNAME
    assert content["password"]
    with refused("InvalidParameterCombination"):
        aws.home.modify(cluster, MasterUserPassword="a-password-of-ones-own")
    aws.home.delete_cluster(cluster)
    aws.home.wait_until_gone(lambda: aws.home.cluster(cluster), "DBClusterNotFoundFault")
    aws.home.wait_until_gone(
        lambda: secrets.describe_secret(SecretId=kept["SecretArn"]), "ResourceNotFoundException"
    )


@fact(
    "A cluster that is stopped is not stopped again, and only a stopped one is started: "
    "InvalidDBClusterStateFault.",
    source="botocore: errors of StopDBCluster and StartDBCluster",
    since=FIRST,
    needs=[Need.CLUSTER],
)
def only_a_stopped_cluster_is_started(aws: Aws) -> None:
    cluster = aws.home.settled(aws.has(Need.CLUSTER))

    with refused("InvalidDBClusterStateFault"):
        aws.home.rds.start_db_cluster(DBClusterIdentifier=cluster)


@fact(
    "A cluster that is stopped keeps its endpoints, cannot be changed "
    "(InvalidDBClusterStateFault), and is available again, with its instance, some time after its "
    "start.",
    source="botocore: StopDBCluster; Aurora user guide, Stopping and starting an Amazon Aurora DB "
    f"cluster; which code: {NO_SOURCE}",
    since=FIRST,
    effort=Effort.DAYLIGHT,
)
def a_stopped_cluster_starts_again(aws: Aws) -> None:
    cluster = aws.home.has_cluster("stopping")
    instance = aws.home.has_instance(cluster)
    endpoint = aws.home.cluster(cluster)["Endpoint"]

    def status() -> str:
        return str(aws.home.cluster(cluster)["Status"])

    aws.home.rds.stop_db_cluster(DBClusterIdentifier=cluster)
    aws.home.wait_for_status(cluster, status, "stopped")
    with refused("InvalidDBClusterStateFault"):
        aws.home.modify(cluster, NewDBClusterIdentifier=aws.home.run.new_name("after"))
    aws.home.rds.start_db_cluster(DBClusterIdentifier=cluster)
    aws.home.wait_for_status(cluster, status)

    aws.home.wait_for_status(instance, lambda: aws.home.instance(instance)["DBInstanceStatus"])
    assert aws.home.cluster(cluster)["Endpoint"] == endpoint


@fact(
    "The list of all clusters, asked for without naming one, has the resource id and the tags of "
    "each.",
    source="botocore: DescribeDBClusters, DBCluster.DbClusterResourceId, DBCluster.TagList",
    since=FIRST,
    needs=[Need.CLUSTER],
)
def the_list_tells_clusters_apart(aws: Aws) -> None:
    name = aws.has(Need.CLUSTER)
    known = aws.home.cluster(name)

    pages = aws.home.rds.get_paginator("describe_db_clusters").paginate()
    (listed,) = (
        each
        for page in pages
        for each in page["DBClusters"]
        if each["DbClusterResourceId"] == known["DbClusterResourceId"]
    )

    assert listed["DBClusterIdentifier"] == name
    assert listed["TagList"] == known["TagList"] != []


def _minor_upgrade(aws: Aws) -> tuple[str, str]:
    """A version that RDS offers, and a later one of the same major that it can be upgraded to."""
    offered = aws.home.rds.describe_db_engine_versions(Engine=ENGINE)["DBEngineVersions"]
    for version in reversed(offered):
        number = version["EngineVersion"]
        major = f"{number.split('.')[0]}."
        targets = [each["EngineVersion"] for each in version["ValidUpgradeTarget"]]
        later = [target for target in targets if target.startswith(major) and "-" not in target]
        if later and "-" not in number:
            return number, later[0]
    raise Undecided("RDS offers no upgrade within a major version.")
