"""Exports of cluster snapshots to S3: started, watched, cancelled.

An export that completes writes one object, the file of facts that RDS puts beside the data.
The data itself, Parquet files of every table, is not written.
"""

import json
import re
from datetime import datetime

from local.aurora.actions.export_access import check_access
from local.aurora.model.export_task import ExportTask
from local.aurora.model.region import Region
from local.aurora.model.resources import Snapshot
from local.aurora.model.simulation import Simulation
from local.aurora.rules.errors import (
    EXPORT_LIMIT_REACHED,
    Fault,
    invalid_combination,
    invalid_value,
    snapshot_not_found,
)
from local.aurora.rules.parameters import Parameters


class Exports:
    def __init__(self, simulation: Simulation) -> None:
        self._timeline = simulation.timeline
        self._quotas = simulation.quotas

    def start(self, region: Region, parameters: Parameters) -> ExportTask:
        identifier = _new_identifier(region, parameters["ExportTaskIdentifier"])
        snapshot = _source(region, parameters["SourceArn"])
        task = ExportTask(
            region=region.name,
            account_id=region.account_id,
            export_task_identifier=identifier,
            source_arn=snapshot.arn,
            snapshot_time=snapshot.snapshot_create_time,
            export_only=_legal_parts(snapshot, parameters.get("ExportOnly", [])),
            s3_bucket=parameters["S3BucketName"],
            s3_prefix=_legal_prefix(parameters.get("S3Prefix", "")),
            iam_role_arn=parameters["IamRoleArn"],
            kms_key_id=region.key_arn(parameters["KmsKeyId"]),
            began=self._timeline.now(),
        )
        _check_access(region, task)
        self._check_concurrent_exports(region)
        region.exports[identifier] = task
        self._timeline.start(
            "export",
            task,
            lambda: self._finish(region, task, snapshot),
            afterwards=lambda: self._close(task),
        )
        return task

    def describe(self, region: Region, parameters: Parameters) -> list[ExportTask]:
        """The exports asked for, however they ended; only an unknown identifier is an error."""
        conditions = [
            (each["Name"], list(each["Values"])) for each in parameters.get("Filters", [])
        ]
        if identifier := parameters.get("ExportTaskIdentifier"):
            conditions.append(("export-task-identifier", [_task(region, identifier).identifier]))
        if source_arn := parameters.get("SourceArn"):
            conditions.append(("source-arn", [source_arn]))
        tasks = [
            task
            for task in region.exports.values()
            if parameters.get("SourceType") in (None, task.source_type)
        ]
        for task in tasks:
            self._observe(task)
        for name, values in conditions:
            tasks = [task for task in tasks if _filter_value(task, name) in values]
        return tasks

    def cancel(self, region: Region, parameters: Parameters) -> ExportTask:
        task = _task(region, parameters["ExportTaskIdentifier"])
        self._observe(task)
        if not task.is_cancellable:
            raise Fault(
                "InvalidExportTaskStateFault",
                f"Export task {task.identifier} is {task.status}: it cannot be cancelled.",
            )
        self._timeline.cancel(task)
        task.status = "CANCELING"
        self._timeline.start(
            "cancel_export", task, lambda: task.end("CANCELED", self._timeline.now())
        )
        return task

    def _finish(self, region: Region, task: ExportTask, snapshot: Snapshot) -> None:
        """Complete it, unless its bucket or its role has gone in the meantime."""
        try:
            _check_access(region, task)
        except Fault as fault:
            task.end("FAILED", self._timeline.now(), fault.message)
            return
        task.percent_progress = 100
        task.total_extracted_data_in_gb = snapshot.allocated_storage
        task.end("COMPLETE", self._timeline.now())
        region.s3.put_object(
            task.s3_bucket,
            f"{task.files_path}/export_info_{task.identifier}.json",
            json.dumps(task.facts, default=datetime.isoformat).encode(),
            encryption="aws:kms",
            kms_key_id=task.kms_key_id,
        )

    def _close(self, task: ExportTask) -> None:
        """End it also when it was asked to fail, and so never finished."""
        if task.task_end_time is None:
            task.end(task.status, self._timeline.now(), "An internal error ended the export.")

    def _observe(self, task: ExportTask) -> None:
        for work in self._timeline.on(task):
            if work.kind == "export":
                task.progress(work.percent(self._timeline.now()))

    def _check_concurrent_exports(self, region: Region) -> None:
        limit = self._quotas.exports_under_way
        if sum(task.is_under_way for task in region.exports.values()) >= limit:
            raise Fault(
                EXPORT_LIMIT_REACHED, f"The limit of {limit} concurrent export tasks is reached."
            )


def _task(region: Region, identifier: str) -> ExportTask:
    task = region.exports.get(identifier)
    if task is None:
        raise Fault("ExportTaskNotFound", f"There is no export task {identifier}.")
    return task


def _new_identifier(region: Region, identifier: str) -> str:
    if not re.fullmatch(r"(?=.{1,60}$)[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*", identifier):
        raise invalid_value(
            f"ExportTaskIdentifier '{identifier}' is not a valid identifier: it takes 1 to 60 "
            "letters, digits and hyphens, begins with a letter, and has no double or trailing "
            "hyphen."
        )
    if identifier in region.exports:
        raise Fault("ExportTaskAlreadyExists", f"Export task {identifier} already exists.")
    return identifier


def _source(region: Region, arn: str) -> Snapshot:
    """The snapshot to export: one of this account and region that nothing else is exporting."""
    if not re.fullmatch(r"arn:aws:rds:[^:]+:[^:]+:[^:]+:.+", arn):
        raise invalid_value(f"SourceArn {arn} is not the ARN of something that RDS has.")
    *_, resource_type, identifier = arn.split(":", 6)
    if resource_type != Snapshot.resource_type:
        raise invalid_combination(f"The export of a {resource_type} is not simulated.")
    if Region.of(arn) != region:
        raise snapshot_not_found(arn)
    snapshot = region.own_snapshot(identifier)
    if snapshot.status != "available":
        raise _source_unusable(f"{identifier} is {snapshot.status}, not available.")
    if any(task.is_under_way and task.source_arn == arn for task in region.exports.values()):
        raise _source_unusable(f"{identifier} is being exported by another task.")
    return snapshot


def _source_unusable(message: str) -> Fault:
    return Fault("InvalidExportSourceState", f"DB cluster snapshot {message}")


def _legal_parts(snapshot: Snapshot, parts: list[str]) -> list[str]:
    """Databases, schemas and tables; MySQL has no schemas between the two others."""
    dots = 1 if snapshot.engine == "aurora-mysql" else 2
    for part in parts:
        if not re.fullmatch(rf"[\w$]+(\.[\w$]+){{0,{dots}}}", part, re.ASCII):
            raise Fault("InvalidExportOnly", f"'{part}' names nothing that can be exported.")
    return list(parts)


def _legal_prefix(prefix: str) -> str:
    if ":" in prefix:
        raise invalid_value(f"S3Prefix '{prefix}' has a colon in it.")
    return prefix


def _check_access(region: Region, task: ExportTask) -> None:
    check_access(region, task.iam_role_arn, task.s3_bucket, task.files_path)


def _filter_value(task: ExportTask, name: str) -> str:
    values = {
        "export-task-identifier": task.identifier,
        "s3-bucket": task.s3_bucket,
        "source-arn": task.source_arn,
        "status": task.status.lower(),
    }
    if name not in values:
        raise invalid_value(f"There is no filter {name}.")
    return values[name]
