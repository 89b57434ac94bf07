"""The state table with its locks, and the audit trail."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from shared.store import BY_SOURCE_CLUSTER

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
            index_name="by_target_cluster",
            partition_key=dynamodb.Attribute(name="target_cluster", type=_TEXT),
            sort_key=dynamodb.Attribute(name="start_time", type=_TEXT),
        )
        self.state.add_global_secondary_index(
            index_name=BY_SOURCE_CLUSTER,
            partition_key=dynamodb.Attribute(name="source_cluster", type=_TEXT),
            sort_key=dynamodb.Attribute(name="start_time", type=_TEXT),
        )
        self.audit = self._table("Audit", f"{prefix}-audit", "operation_id", "timestamp")

    def _table(self, name: str, table_name: str, key: str, sort_key: str = "") -> dynamodb.Table:
        return dynamodb.Table(
            self,
            name,
            table_name=table_name,
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
