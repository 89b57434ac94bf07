"""The settings of a deployment, read from the CDK context and checked before anything is made."""

from math import ceil
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    PositiveInt,
    ValidationInfo,
    field_validator,
)

from infra.settings.context import ContextSettings
from infra.settings.field_types import (
    BucketName,
    ClusterPattern,
    EmailAddress,
    ExternalId,
    HttpsUrl,
    KeyArn,
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
from infra.settings.schedule_expressions import A_WEEK_OF_HOURS, longest_days_between
from infra.settings.scheduled_requests import problems_of
from shared.arns import Arn
from shared.model import Model
from shared.request.defaults import RequestDefaults
from shared.request.fields import AccountId, Region, SecurityGroupId
from shared.settings import REDRIVE_WINDOW, Hours, PhaseDeadlines, Prices

# A failed operation can be redriven for 14 days, and has to be there for that.
RetentionDays = Annotated[int, Field(gt=REDRIVE_WINDOW.days)]


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

    With `object_lock_days` nobody, the account's root included, can delete an export before.
    `false` in its place disables it: TOML has no null, and CDK loses it on the way.
    """

    schedule: ScheduleExpression = "cron(0 3 1 * ? *)"
    glacier_after_days: PositiveInt = 90
    object_lock_days: PositiveInt | None = None


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


class DeploymentSettings(ContextSettings):
    """Everything that a deployment decides. The stack lives in the target region.

    `secrets` and `restore_keys` are what requests may name beside the defaults: no function can
    read another secret, or encrypt with another key. The first restore key is the default; without
    any the stack makes one.
    """

    context_key = "aurora-restore"

    name: Name = "aurora-restore"
    account: AccountId | None = None
    defaults: Defaults
    source_regions: tuple[Region, ...] = ()
    source_accounts: tuple[Source, ...] = ()
    replaceable_clusters: tuple[ClusterPattern, ...] = ()
    secrets: tuple[SecretId, ...] = ()
    restore_keys: Annotated[tuple[KeyArn, ...], Field(validate_default=True)] = ()
    exports: ExportBucket | None = None
    prices: Prices | None = None
    deadlines: PhaseDeadlines = Field(default_factory=PhaseDeadlines)
    state_retention_days: RetentionDays = 90
    audit_retention_days: RetentionDays = 365
    notifications: Notifications = Field(default_factory=Notifications)
    alarms: Alarms = Field(default_factory=Alarms)
    network: Network | None = None
    long_term_archive: Annotated[
        LongTermArchive | None, BeforeValidator(lambda given: None if given is False else given)
    ] = Field(default_factory=LongTermArchive, validate_default=True)
    schedules: tuple[Schedule, ...] = ()

    @field_validator("source_accounts")
    @classmethod
    def _are_others(cls, sources: tuple[Source, ...], info: ValidationInfo) -> tuple[Source, ...]:
        accounts = [source.account for source in sources]
        if len(set(accounts)) < len(accounts):
            raise ValueError("names an account twice")
        if info.data.get("account") in accounts:
            raise ValueError("names the deployment's own account, which needs no role")
        return sources

    @field_validator("restore_keys")
    @classmethod
    def _hold_the_default_key(cls, keys: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        defaults: Defaults | None = info.data.get("defaults")
        if defaults and defaults.kms_key_id and defaults.kms_key_id not in keys:
            raise ValueError("must hold defaults.kms_key_id, or no function may use it")
        if defaults and any(Arn.parse(key).region != defaults.target_region for key in keys):
            raise ValueError(
                f"must be keys of {defaults.target_region}, where clusters are restored"
            )
        return keys

    @field_validator("network")
    @classmethod
    def _can_open_the_clusters(
        cls, network: Network | None, info: ValidationInfo
    ) -> Network | None:
        defaults: Defaults | None = info.data.get("defaults")
        clusters = defaults.vpc_security_group_ids if defaults else ("wrong anyway",)
        if network and not network.security_group_ids and not clusters:
            raise ValueError(
                "needs security_group_ids, or defaults.vpc_security_group_ids for a group that the "
                "stack makes"
            )
        return network

    @field_validator("long_term_archive")
    @classmethod
    def _archives_before_tables_forget(
        cls, archive: LongTermArchive | None, info: ValidationInfo
    ) -> LongTermArchive | None:
        # Twice, so that an export that fails is made up for by the next one.
        needed = ceil(2 * longest_days_between(archive.schedule)) if archive else 0
        kept = [info.data.get(f"{table}_retention_days", needed) for table in ("state", "audit")]
        if min(kept) < needed:
            raise ValueError(
                f"state_retention_days and audit_retention_days must be at least {needed}, twice "
                "the longest time between two exports"
            )
        return archive

    @field_validator("schedules")
    @classmethod
    def _would_be_accepted(
        cls, schedules: tuple[Schedule, ...], info: ValidationInfo
    ) -> tuple[Schedule, ...]:
        if len({schedule.name for schedule in schedules}) < len(schedules):
            raise ValueError("two schedules have the same name")
        problems = [
            f"{schedule.name}: {problem}"
            for schedule in schedules
            for problem in problems_of(schedule.name, schedule.request, info.data)
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return schedules

    @property
    def region(self) -> str:
        """The region of the stack."""
        return self.defaults.target_region

    @property
    def regions(self) -> tuple[str, ...]:
        """Every region that the functions read from, the stack's first."""
        return tuple(
            dict.fromkeys((self.region, self.defaults.source_region, *self.source_regions))
        )

    @property
    def admin_secrets(self) -> tuple[str, ...]:
        """Names and ARNs of the secrets that may be read as an admin's login."""
        return _named(self.defaults.admin_secret_id, *self.secrets)

    @property
    def users_secrets(self) -> tuple[str, ...]:
        """Names and ARNs of the secrets that may be read as user templates."""
        return _named(self.defaults.users_secret_id, *self.secrets)


def _named(*secrets: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(secret for secret in secrets if secret))
