"""What both tables hold, exported to S3 again and again, for longer than the tables keep it."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.tables import Tables
from infra.permissions.acknowledged import acknowledge, grant
from infra.settings.parts import LongTermArchive

PREFIXES = ("state", "audit")


class TableExports(Construct):
    """A bucket, and a schedule per table that has DynamoDB export it there, without a function.

    Every export is a whole table: EventBridge Scheduler cannot work out the two times that an
    incremental one needs. DynamoDB gives each a folder of its own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        settings: LongTermArchive,
        tables: Tables,
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = self._make_bucket(settings)
        group = scheduler.ScheduleGroup(
            self,
            "Group",
            schedule_group_name=prefix,
            # Retained, its name would be in a successor's way.
            removal_policy=RemovalPolicy.DESTROY,
        )
        statements = self._statements(tables, dead_letters)
        role = self._role(group, statements)
        for name, table in zip(PREFIXES, (tables.state, tables.audit), strict=True):
            schedule = scheduler.Schedule(
                self,
                name.title(),
                schedule_name=f"{prefix}-archive-{name}",
                schedule_group=group,
                description=f"Export the {name} table to {name}/ of the long-term archive",
                schedule=scheduler.ScheduleExpression.expression(settings.schedule),
                target=targets.Universal(
                    service="dynamodb",
                    action="exportTableToPointInTime",
                    input=scheduler.ScheduleTargetInput.from_object(self._export(name, table)),
                    role=role.without_policy_updates(),
                    policy_statements=statements,  # otherwise CDK thinks of its own
                    dead_letter_queue=dead_letters,
                    max_event_age=Duration.hours(8),  # as long as DynamoDB remembers a client token
                    retry_attempts=100,
                ),
            )
            # CDK writes the group's name down where a reference would make them wait for it.
            schedule.node.add_dependency(group)

    def _make_bucket(self, settings: LongTermArchive) -> s3.Bucket:
        """Like the tables it outlives the stack; it has no name, so it is in no successor's way.

        It is encrypted with S3's own keys: there is no secret in it, and what is to be read in ten
        years should not depend on a key that somebody may delete before.
        """
        days, mode = settings.object_lock_days, settings.object_lock_mode
        lock = (
            s3.ObjectLockRetention.compliance
            if mode == "compliance"
            else s3.ObjectLockRetention.governance
        )
        to_glacier = Duration.days(settings.glacier_after_days)
        bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=True,
            object_lock_enabled=True if days else None,
            object_lock_default_retention=lock(Duration.days(days)) if days else None,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="to-glacier",
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.GLACIER, transition_after=to_glacier
                        )
                    ],
                    noncurrent_version_transitions=[
                        s3.NoncurrentVersionTransition(
                            storage_class=s3.StorageClass.GLACIER, transition_after=to_glacier
                        )
                    ],
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "Only DynamoDB writes to it; who reads it, CloudTrail's data events tell if wanted",
        )
        return bucket

    def _role(
        self, group: scheduler.IScheduleGroup, statements: Sequence[iam.PolicyStatement]
    ) -> iam.Role:
        """A role for the schedules of this group alone."""
        role = iam.Role(
            self,
            "Role",
            description="EventBridge Scheduler, exporting the tables to the long-term archive",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                # So that no other schedule, of this account or another, can assume it.
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": Stack.of(self).account,
                        "aws:SourceArn": group.schedule_group_arn,
                    }
                },
            ),
        )
        grant(role, statements)
        return role

    def _statements(self, tables: Tables, dead_letters: sqs.IQueue) -> list[iam.PolicyStatement]:
        """What the schedules may do. DynamoDB writes as whoever asks it to.

        The actions are those that DynamoDB asks for (developer guide, "Requesting a table
        export"). `s3:PutObjectAcl` can open nothing: the bucket knows no access control lists.
        """
        allowed = {
            ("dynamodb:ExportTableToPointInTime",): [
                tables.state.table_arn,
                tables.audit.table_arn,
            ],
            ("s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectAcl"): [
                self.bucket.arn_for_objects(f"{name}/*") for name in PREFIXES
            ],
            ("sqs:SendMessage",): [dead_letters.queue_arn],
        }
        return [
            iam.PolicyStatement(actions=list(actions), resources=resources)
            for actions, resources in allowed.items()
        ]

    def _export(self, name: str, table: dynamodb.ITable) -> dict[str, Any]:
        """The call of DynamoDB. A call that is repeated is the same export, not another one."""
        return {
            "TableArn": table.table_arn,
            "S3Bucket": self.bucket.bucket_name,
            "S3BucketOwner": Aws.ACCOUNT_ID,
            "S3Prefix": name,
            "S3SseAlgorithm": "AES256",
            "ExportFormat": "DYNAMODB_JSON",
            "ClientToken": f"{name}-{scheduler.ContextAttribute.scheduled_time}",
        }
