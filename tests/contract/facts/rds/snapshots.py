"""Snapshots: taken, described, found, deleted."""

from datetime import date

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import NO_SOURCE, fact
from tests.contract.harness.needs import Effort, Need
from tests.contract.harness.place import refused


@fact(
    "A snapshot that is not there is answered with DBClusterSnapshotNotFoundFault.",
    source="botocore: errors of DescribeDBClusterSnapshots",
    since=FIRST,
)
def an_unknown_snapshot_is_not_found(aws: Aws) -> None:
    with refused("DBClusterSnapshotNotFoundFault"):
        aws.home.snapshot(aws.home.run.new_name("nothing"))


@fact(
    "A listing by cluster is empty, and no error, when the cluster has no snapshots.",
    source=NO_SOURCE,
    since=FIRST,
)
def a_listing_of_no_snapshots_is_empty(aws: Aws) -> None:
    cluster = aws.home.run.new_name("nothing")

    answer = aws.home.rds.describe_db_cluster_snapshots(DBClusterIdentifier=cluster)

    assert answer["DBClusterSnapshots"] == []


@fact(
    "Identifiers of automated snapshots begin with `rds:` and the cluster's identifier.",
    source="Aurora user guide, Overview of backing up and restoring an Aurora DB cluster",
    since=FIRST,
    needs=[Need.CLUSTER, Need.AUTOMATED],
)
def automated_snapshots_are_named_after_their_cluster(aws: Aws) -> None:
    assert aws.has(Need.AUTOMATED).startswith(f"rds:{aws.has(Need.CLUSTER)}-")


@fact(
    "Described by identifier, an automated snapshot is found only with SnapshotType=automated.",
    source="botocore: DescribeDBClusterSnapshots.DBClusterSnapshotIdentifier",
    since=FIRST,
    needs=[Need.AUTOMATED],
)
def automated_snapshots_are_found_with_their_type(aws: Aws) -> None:
    identifier = aws.has(Need.AUTOMATED)

    found = aws.home.snapshot(identifier, SnapshotType="automated")
    with refused("DBClusterSnapshotNotFoundFault"):
        aws.home.snapshot(identifier)

    assert found["SnapshotType"] == "automated"


@fact(
    "Described by cluster and without a type, automated and manual snapshots are listed.",
    source="botocore: DescribeDBClusterSnapshots.SnapshotType",
    since=FIRST,
    needs=[Need.CLUSTER, Need.AUTOMATED, Need.SNAPSHOT],
)
def a_cluster_lists_automated_and_manual_snapshots(aws: Aws) -> None:
    wanted = {aws.has(Need.AUTOMATED), aws.has(Need.SNAPSHOT)}

    listed = aws.home.rds.describe_db_cluster_snapshots(DBClusterIdentifier=aws.has(Need.CLUSTER))

    assert wanted <= {each["DBClusterSnapshotIdentifier"] for each in listed["DBClusterSnapshots"]}


@fact(
    "An automated snapshot cannot be deleted: InvalidDBClusterSnapshotStateFault.",
    source=NO_SOURCE,
    since=FIRST,
    needs=[Need.AUTOMATED],
)
def automated_snapshots_cannot_be_deleted(aws: Aws) -> None:
    with refused("InvalidDBClusterSnapshotStateFault"):
        aws.home.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=aws.has(Need.AUTOMATED))


@fact(
    "A snapshot has its cluster's version, master user and key.",
    source="botocore: DBClusterSnapshot",
    since=FIRST,
    needs=[Need.SERVED, Need.ENCRYPTED],
)
def a_snapshot_describes_its_cluster(aws: Aws) -> None:
    snapshot = aws.home.snapshot(aws.has(Need.ENCRYPTED))
    cluster = aws.home.cluster(aws.has(Need.SERVED))

    for field in ("Engine", "EngineVersion", "MasterUsername", "KmsKeyId", "StorageEncrypted"):
        assert snapshot[field] == cluster[field], field
    assert snapshot["SnapshotType"] == "manual"


@fact(
    "Records come in pages of 20 to 100; other sizes are refused with InvalidParameterValue.",
    source="botocore: DescribeDBClusterSnapshots.MaxRecords",
    since=FIRST,
)
def pages_have_twenty_to_a_hundred_records(aws: Aws) -> None:
    for illegal in (19, 101):
        with refused("InvalidParameterValue"):
            aws.home.rds.describe_db_cluster_snapshots(MaxRecords=illegal)

    assert "DBClusterSnapshots" in aws.home.rds.describe_db_cluster_snapshots(MaxRecords=20)


@fact(
    "A snapshot is `creating` first. Until it is available it can be neither restored nor copied: "
    "InvalidDBClusterSnapshotStateFault.",
    source="botocore: CopyDBClusterSnapshot.SourceDBClusterSnapshotIdentifier; for the restore: "
    "its errors",
    since=FIRST,
    effort=Effort.CHANGE,
    needs=[Need.CLUSTER],
)
def only_available_snapshots_are_used(aws: Aws) -> None:
    aws.home.settled(aws.has(Need.CLUSTER))
    snapshot = aws.home.take_snapshot(aws.has(Need.CLUSTER))

    status = aws.home.snapshot(snapshot)["Status"]
    with refused("InvalidDBClusterSnapshotStateFault"):
        aws.home.restore(snapshot)
    with refused("InvalidDBClusterSnapshotStateFault"):
        aws.home.copy(snapshot)

    assert status == "creating"
    aws.home.finished(snapshot)


@fact(
    "A snapshot's identifier is taken: DBClusterSnapshotAlreadyExistsFault.",
    source="botocore: errors of CreateDBClusterSnapshot and CopyDBClusterSnapshot",
    since=FIRST,
    needs=[Need.CLUSTER, Need.SNAPSHOT],
)
def a_snapshot_identifier_is_taken_once(aws: Aws) -> None:
    taken = aws.has(Need.SNAPSHOT)
    aws.home.settled(aws.has(Need.CLUSTER))

    with refused("DBClusterSnapshotAlreadyExistsFault"):
        aws.home.take_snapshot(aws.has(Need.CLUSTER), DBClusterSnapshotIdentifier=taken)
    with refused("DBClusterSnapshotAlreadyExistsFault"):
        aws.home.copy(taken, TargetDBClusterSnapshotIdentifier=taken)


@fact(
    "Deleting a snapshot that is not there is answered with DBClusterSnapshotNotFoundFault.",
    source="botocore: errors of DeleteDBClusterSnapshot",
    since=FIRST,
)
def an_unknown_snapshot_cannot_be_deleted(aws: Aws) -> None:
    with refused("DBClusterSnapshotNotFoundFault"):
        aws.home.rds.delete_db_cluster_snapshot(
            DBClusterSnapshotIdentifier=aws.home.run.new_name("nothing")
        )


@fact(
    "A snapshot takes the tags of its cluster only when the cluster says so and none are given.",
    source="botocore: CreateDBCluster.CopyTagsToSnapshot",
    since=FIRST,
    effort=Effort.CHANGE,
    needs=[Need.CLUSTER],
)
def tags_of_the_cluster_reach_its_snapshots(aws: Aws) -> None:
    aws.home.settled(aws.has(Need.CLUSTER))

    snapshot = aws.home.has_snapshot(aws.has(Need.CLUSTER), Tags=None)

    assert aws.home.snapshot(snapshot)["TagList"] == aws.home.run.tags


@fact(
    "A tag whose key begins with `aws:` is refused.",
    source="botocore: Tag.Key",
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def tags_of_awss_own_are_refused(aws: Aws) -> None:
    with refused("InvalidParameterValue", "InvalidParameterCombination"):
        aws.home.copy(aws.has(Need.SNAPSHOT), Tags=[{"Key": "aws:mine", "Value": "no"}])


@fact(
    "A tag whose key begins with `rds:`, or whose value begins with `aws:` or `rds:`, is refused.",
    source="botocore: Tag.Key, Tag.Value; which code: " + NO_SOURCE,
    since=date(2026, 11, 28),
    needs=[Need.SNAPSHOT],
)
def reserved_prefixes_of_tags_are_refused(aws: Aws) -> None:
    for key, value in (("rds:mine", "no"), ("mine", "aws:no"), ("mine", "rds:no")):
        with refused("InvalidParameterValue", "InvalidParameterCombination"):
            aws.home.copy(aws.has(Need.SNAPSHOT), Tags=[{"Key": key, "Value": value}])


@fact(
    "DescribeAccountAttributes has the use and limit of ManualClusterSnapshots, DBClusters and "
    "DBInstances.",
    source="botocore: DescribeAccountAttributes, AccountQuota",
    since=date(2026, 11, 25),
)
def the_accounts_quotas_are_described(aws: Aws) -> None:
    listed = aws.home.rds.describe_account_attributes()["AccountQuotas"]

    quotas = {quota["AccountQuotaName"]: quota for quota in listed}
    for name in ("ManualClusterSnapshots", "DBClusters", "DBInstances"):
        assert 0 <= quotas[name]["Used"] <= quotas[name]["Max"], name
