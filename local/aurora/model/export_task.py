"""An export of a snapshot to S3, as RDS answers describe it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

_STARTING_PERCENT = 5
"""How much of an export's time passes before it says that it is in progress."""


@dataclass(eq=False, kw_only=True)
class ExportTask:
    """Unlike the resources, an export task has neither an ARN nor tags."""

    source_type: ClassVar[str] = "SNAPSHOT"

    region: str
    account_id: str
    export_task_identifier: str
    source_arn: str
    snapshot_time: datetime
    export_only: list[str]
    s3_bucket: str
    s3_prefix: str
    iam_role_arn: str
    kms_key_id: str
    began: datetime
    task_end_time: datetime | None = None
    status: str = "STARTING"
    percent_progress: int = 0
    total_extracted_data_in_gb: int = 0
    failure_cause: str | None = None

    @property
    def identifier(self) -> str:
        return self.export_task_identifier

    @property
    def task_start_time(self) -> datetime | None:
        """None while it is only starting."""
        return None if self.status == "STARTING" else self.began

    @property
    def is_cancellable(self) -> bool:
        return self.status in ("STARTING", "IN_PROGRESS")

    @property
    def is_under_way(self) -> bool:
        return self.is_cancellable or self.status == "CANCELING"

    @property
    def files_path(self) -> str:
        """Where in the bucket its objects are."""
        return "/".join(filter(None, (self.s3_prefix.strip("/"), self.identifier)))

    @property
    def facts(self) -> dict[str, Any]:
        """What RDS writes about an export that has ended."""
        return {
            "exportTaskIdentifier": self.identifier,
            "sourceArn": self.source_arn,
            "exportOnly": self.export_only,
            "snapshotTime": self.snapshot_time,
            "taskStartTime": self.task_start_time,
            "taskEndTime": self.task_end_time,
            "s3Bucket": self.s3_bucket,
            "s3Prefix": self.s3_prefix,
            "exportedFilesPath": self.files_path,
            "iamRoleArn": self.iam_role_arn,
            "kmsKeyId": self.kms_key_id,
            "status": self.status,
            "percentProgress": self.percent_progress,
            "totalExportedDataInGB": self.total_extracted_data_in_gb,
        }

    def progress(self, percent: int) -> None:
        is_starting = percent < _STARTING_PERCENT
        self.status = "STARTING" if is_starting else "IN_PROGRESS"
        self.percent_progress = 0 if is_starting else percent

    def end(self, status: str, time: datetime, failure_cause: str | None = None) -> None:
        self.status = status
        self.task_end_time = time
        self.failure_cause = failure_cause
