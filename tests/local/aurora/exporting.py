"""A scene with all that the export of a snapshot needs, and words for what tests do with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.local.aurora.scene import EAST, Scene

EXPORTER = "export.rds.amazonaws.com"
ON_OBJECTS = ("s3:PutObject*", "s3:GetObject*", "s3:DeleteObject*")
ON_THE_BUCKET = ("s3:ListBucket", "s3:GetBucketLocation")


@dataclass
class Exporting:
    """A scene with a snapshot, and with all that its export needs."""

    scene: Scene
    snapshot_arn: str
    bucket: str
    role_arn: str
    key_arn: str

    def request(self, identifier: str = "task", **changes: Any) -> Any:
        request = {
            "ExportTaskIdentifier": identifier,
            "SourceArn": self.snapshot_arn,
            "S3BucketName": self.bucket,
            "IamRoleArn": self.role_arn,
            "KmsKeyId": self.key_arn,
        }
        return self.scene.rds().start_export_task(**request | changes)

    def task(self, identifier: str = "task") -> Any:
        (task,) = self.scene.rds().describe_export_tasks(ExportTaskIdentifier=identifier)[
            "ExportTasks"
        ]
        return task

    def listed(self, **question: Any) -> set[str]:
        tasks = self.scene.rds().describe_export_tasks(**question)["ExportTasks"]
        return {task["ExportTaskIdentifier"] for task in tasks}

    def cancel(self, identifier: str = "task") -> Any:
        return self.scene.rds().cancel_export_task(ExportTaskIdentifier=identifier)

    def another_snapshot(self, identifier: str) -> str:
        arn: str = self.scene.has_snapshot(identifier)["DBClusterSnapshotArn"]
        return arn

    def written(self) -> list[str]:
        answer = self.scene.client("s3").list_objects_v2(Bucket=self.bucket)
        return [each["Key"] for each in answer.get("Contents", [])]


def ready_to_export(scene: Scene) -> Exporting:
    """A snapshot `before`, a bucket, a role that may write to it, and a key."""
    scene.has_cluster()
    snapshot = scene.has_snapshot("before")
    bucket = has_bucket(scene, "archive")
    return Exporting(
        scene=scene,
        snapshot_arn=snapshot["DBClusterSnapshotArn"],
        bucket=bucket,
        role_arn=has_role(scene, "exporter", policies={"write": writing_to(bucket)}),
        key_arn=scene.key(),
    )


def has_bucket(scene: Scene, name: str, region: str = EAST) -> str:
    bucket = f"{name}-{scene.account_id}"
    where = {} if region == EAST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    scene.client("s3", region).create_bucket(Bucket=bucket, **where)
    return bucket


def has_role(
    scene: Scene,
    name: str,
    policies: Mapping[str, Any],
    trusted: str | list[str] = EXPORTER,
) -> str:
    iam = scene.client("iam")
    trust = statement("sts:AssumeRole", Principal={"Service": trusted})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"][
        "Arn"
    ]
    for policy, content in policies.items():
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=content)
    return arn


def writing_to(bucket: str, below: str = "", without: str = "") -> str:
    """The policy that the user guide asks for, or one that lacks an action."""
    arn = f"arn:aws:s3:::{bucket}"
    return document(
        statement(*(a for a in ON_OBJECTS if a != without), Resource=f"{arn}/{below}*"),
        statement(*(a for a in ON_THE_BUCKET if a != without), Resource=arn),
    )


def statement(*actions: str, effect: str = "Allow", **rest: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), **rest}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
