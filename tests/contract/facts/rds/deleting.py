"""Clusters that go, with or without a final snapshot."""

from datetime import date
from functools import partial

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import NO_SOURCE, fact
from tests.contract.harness.needs import Effort, Need
from tests.contract.harness.place import refused


@fact(
    "A final snapshot is either named or skipped: both, and neither, is "
    "InvalidParameterCombination.",
    source="botocore: DeleteDBCluster.SkipFinalSnapshot, FinalDBSnapshotIdentifier",
    since=FIRST,
    effort=Effort.CHANGE,
)
def a_final_snapshot_is_named_or_skipped(aws: Aws) -> None:
    cluster, final = aws.home.has_cluster("final"), aws.home.run.new_name("final")

    with refused("InvalidParameterCombination"):
        aws.home.rds.delete_db_cluster(DBClusterIdentifier=cluster)
    with refused("InvalidParameterCombination"):
        aws.home.rds.delete_db_cluster(
            DBClusterIdentifier=cluster, SkipFinalSnapshot=True, FinalDBSnapshotIdentifier=final
        )


@fact(
    "A cluster with an instance that is not being deleted stays: InvalidDBClusterStateFault.",
    source="botocore: errors of DeleteDBCluster; Aurora user guide, Deleting Aurora DB clusters "
    "and DB instances",
    since=FIRST,
    needs=[Need.SERVED],
)
def a_cluster_goes_after_its_instances(aws: Aws) -> None:
    with refused("InvalidDBClusterStateFault"):
        aws.home.delete_cluster(aws.has(Need.SERVED))


@fact(
    "A cluster that is protected against deletion stays: InvalidParameterCombination.",
    source="Aurora user guide, Deleting Aurora DB clusters and DB instances; which code: "
    + NO_SOURCE,
    since=FIRST,
    effort=Effort.CHANGE,
)
def a_protected_cluster_stays(aws: Aws) -> None:
    cluster = aws.home.has_cluster("protected", DeletionProtection=True)

    with refused("InvalidParameterCombination"):
        aws.home.delete_cluster(cluster)


@fact(
    "A cluster that is not there is DBClusterNotFoundFault.",
    source="botocore: errors of DeleteDBCluster",
    since=FIRST,
)
def an_unknown_cluster_cannot_be_deleted(aws: Aws) -> None:
    with refused("DBClusterNotFoundFault"):
        aws.home.delete_cluster(aws.home.run.new_name("nothing"))


@fact(
    "A final snapshot is a manual snapshot that outlives its cluster. A name that is taken is "
    "DBClusterSnapshotAlreadyExistsFault, and the cluster stays.",
    source="botocore: DeleteDBCluster.FinalDBSnapshotIdentifier and its errors",
    since=FIRST,
    effort=Effort.INSTANCE,
    needs=[Need.SNAPSHOT],
)
def a_final_snapshot_outlives_its_cluster(aws: Aws) -> None:
    cluster, final = aws.home.has_cluster("leaving"), aws.home.run.new_name("final")
    with refused("DBClusterSnapshotAlreadyExistsFault"):
        aws.home.rds.delete_db_cluster(
            DBClusterIdentifier=cluster, FinalDBSnapshotIdentifier=aws.has(Need.SNAPSHOT)
        )

    aws.home.rds.delete_db_cluster(DBClusterIdentifier=cluster, FinalDBSnapshotIdentifier=final)
    aws.home.wait_until_gone(lambda: aws.home.cluster(cluster), "DBClusterNotFoundFault")
    snapshot = aws.home.snapshot(final)

    assert snapshot["Status"] == "available"
    assert snapshot["SnapshotType"] == "manual"
    assert snapshot["DBClusterIdentifier"] == cluster


@fact(
    "A cluster is `available` while its final snapshot is made; to ask a second time that it be "
    "deleted is refused.",
    source="Aurora user guide, Deleting Aurora DB clusters and DB instances; AWS CLI, example of "
    "delete-db-cluster",
    since=date(2026, 11, 28),
    effort=Effort.CHANGE,
    risk=2,
    relied_on_by="Every replacement with a final snapshot: whether RDS has begun is told by the "
    "snapshot, not by the cluster's status, and the deletion is not asked for twice.",
)
def a_cluster_is_available_while_its_final_snapshot_is_made(aws: Aws) -> None:
    cluster, final = aws.home.has_cluster("leaving"), aws.home.run.new_name("final")

    aws.home.rds.delete_db_cluster(DBClusterIdentifier=cluster, FinalDBSnapshotIdentifier=final)
    status = aws.home.cluster(cluster)["Status"]
    with refused("InvalidDBClusterStateFault", "DBClusterSnapshotAlreadyExistsFault"):
        aws.home.rds.delete_db_cluster(DBClusterIdentifier=cluster, FinalDBSnapshotIdentifier=final)

    assert status == "available"


@fact(
    "Automated snapshots go with their cluster, manual ones stay.",
    source="botocore: DeleteDBCluster and its DeleteAutomatedBackups",
    since=FIRST,
    effort=Effort.INSTANCE,
)
def automated_snapshots_go_with_their_cluster(aws: Aws) -> None:
    cluster = aws.home.has_cluster("backed-up")
    aws.home.automated_snapshot(cluster)
    aws.home.settled(cluster)
    manual = aws.home.has_snapshot(cluster)
    aws.home.settled(cluster)

    aws.home.delete_cluster(cluster)
    aws.home.wait_until_gone(lambda: aws.home.cluster(cluster), "DBClusterNotFoundFault")
    listed = aws.home.rds.describe_db_cluster_snapshots(DBClusterIdentifier=cluster)

    left = [each["DBClusterSnapshotIdentifier"] for each in listed["DBClusterSnapshots"]]
    assert left == [manual]


@fact(
    "With DeleteAutomatedBackups=False the automated backups of a deleted cluster stay, and are "
    "found by the filter status=retained; with True none do. They are deleted by the resource id.",
    source="botocore: DeleteDBCluster.DeleteAutomatedBackups, DescribeDBClusterAutomatedBackups."
    "Filters, DeleteDBClusterAutomatedBackup; Aurora user guide, Retaining automated backups",
    since=date(2026, 11, 28),
    effort=Effort.INSTANCE,
    risk=8,
    relied_on_by="A cluster that is replaced without a final snapshot keeps its backups, and a "
    "replacement is refused when the quota of 40 is used up.",
)
def automated_backups_stay_when_told(aws: Aws) -> None:
    keeps = {aws.home.create_cluster("kept"): True, aws.home.create_cluster("not-kept"): False}
    ids = {}
    for cluster in keeps:
        ids[cluster] = aws.home.cluster(aws.home.settled(cluster))["DbClusterResourceId"]
        aws.home.automated_snapshot(cluster)
        aws.home.settled(cluster)

    for cluster, stays in keeps.items():
        aws.home.rds.delete_db_cluster(
            DBClusterIdentifier=cluster, SkipFinalSnapshot=True, DeleteAutomatedBackups=not stays
        )
    for cluster in keeps:
        aws.home.wait_until_gone(partial(aws.home.cluster, cluster), "DBClusterNotFoundFault")
    retained = _retained(aws)
    wanted = {ids[cluster] for cluster, stays in keeps.items() if stays}
    found = retained & set(ids.values())
    for resource_id in found:
        aws.home.rds.delete_db_cluster_automated_backup(DbClusterResourceId=resource_id)

    assert found == wanted
    aws.home.run.wait_until("it is deleted", lambda: not _retained(aws) & wanted)


def _retained(aws: Aws) -> set[str]:
    """The resource ids of the deleted clusters whose automated backups have stayed."""
    pages = aws.home.rds.get_paginator("describe_db_cluster_automated_backups").paginate(
        Filters=[{"Name": "status", "Values": ["retained"]}]
    )
    return {
        each["DbClusterResourceId"] for page in pages for each in page["DBClusterAutomatedBackups"]
    }
