"""Identifiers: which are legal, and how they are compared."""

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import fact
from tests.contract.harness.needs import Need
from tests.contract.harness.place import refused

_RULE = "botocore: CopyDBClusterSnapshot.TargetDBClusterSnapshotIdentifier"


@fact(
    "A cluster's identifier begins with a letter, has up to 63 letters, digits and hyphens, and no "
    "double or trailing hyphen; others are refused with InvalidParameterValue.",
    source="botocore: RestoreDBClusterFromSnapshot.DBClusterIdentifier",
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def illegal_cluster_identifiers_are_refused(aws: Aws) -> None:
    for illegal in ("1st", "two--hyphens", "trailing-", "under_score", "x" * 64):
        with refused("InvalidParameterValue"):
            aws.home.restore(aws.has(Need.SNAPSHOT), DBClusterIdentifier=illegal)


@fact(
    "A copy cannot have an identifier like `rds:name`, as automated snapshots do.",
    source=_RULE,
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def copies_are_not_named_like_automated_snapshots(aws: Aws) -> None:
    name = f"rds:{aws.home.run.new_name('copy')}"

    with refused("InvalidParameterValue"):
        aws.home.copy(aws.has(Need.SNAPSHOT), TargetDBClusterSnapshotIdentifier=name)


@fact(
    "A snapshot's identifier is stored in lower case, and found in any case.",
    source=f"{_RULE}: not case-sensitive",
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def identifiers_are_compared_without_case(aws: Aws) -> None:
    identifier = aws.has(Need.SNAPSHOT)

    found = aws.home.snapshot(identifier.upper())

    assert found["DBClusterSnapshotIdentifier"] == identifier == identifier.lower()


@fact(
    "A new cluster's identifier is stored in lower case.",
    source="botocore: CreateDBCluster.DBClusterIdentifier",
    since=FIRST,
    needs=[Need.CLUSTER],
)
def a_taken_identifier_is_taken_in_any_case(aws: Aws) -> None:
    with refused("DBClusterAlreadyExistsFault"):
        aws.home.create_cluster(DBClusterIdentifier=aws.has(Need.CLUSTER).upper())
