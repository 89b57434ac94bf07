"""The role as which RDS writes exported snapshots into the bucket of the settings."""

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.permissions.acknowledged import grant
from infra.permissions.statements import allow
from infra.settings.parts import ExportBucket
from shared.settings import Exports


class ExportRole(Construct):
    """A role for RDS's exports alone: one prefix of one bucket.

    The actions are those that RDS asks for (Aurora user guide, "Setting up access to an Amazon S3
    bucket"). Keys it needs none: whoever starts an export grants RDS the use of
    them, and that the grant is retired afterwards.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        target: ExportBucket,
        default_key: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket_arn = f"arn:{Aws.PARTITION}:s3:::{target.bucket}"
        role = iam.Role(
            self,
            "Role",
            description=f"RDS, exporting snapshots to {target.bucket}",
            assumed_by=iam.ServicePrincipal(
                "export.rds.amazonaws.com",
                # So that RDS cannot be made to write here on behalf of another account. Whether RDS
                # says for whom it takes the role, AWS documents for other roles of RDS only.
                conditions={"StringEqualsIfExists": {"aws:SourceAccount": Stack.of(self).account}},
            ),
        )
        objects = f"{self.bucket_arn}/{target.prefix}/*"
        grant(
            role,
            [
                allow("s3:PutObject*", "s3:GetObject*", "s3:DeleteObject*", on=[objects]),
                allow("s3:ListBucket", "s3:GetBucketLocation", on=[self.bucket_arn]),
            ],
        )
        self.settings = Exports(
            bucket=target.bucket,
            prefix=target.prefix,
            role_arn=role.role_arn,
            kms_key_id=default_key,
        )
