"""The settings of a deployment, read from the CDK context and checked before anything is made."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from shared.errors import InvalidRequest
from shared.model import Model
from shared.request import Archive, RestoreRequest
from shared.settings import PhaseDeadlines, Prices, RequestDefaults


class WrongSettings(Exception):
    """The deployment's settings are wrong; the message names every one of them."""


def _matching(pattern: str, allowed: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} is not {allowed}")
        return value

    return check


def _text(pattern: str, allowed: str) -> AfterValidator:
    return AfterValidator(_matching(pattern, allowed))


Name = Annotated[
    str, _text(r"[a-z](-?[a-z0-9]){0,35}", "1 to 36 lower case letters, digits and single hyphens")
]
ClusterPattern = Annotated[
    str,
    _text(
        r"[a-z][a-z0-9*-]{0,62}",
        "a lower case cluster id that starts with a letter and may hold the wildcard *",
    ),
]
Region = Annotated[str, _text(r"[a-z]{2}(-[a-z]+)+-\d", "a region such as us-west-2")]
AccountId = Annotated[str, _text(r"\d{12}", "an account id of twelve digits")]
SecretId = Annotated[
    str, _text(r"arn:[a-z-]+:secretsmanager:\S+|[\w/+=.@-]+", "the name or ARN of a secret")
]
KeyArn = Annotated[
    str, _text(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", "the ARN of a KMS key")
]
SubnetId = Annotated[str, _text(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", "a subnet id")]
SecurityGroupId = Annotated[str, _text(r"sg-([0-9a-f]{8}|[0-9a-f]{17})", "a security group id")]
BucketName = Annotated[str, _text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket")]
# RDS takes no colon in it.
Prefix = Annotated[str, _text(r"[\w!.'()-]+(/[\w!.'()-]+)*", "a prefix of S3 keys")]
EmailAddress = Annotated[str, _text(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")]
ScheduleExpression = Annotated[
    str, _text(r"(cron|rate)\(.+\)", "an expression such as cron(0 2 * * ? *) or rate(1 day)")
]


ExternalId = Annotated[
    str, _text(r"[\w+=,.@:/-]{2,1224}", "an external id of 2 to 1224 letters, digits and +=,.@:/-")
]


class ContextSettings(Model):
    """Settings that stand in the CDK context."""

    context_key: ClassVar[str]

    @classmethod
    def read(cls, value: object) -> Self:
        """Read what stands in the CDK context: the settings, or (with `-c`) the name of their file.

        Raises `WrongSettings` naming everything that is wrong.
        """
        if value is None:
            raise WrongSettings(
                f"There are no settings. Put them under {cls.context_key!r} in the context of "
                "cdk.json."
            )
        try:
            if isinstance(value, str):
                return cls.model_validate_json(Path(value).read_bytes())
            return cls.model_validate(value)
        except OSError as error:
            raise WrongSettings(
                f"The settings cannot be read from {value}: {error.strerror}."
            ) from None
        except ValidationError as error:
            listed = "".join(f"\n  {where}: {what}" for where, what in cls._problems(error))
            raise WrongSettings(f"The settings of {cls.context_key} are wrong:{listed}") from None

    @classmethod
    def _problems(cls, error: ValidationError) -> Iterator[tuple[str, str]]:
        for problem in error.errors(include_url=False, include_input=False):
            what = (
                f"unknown; allowed are {', '.join(cls.model_fields)}"
                if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1
                else problem["msg"].removeprefix("Value error, ")
            )
            yield ".".join(str(part) for part in problem["loc"]) or "settings", what


class Source(Model):
    """Another account whose snapshots may be restored.

    With the external id that its stack was given, the pipeline brings over any of its snapshots;
    without one, only what it shares.
    """

    account: AccountId
    external_id: ExternalId | None = None


class Network(Model):
    """Where `setup_db_users` runs, to reach clusters that are not public."""

    subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=1)]
    security_group_ids: Annotated[tuple[SecurityGroupId, ...], Field(min_length=1)]


class ExportBucket(Model):
    """Where `archive: export` puts the data of snapshots: a bucket of the stack's region."""

    bucket: BucketName
    prefix: Prefix = "aurora-restore"


class Schedule(Model):
    """A restore that starts by itself."""

    name: Name
    schedule: ScheduleExpression
    request: dict[str, JsonValue]
    enabled: bool = True


class DeploymentSettings(ContextSettings):
    """Everything that a deployment decides. The stack lives in the target region.

    `secrets` and `restore_keys` are what requests may name beside the defaults: no function can
    read another secret, or encrypt with another key. The first restore key is the default; without
    any the stack makes one.
    """

    context_key = "aurora-restore"

    name: Name = "aurora-restore"
    account: AccountId | None = None
    defaults: RequestDefaults
    source_regions: tuple[Region, ...] = ()
    source_accounts: tuple[Source, ...] = ()
    replaceable_clusters: tuple[ClusterPattern, ...] = ()
    secrets: tuple[SecretId, ...] = ()
    restore_keys: Annotated[tuple[KeyArn, ...], Field(validate_default=True)] = ()
    exports: ExportBucket | None = None
    prices: Prices | None = None
    deadlines: PhaseDeadlines = Field(default_factory=PhaseDeadlines)
    state_retention_days: PositiveInt = 90
    audit_retention_days: PositiveInt = 365
    notification_emails: tuple[EmailAddress, ...] = ()
    network: Network | None = None
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
        defaults: RequestDefaults | None = info.data.get("defaults")
        if defaults and defaults.kms_key_id and defaults.kms_key_id not in keys:
            raise ValueError("must hold defaults.kms_key_id, or no function may use it")
        if defaults and any(key.split(":")[3] != defaults.target_region for key in keys):
            raise ValueError(
                f"must be keys of {defaults.target_region}, where clusters are restored"
            )
        return keys

    @field_validator("schedules")
    @classmethod
    def _would_be_accepted(
        cls, schedules: tuple[Schedule, ...], info: ValidationInfo
    ) -> tuple[Schedule, ...]:
        if len({schedule.name for schedule in schedules}) < len(schedules):
            raise ValueError("two schedules have the same name")
        if defaults := info.data.get("defaults"):
            for schedule in schedules:
                try:
                    request = RestoreRequest.parse(schedule.request, defaults)
                except InvalidRequest as error:
                    raise ValueError(f"{schedule.name}: {error}") from None
                if request.archive is Archive.EXPORT and not info.data.get("exports"):
                    raise ValueError(
                        f"{schedule.name}: archive: 'export' needs the setting exports"
                    )
        return schedules

    @property
    def region(self) -> str:
        """The region of the stack."""
        return self.defaults.target_region

    @property
    def regions(self) -> tuple[str, ...]:
        """Every region that the functions look into, the stack's first."""
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
