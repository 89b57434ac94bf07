"""Snapshots shared with other accounts."""

from datetime import date

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import fact
from tests.contract.harness.needs import Effort, Need
from tests.contract.harness.place import refused

_GUIDE = "Aurora user guide, Sharing a DB cluster snapshot"


def _share(aws: Aws, snapshot: str, *accounts: str, verb: str = "Add") -> None:
    aws.home.rds.modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier=snapshot,
        AttributeName="restore",
        **{f"ValuesTo{verb}": list(accounts)},
    )


@fact(
    "A shared snapshot is seen by the other account with IncludeShared only, with its ARN as "
    "identifier and the type `shared`; before and after it is DBClusterSnapshotNotFoundFault.",
    source=f"botocore: DescribeDBClusterSnapshots.IncludeShared; {_GUIDE}",
    since=FIRST,
    needs=[Need.SNAPSHOT, Need.OTHER_ACCOUNT],
)
def a_shared_snapshot_shows_its_arn(aws: Aws) -> None:
    arn, account = aws.home.snapshot_arn(aws.has(Need.SNAPSHOT)), aws.has(Need.OTHER_ACCOUNT)
    with refused("DBClusterSnapshotNotFoundFault"):
        aws.other.copy(arn)

    _share(aws, aws.has(Need.SNAPSHOT), account)
    shared = aws.other.rds.describe_db_cluster_snapshots(SnapshotType="shared")
    own = aws.other.rds.describe_db_cluster_snapshots()
    _share(aws, aws.has(Need.SNAPSHOT), account, verb="Remove")

    (seen,) = (s for s in shared["DBClusterSnapshots"] if s["DBClusterSnapshotArn"] == arn)
    assert seen["DBClusterSnapshotIdentifier"] == arn
    assert seen["SnapshotType"] == "shared"
    assert arn not in {each["DBClusterSnapshotArn"] for each in own["DBClusterSnapshots"]}


@fact(
    "Whom a snapshot is shared with are the values of its attribute `restore`.",
    source="botocore: ModifyDBClusterSnapshotAttribute",
    since=FIRST,
    needs=[Need.SNAPSHOT, Need.OTHER_ACCOUNT],
)
def sharing_is_described_and_taken_back(aws: Aws) -> None:
    snapshot, account = aws.has(Need.SNAPSHOT), aws.has(Need.OTHER_ACCOUNT)
    seen = []

    for verb in ("Add", "Remove"):
        _share(aws, snapshot, account, verb=verb)
        described = aws.home.rds.describe_db_cluster_snapshot_attributes(
            DBClusterSnapshotIdentifier=snapshot
        )["DBClusterSnapshotAttributesResult"]["DBClusterSnapshotAttributes"]
        seen.append({each["AttributeName"]: each["AttributeValues"] for each in described})

    assert seen == [{"restore": [account]}, {"restore": []}]


@fact(
    "A copy of an encrypted shared snapshot is refused without a key of the copying account, and "
    "is under that key.",
    source="botocore: CopyDBClusterSnapshot.KmsKeyId",
    since=date(2026, 11, 25),
    effort=Effort.CHANGE,
    needs=[Need.ENCRYPTED, Need.OTHER_ACCOUNT],
)
def a_shared_snapshot_is_copied_under_a_key_of_ones_own(aws: Aws) -> None:
    arn, account = aws.home.snapshot_arn(aws.has(Need.ENCRYPTED)), aws.has(Need.OTHER_ACCOUNT)
    _share(aws, aws.has(Need.ENCRYPTED), account)

    with refused("InvalidParameterValue", "InvalidParameterCombination"):
        aws.other.copy(arn)
    copy = aws.other.copy(arn, KmsKeyId="alias/aws/rds")

    assert aws.other.snapshot(aws.other.finished(copy))["KmsKeyId"].split(":")[4] == account


@fact(
    "A snapshot under RDS's own key cannot be shared: InvalidDBClusterSnapshotStateFault.",
    source=_GUIDE,
    since=FIRST,
    needs=[Need.DEFAULT_KEY, Need.OTHER_ACCOUNT],
)
def a_snapshot_under_the_default_key_is_not_shared(aws: Aws) -> None:
    with refused("InvalidDBClusterSnapshotStateFault", "InvalidParameterCombination"):
        _share(aws, aws.has(Need.DEFAULT_KEY), aws.has(Need.OTHER_ACCOUNT))


@fact(
    "A snapshot is shared with 20 accounts at most: SharedSnapshotQuotaExceeded.",
    source=f"{_GUIDE}; botocore: errors of ModifyDBClusterSnapshotAttribute",
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def a_snapshot_is_shared_with_twenty_accounts(aws: Aws) -> None:
    with refused("SharedSnapshotQuotaExceeded"):
        _share(aws, aws.has(Need.SNAPSHOT), *(f"{number:012}" for number in range(1, 22)))


@fact(
    "An encrypted snapshot cannot be public.",
    source="botocore: ModifyDBClusterSnapshotAttribute",
    since=FIRST,
    needs=[Need.ENCRYPTED],
)
def an_encrypted_snapshot_is_never_public(aws: Aws) -> None:
    with refused("InvalidParameterCombination", "InvalidParameterValue"):
        _share(aws, aws.has(Need.ENCRYPTED), "all")


@fact(
    "An automated snapshot cannot be shared: InvalidDBClusterSnapshotStateFault.",
    source=f"botocore: ModifyDBClusterSnapshotAttribute (manual only); {_GUIDE}",
    since=FIRST,
    needs=[Need.AUTOMATED, Need.OTHER_ACCOUNT],
)
def an_automated_snapshot_is_not_shared(aws: Aws) -> None:
    with refused("InvalidDBClusterSnapshotStateFault", "InvalidParameterValue"):
        _share(aws, aws.has(Need.AUTOMATED), aws.has(Need.OTHER_ACCOUNT))
