"""The state table with its locks, and the audit trail."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from shared.names import BY_SOURCE_CLUSTER, BY_TARGET_CLUSTER

CHANGES = ("UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete")
"""What could change or delete an item of the audit trail; `PutItem` is how it is added to."""

_TEXT = dynamodb.AttributeType.STRING


class Tables(Construct):
    """Both tables outlive the stack: what happened to a cluster is not the deployment's to forget.

    They are encrypted with the account's own DynamoDB key: it costs nothing between restores, and
    there is no secret in them.
    """

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str) -> None:
        super().__init__(scope, construct_id)
        self.state = self._table("State", f"{prefix}-state", "operation_id")
        self.state.add_global_secondary_index(
            index_name=BY_TARGET_CLUSTER,
            partition_key=dynamodb.Attribute(name="target_cluster", type=_TEXT),
            sort_key=dynamodb.Attribute(name="start_time", type=_TEXT),
        )
        self.state.add_global_secondary_index(
            index_name=BY_SOURCE_CLUSTER,
            partition_key=dynamodb.Attribute(name="source_cluster", type=_TEXT),
            sort_key=dynamodb.Attribute(name="start_time", type=_TEXT),
        )
        audit_name = f"{prefix}-audit"
        self.audit = self._table(
            "Audit", audit_name, "operation_id", "timestamp", self._append_only(audit_name)
        )

    def _append_only(self, table_name: str) -> iam.PolicyDocument:
        """Deny everybody in the account to change or delete an item, whatever their role allows.

        Time to live is AWS's own doing. The table is named by its name: a reference to itself
        would be a circle.
        """
        statement = iam.PolicyStatement(
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=[f"dynamodb:{change}" for change in CHANGES],
            resources=[
                Stack.of(self).format_arn(
                    service="dynamodb", resource="table", resource_name=table_name
                )
            ],
            conditions={"Bool": {"aws:PrincipalIsAWSService": "false"}},
        )
        return iam.PolicyDocument(statements=[statement])

    def _table(
        self,
        name: str,
        table_name: str,
        key: str,
        sort_key: str = "",
        policy: iam.PolicyDocument | None = None,
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            name,
            table_name=table_name,
            resource_policy=policy,
            partition_key=dynamodb.Attribute(name=key, type=_TEXT),
            sort_key=dynamodb.Attribute(name=sort_key, type=_TEXT) if sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires_at",
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
