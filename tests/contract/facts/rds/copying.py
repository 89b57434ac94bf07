"""Copies of snapshots: keys, tags, regions."""

import re
from datetime import date
from functools import partial

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import NO_SOURCE, fact
from tests.contract.harness.needs import Effort, Need
from tests.contract.harness.place import refused

_KEY = "botocore: CopyDBClusterSnapshot.KmsKeyId"
_GUIDE = "Aurora user guide, DB cluster snapshot copying"


@fact(
    "A copy of an encrypted snapshot into another region is refused without a key of that region.",
    source=_KEY,
    since=FIRST,
    needs=[Need.ENCRYPTED],
)
def copies_into_another_region_need_a_key(aws: Aws) -> None:
    arn = aws.home.snapshot_arn(aws.has(Need.ENCRYPTED))

    with refused("InvalidParameterValue", "InvalidParameterCombination"):
        aws.away.copy(arn, SourceRegion=aws.home.region)


@fact(
    "A key of the source's region is KMSKeyNotAccessibleFault for a copy into another region.",
    source=_KEY,
    since=FIRST,
    needs=[Need.ENCRYPTED, Need.KEY],
)
def a_key_of_another_region_is_not_accessible(aws: Aws) -> None:
    arn = aws.home.snapshot_arn(aws.has(Need.ENCRYPTED))

    with refused("KMSKeyNotAccessibleFault"):
        aws.away.copy(arn, KmsKeyId=aws.has(Need.KEY), SourceRegion=aws.home.region)


@fact(
    "A copy into another region, under a key of that region, is `copying` first. It is a manual "
    "snapshot that knows its source's ARN, and takes the source's tags with CopyTags.",
    source="botocore: CopyDBClusterSnapshot.CopyTags, DBClusterSnapshot.SourceDBClusterSnapshotArn",
    since=FIRST,
    effort=Effort.INSTANCE,
    needs=[Need.ENCRYPTED, Need.AWAY_KEY],
    risk=8,
    relied_on_by="Every copy into another region: the operation's tag tells its own copies from "
    "others, and the status and the progress say how far they are.",
)
def tags_travel_with_a_copy_across_regions(aws: Aws) -> None:
    arn = aws.home.snapshot_arn(aws.has(Need.ENCRYPTED))

    copy = aws.away.copy(
        arn,
        KmsKeyId=aws.has(Need.AWAY_KEY),
        CopyTags=True,
        Tags=None,
        SourceRegion=aws.home.region,
    )
    status = aws.away.snapshot(copy)["Status"]
    described = aws.away.snapshot(aws.away.finished(copy))

    assert status == "copying"
    assert described["SourceDBClusterSnapshotArn"] == arn
    assert described["SnapshotType"] == "manual"
    assert described["KmsKeyId"] == aws.has(Need.AWAY_KEY)
    assert described["PercentProgress"] == 100
    assert described["TagList"] == aws.home.run.tags


@fact(
    "Without CopyTags a copy has the tags that it is given, and no others.",
    source="botocore: CopyDBClusterSnapshot.CopyTags",
    since=FIRST,
    effort=Effort.CHANGE,
    needs=[Need.SNAPSHOT],
)
def tags_stay_without_copy_tags(aws: Aws) -> None:
    tags = [{"Key": "own", "Value": "tag"}, *aws.home.run.tags]

    copy = aws.home.finished(aws.home.copy(aws.has(Need.SNAPSHOT), Tags=tags))

    by_key = {tag["Key"]: tag for tag in aws.home.snapshot(copy)["TagList"]}
    assert list(by_key.values()) == [by_key[tag["Key"]] for tag in tags]


@fact(
    "The SnapshotCreateTime of a copy is that of its source, within a region and across regions. "
    "Snapshots of clusters have no OriginalSnapshotCreateTime.",
    source="AWS CLI, example of copy-db-cluster-snapshot; botocore: DBClusterSnapshot; across "
    f"regions: {NO_SOURCE}",
    since=date(2026, 11, 28),
    effort=Effort.CHANGE,
    needs=[Need.SNAPSHOT],
    risk=8,
    relied_on_by="The age of a snapshot that somebody copied: which is the latest, and "
    "max_age_hours. Of its own copies the pipeline keeps the time in a tag.",
)
def a_copy_is_as_old_as_its_source(aws: Aws) -> None:
    source = aws.home.snapshot(aws.has(Need.SNAPSHOT))

    near = aws.home.copy(aws.has(Need.SNAPSHOT), "near")
    far = aws.away.copy(source["DBClusterSnapshotArn"], "far", SourceRegion=aws.home.region)
    near_copy = aws.home.snapshot(aws.home.finished(near))
    far_copy = aws.away.snapshot(aws.away.finished(far))

    aws.note("taken at", [each["SnapshotCreateTime"] for each in (source, near_copy, far_copy)])
    assert near_copy["SnapshotCreateTime"] == source["SnapshotCreateTime"]
    assert far_copy["SnapshotCreateTime"] == source["SnapshotCreateTime"]
    assert "OriginalSnapshotCreateTime" not in near_copy


@fact(
    "A key cannot be given for the copy of a snapshot that has none: copying does not encrypt.",
    source=f"{_KEY}; {_GUIDE}",
    since=FIRST,
    needs=[Need.SNAPSHOT, Need.KEY],
)
def copying_does_not_encrypt(aws: Aws) -> None:
    with refused("InvalidParameterValue", "InvalidParameterCombination"):
        aws.home.copy(aws.has(Need.SNAPSHOT), KmsKeyId=aws.has(Need.KEY))


@fact(
    "A copy within a region keeps the key of its source, or takes another that it is given.",
    source=_KEY,
    since=FIRST,
    effort=Effort.CHANGE,
    needs=[Need.ENCRYPTED, Need.DEFAULT_KEY, Need.KEY],
)
def a_copy_within_a_region_may_change_the_key(aws: Aws) -> None:
    kept = aws.home.copy(aws.has(Need.ENCRYPTED), "kept")
    changed = aws.home.copy(aws.has(Need.DEFAULT_KEY), "changed", KmsKeyId=aws.has(Need.KEY))

    assert aws.home.snapshot(kept)["KmsKeyId"] == aws.has(Need.KEY)
    assert aws.home.snapshot(changed)["KmsKeyId"] == aws.has(Need.KEY)


@fact(
    "A key that is not there is KMSKeyNotAccessibleFault.",
    source="botocore: errors of CopyDBClusterSnapshot",
    since=FIRST,
    needs=[Need.ENCRYPTED],
)
def an_unknown_key_is_not_accessible(aws: Aws) -> None:
    unknown = f"arn:aws:kms:{aws.home.region}:{aws.home.account_id}:alias/{aws.home.run.name}"

    with refused("KMSKeyNotAccessibleFault"):
        aws.home.copy(aws.has(Need.ENCRYPTED), KmsKeyId=unknown)


@fact(
    "Deleting a copy while it is `copying` cancels it.",
    source="botocore: CopyDBClusterSnapshot, DeleteDBClusterSnapshot",
    since=FIRST,
    effort=Effort.CHANGE,
    needs=[Need.ENCRYPTED, Need.AWAY_KEY],
)
def deleting_a_copy_cancels_it(aws: Aws) -> None:
    arn = aws.home.snapshot_arn(aws.has(Need.ENCRYPTED))
    copy = aws.away.copy(arn, KmsKeyId=aws.has(Need.AWAY_KEY), SourceRegion=aws.home.region)

    aws.away.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=copy)

    aws.away.wait_until_gone(lambda: aws.away.snapshot(copy), "DBClusterSnapshotNotFoundFault")


@fact(
    "The source of a copy is named by identifier or by ARN within a region; what is not there is "
    "DBClusterSnapshotNotFoundFault.",
    source="botocore: CopyDBClusterSnapshot.SourceDBClusterSnapshotIdentifier and its errors",
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def a_copy_needs_a_source(aws: Aws) -> None:
    arn = aws.home.snapshot_arn(aws.has(Need.SNAPSHOT))

    for missing in (aws.home.run.new_name("nothing"), f"{arn}x"):
        with refused("DBClusterSnapshotNotFoundFault"):
            aws.home.copy(missing)


@fact(
    "Five copies into a region are under way at a time: one more is SnapshotQuotaExceeded, as is "
    "one snapshot too many; only the message says that it is about copies.",
    source="Aurora user guide, DB cluster snapshot copying; botocore: errors of "
    f"CopyDBClusterSnapshot; the words of the message: {NO_SOURCE}",
    since=FIRST,
    effort=Effort.INSTANCE,
    needs=[Need.SNAPSHOT],
    risk=8,
    relied_on_by="A refused copy is waited for, or ends the restore: by the words of the message.",
)
def copies_across_regions_have_a_quota(aws: Aws) -> None:
    arn = aws.home.snapshot_arn(aws.has(Need.SNAPSHOT))

    copies = []

    with refused("SnapshotQuotaExceeded") as refusal:
        for _ in range(6):
            copies.append(aws.away.copy(arn, SourceRegion=aws.home.region))
    for copy in copies:  # others want to copy, too
        aws.away.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=copy)
        aws.away.wait_until_gone(partial(aws.away.snapshot, copy), "DBClusterSnapshotNotFoundFault")

    words = r"across regions|concurrent|in progress"
    assert re.search(words, refusal["Error"]["Message"], re.IGNORECASE), refusal["Error"]
