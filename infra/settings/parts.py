"""What the settings of a deployment consist of."""

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, PositiveInt, model_validator

from infra.settings.field_types import (
    BucketName,
    EmailAddress,
    ExternalId,
    HttpsUrl,
    Name,
    PhoneNumber,
    Prefix,
    PrefixListId,
    QueueArn,
    RouteTableId,
    ScheduleExpression,
    SecretId,
    SubnetId,
    VpcId,
)
from infra.settings.schedule_expressions import A_WEEK_OF_HOURS
from shared.model import Model
from shared.request.defaults import RequestDefaults
from shared.request.fields import AccountId, SecurityGroupId
from shared.settings import Hours

EXPORT_SEEN_UNDER_COMPLIANCE = False
"""Whether anybody has seen on AWS that an export into a bucket with such a lock succeeds.

To be changed together with the answer that is recorded, and not before.
"""


class Defaults(RequestDefaults):
    """What a request gets when it leaves a field out; its secrets go into IAM policies."""

    admin_secret_id: SecretId | None = None
    users_secret_id: SecretId | None = None


class Source(Model):
    """Another account whose snapshots may be restored.

    With the external id that its stack was given, the pipeline brings over any of its snapshots;
    without one, only what it shares.
    """

    account: AccountId
    external_id: ExternalId | None = None


class Endpoints(Model):
    """VPC endpoints for `setup_db_users`, where its subnets have no NAT gateway.

    The route tables are those of its subnets, of which no two may be in the same zone.
    The prefix list is DynamoDB's in the region: AWS's API alone reports its id.
    """

    route_table_ids: Annotated[tuple[RouteTableId, ...], Field(min_length=1)]
    dynamodb_prefix_list_id: PrefixListId


class Network(Model):
    """Where `setup_db_users` runs, to reach clusters, which are never public.

    Without security groups of its own the stack makes one, which may reach the clusters' groups
    (`defaults.vpc_security_group_ids`) and the endpoints, and nothing else.
    """

    vpc_id: VpcId
    subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=1)]
    security_group_ids: tuple[SecurityGroupId, ...] = ()
    endpoints: Endpoints | None = None


class Notifications(Model):
    """Who gets the messages: people as text, machines as JSON.

    E-mail addresses and URLs confirm their subscription themselves. A queue must let the topic in:
    its policy allows `sns.amazonaws.com` to send, for the topic as `aws:SourceArn`; a key of its
    own must let SNS use it, too.
    """

    emails: tuple[EmailAddress, ...] = ()
    phones: tuple[PhoneNumber, ...] = ()
    queues: tuple[QueueArn, ...] = ()
    urls: tuple[HttpsUrl, ...] = ()


class Alarms(Model):
    """When the alarms with a limit of their own trigger."""

    longest_restore_hours: Hours = 12
    function_errors_per_hour: PositiveInt = 20


class LongTermArchive(Model):
    """A bucket that both tables are exported to, every month unless the schedule says otherwise.

    With `object_lock_days` an export cannot be deleted before: in governance mode except by who
    has the permission to bypass it, in compliance mode by nobody, the account's root included.
    `false` in its place disables it: TOML has no null, and CDK loses it on the way.
    """

    schedule: ScheduleExpression = "cron(0 3 1 * ? *)"
    glacier_after_days: PositiveInt = 90
    object_lock_days: PositiveInt | None = None
    object_lock_mode: Literal["governance", "compliance"] | None = None

    @model_validator(mode="after")
    def _can_be_undone(self) -> Self:
        if self.object_lock_mode == "compliance" and not EXPORT_SEEN_UNDER_COMPLIANCE:
            raise ValueError(
                "object_lock_mode 'compliance' cannot be undone, and nobody has seen on AWS that "
                "DynamoDB's export succeeds in such a bucket; choose 'governance'"
            )
        if (self.object_lock_days is None) is not (self.object_lock_mode is None):
            raise ValueError("object_lock_days and object_lock_mode ('governance') go together")
        return self


class ExportBucket(Model):
    """Where `archive: export` puts the data of snapshots: a bucket of the stack's region."""

    bucket: BucketName
    prefix: Prefix = "aurora-restore"


class Schedule(Model):
    """A restore that starts by itself.

    An alarm triggers when it has not been started for `missed_after_hours`, a week at most; without
    them, for as long as its expression says, if `infra.settings.schedule_expressions` can read
    that in it.
    """

    name: Name
    schedule: ScheduleExpression
    request: dict[str, JsonValue]
    enabled: bool = True
    missed_after_hours: Annotated[int, Field(gt=0, le=A_WEEK_OF_HOURS)] | None = None
