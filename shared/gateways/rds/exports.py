"""Exports of snapshots to S3, in one region: RDS writes a snapshot's data as Parquet files."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.aws_errors import named_errors
from shared.errors import NotOurs
from shared.gateways.rds import responses
from shared.resources import ExportTask
from shared.settings import Exports

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient


class SnapshotExports:
    """The export tasks of one region. They cannot be deleted, and their ids never come free."""

    def __init__(self, client: "RDSClient", region: str) -> None:
        self._client = client
        self._region = region

    def ensure_started(
        self, snapshot_arn: str, id_of: Callable[[int], str], exports: Exports
    ) -> ExportTask:
        """Start exporting a snapshot, or find it started.

        `id_of` gives the id of an attempt, from 1: one that has failed is followed by the next.
        """
        for attempt in itertools.count(1):
            task_id = id_of(attempt)
            existing = self.find(task_id)
            if existing is None:
                break
            if existing.source_arn != snapshot_arn:
                raise NotOurs(
                    f"Export {task_id} in {self._region} is one of {existing.source_arn}."
                )
            if not existing.has_failed:
                return existing
        with named_errors(f"Exporting {snapshot_arn} to bucket {exports.bucket}"):
            answer = self._client.start_export_task(
                ExportTaskIdentifier=task_id,
                SourceArn=snapshot_arn,
                S3BucketName=exports.bucket,
                S3Prefix=exports.prefix,
                IamRoleArn=exports.role_arn,
                KmsKeyId=exports.kms_key_id,
            )
        return responses.export_task(answer)

    def find(self, task_id: str) -> ExportTask | None:
        """The export task with this id."""
        with named_errors(f"Describing export {task_id} in {self._region}"):
            try:
                response = self._client.describe_export_tasks(ExportTaskIdentifier=task_id)
            except self._client.exceptions.ExportTaskNotFoundFault:
                return None
        return responses.export_task(response["ExportTasks"][0])
