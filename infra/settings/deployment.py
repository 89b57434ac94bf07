"""The settings of a deployment, read from the CDK context and checked before anything is made."""

from math import ceil
from typing import Annotated

from pydantic import BeforeValidator, Field, NonNegativeInt, ValidationInfo, field_validator

from infra.settings import regions
from infra.settings.context import ContextSettings
from infra.settings.field_types import ClusterPattern, KeyArn, Name, SecretId
from infra.settings.parts import (
    Alarms,
    Defaults,
    ExportBucket,
    LongTermArchive,
    Network,
    Notifications,
    Schedule,
    Source,
)
from infra.settings.schedule_expressions import longest_days_between
from infra.settings.scheduled_requests import USUAL_RESTORE_HOURS, problems_of, race_of
from shared.arns import Arn
from shared.request.fields import AccountId, Region
from shared.settings import REDRIVE_WINDOW, PhaseDeadlines, Prices

# A failed operation can be redriven for 14 days, and has to be there for that.
RetentionDays = Annotated[int, Field(gt=REDRIVE_WINDOW.days)]


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
    final_snapshot_days: NonNegativeInt = 14
    keep_automated_backups: bool = True
    state_retention_days: RetentionDays = 90
    audit_retention_days: RetentionDays = 365
    notifications: Notifications = Field(default_factory=Notifications)
    alarms: Alarms = Field(default_factory=Alarms)
    network: Network | None = None
    long_term_archive: Annotated[
        LongTermArchive | None, BeforeValidator(lambda given: None if given is False else given)
    ] = Field(default_factory=LongTermArchive, validate_default=True)
    schedules: tuple[Schedule, ...] = ()

    @field_validator("defaults")
    @classmethod
    def _can_be_deployed(cls, defaults: Defaults) -> Defaults:
        regions.check_deployable(defaults.target_region)
        regions.check_together([defaults.source_region], defaults.target_region)
        regions.check_partition_of(
            _named(defaults.admin_secret_id, defaults.users_secret_id, defaults.kms_key_id),
            defaults.target_region,
        )
        return defaults

    @field_validator("source_regions")
    @classmethod
    def _are_within_reach(cls, others: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        defaults: Defaults | None = info.data.get("defaults")
        if defaults:
            regions.check_together(others, defaults.target_region)
        return others

    @field_validator("secrets", "restore_keys")
    @classmethod
    def _exist_in_the_partition(
        cls, arns: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        defaults: Defaults | None = info.data.get("defaults")
        if defaults:
            regions.check_partition_of(arns, defaults.target_region)
        return arns

    @field_validator("notifications")
    @classmethod
    def _are_in_the_partition(cls, who: Notifications, info: ValidationInfo) -> Notifications:
        defaults: Defaults | None = info.data.get("defaults")
        if defaults:
            regions.check_partition_of(who.queues, defaults.target_region)
        return who

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
        alarms: Alarms = info.data.get("alarms") or Alarms()
        is_said = "longest_restore_hours" in alarms.model_fields_set
        hours = alarms.longest_restore_hours if is_said else USUAL_RESTORE_HOURS
        problems += [
            f"{schedule.name}: {race}"
            for schedule in schedules
            if (race := race_of(schedule.schedule, schedule.request, hours))
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
