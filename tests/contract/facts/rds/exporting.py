"""Exports of snapshots to S3."""

from typing import Any

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import fact
from tests.contract.harness.needs import Effort, Need
from tests.contract.harness.place import refused
from tests.contract.harness.stock import has_role

_ERRORS = "botocore: errors of StartExportTask"


def _start(aws: Aws, **changes: Any) -> Any:
    request = {
        "ExportTaskIdentifier": aws.home.run.new_name("export")[:60],
        "SourceArn": aws.home.snapshot_arn(aws.has(Need.ENCRYPTED)),
        "S3BucketName": aws.has(Need.BUCKET),
        "IamRoleArn": aws.has(Need.EXPORTER),
        "KmsKeyId": aws.has(Need.KEY),
    }
    return aws.home.rds.start_export_task(**request | changes)


_NEEDS = [Need.ENCRYPTED, Need.BUCKET, Need.EXPORTER, Need.KEY]


@fact(
    "A bucket that is not there is InvalidS3BucketFault, a role that is not there IamRoleNotFound, "
    "a snapshot that is not there DBClusterSnapshotNotFoundFault.",
    source=_ERRORS,
    since=FIRST,
    needs=_NEEDS,
)
def what_an_export_names_must_be_there(aws: Aws) -> None:
    nothing = aws.home.run.new_name("nothing")

    with refused("InvalidS3BucketFault"):
        _start(aws, S3BucketName=f"{nothing}-{aws.home.account_id}")
    with refused("IamRoleNotFound"):
        _start(aws, IamRoleArn=f"arn:aws:iam::{aws.home.account_id}:role/{nothing}")
    with refused("DBClusterSnapshotNotFoundFault"):
        _start(aws, SourceArn=f"{aws.home.snapshot_arn(aws.has(Need.ENCRYPTED))}x")


@fact(
    "A role that export.rds.amazonaws.com may not assume is IamRoleMissingPermissions.",
    source=_ERRORS,
    since=FIRST,
    needs=_NEEDS,
    risk=6,
    relied_on_by="Every export to S3: the role that the deployment makes for it.",
)
def the_role_must_trust_the_exports_of_rds(aws: Aws) -> None:
    stranger = has_role(aws.home, "ec2.amazonaws.com")

    with refused("IamRoleMissingPermissions"):
        _start(aws, IamRoleArn=stranger)


@fact(
    "A key that is not there is KMSKeyNotAccessibleFault; what cannot be exported is "
    "InvalidExportOnly.",
    source=_ERRORS,
    since=FIRST,
    needs=_NEEDS,
)
def key_and_parts_are_checked_at_the_start(aws: Aws) -> None:
    with refused("KMSKeyNotAccessibleFault"):
        _start(aws, KmsKeyId=f"alias/{aws.home.run.new_name('nothing')}")
    with refused("InvalidExportOnly"):
        _start(aws, ExportOnly=["a.b.c.d"])


@fact(
    "With a role that may write to the bucket, an export starts as STARTING or IN_PROGRESS. Its "
    "identifier is taken for good (ExportTaskAlreadyExists), its snapshot until it ends "
    "(InvalidExportSourceState). Cancelled, it is CANCELING, then CANCELED.",
    source=f"{_ERRORS}, of CancelExportTask; Aurora user guide, Exporting DB cluster snapshot data",
    since=FIRST,
    effort=Effort.INSTANCE,
    needs=_NEEDS,
    risk=6,
    relied_on_by="Every export to S3: one that was begun already is known by its identifier, and "
    "its snapshot is deleted after its end.",
)
def an_export_starts_and_is_cancelled(aws: Aws) -> None:
    name = aws.home.run.new_name("export")[:60]

    def status() -> str:
        (task,) = aws.home.rds.describe_export_tasks(ExportTaskIdentifier=name)["ExportTasks"]
        return str(task["Status"])

    started = _start(aws, ExportTaskIdentifier=name)
    with refused("ExportTaskAlreadyExists"):
        _start(aws, ExportTaskIdentifier=name)
    with refused("InvalidExportSourceState"):
        _start(aws)
    cancelled = aws.home.rds.cancel_export_task(ExportTaskIdentifier=name)

    assert started["Status"] in ("STARTING", "IN_PROGRESS")
    assert cancelled["Status"] in ("CANCELING", "CANCELED")
    aws.home.run.wait_until(f"{name} is cancelled", lambda: status() == "CANCELED")


@fact(
    "An export that is not there is ExportTaskNotFound, described or cancelled.",
    source="botocore: errors of DescribeExportTasks and CancelExportTask",
    since=FIRST,
)
def an_unknown_export_is_not_found(aws: Aws) -> None:
    name = aws.home.run.new_name("nothing")

    with refused("ExportTaskNotFound"):
        aws.home.rds.describe_export_tasks(ExportTaskIdentifier=name)
    with refused("ExportTaskNotFound"):
        aws.home.rds.cancel_export_task(ExportTaskIdentifier=name)
