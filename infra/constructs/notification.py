"""The topic that reports how a restore ended."""

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.settings.parts import Notifications


class Notification(Construct):
    """A topic that the stack's alarms may use, too.

    It is under a key of its own: the policy of `aws/sns` cannot be changed to let alarms publish.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, subscribers: Notifications
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"{prefix}: messages about restores",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.topic = sns.Topic(
            self, "Topic", topic_name=prefix, master_key=self.key, enforce_ssl=True
        )
        self._subscribe(subscribers)
        self._let_alarms_publish(prefix)

    def _subscribe(self, subscribers: Notifications) -> None:
        """Subscribe everyone, in the format that suits them.

        Queues get the JSON alone, and the attributes as their own. Over HTTPS SNS leaves the
        attributes out of a raw delivery, and its signature, by which a receiver knows it.
        """
        for protocol, endpoints in (
            (sns.SubscriptionProtocol.EMAIL, subscribers.emails),
            (sns.SubscriptionProtocol.SMS, subscribers.phones),
            (sns.SubscriptionProtocol.SQS, subscribers.queues),
            (sns.SubscriptionProtocol.HTTPS, subscribers.urls),
        ):
            for endpoint in dict.fromkeys(endpoints):
                # Under the topic: elsewhere it would be another resource than before, and when
                # CloudFormation removes the old one, SNS takes both for the same subscription.
                sns.Subscription(
                    self.topic,
                    endpoint,
                    topic=self.topic,
                    protocol=protocol,
                    endpoint=endpoint,
                    raw_message_delivery=protocol is sns.SubscriptionProtocol.SQS or None,
                )

    def _let_alarms_publish(self, prefix: str) -> None:
        """Let the alarms whose names begin with the prefix publish.

        AWS documents no condition that would narrow how alarms use a topic's key
        (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
        """
        alarms = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[alarms],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
            )
        )
        ours = Stack.of(self).format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{prefix}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[alarms],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"ArnLike": {"aws:SourceArn": ours}},
            )
        )
