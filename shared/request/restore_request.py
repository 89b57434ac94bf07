"""The restore request: what a user may ask for, checked as a whole (design, section 6)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from shared.errors import InvalidRequest
from shared.model import Model
from shared.request.contradictions import contradictions
from shared.request.defaults import RequestDefaults
from shared.request.fields import (
    LATEST,
    AccountId,
    Archive,
    BackupDays,
    Capacity,
    ClusterId,
    InstanceClass,
    LogExport,
    NameOrArn,
    NewTagValue,
    OperationId,
    Port,
    Region,
    Replace,
    SecurityGroupId,
    SnapshotDate,
    SnapshotId,
    TagKey,
    TagName,
    TagValue,
    source_of,
)


class ServerlessV2(Model):
    """Serverless v2 scaling limits."""

    min_capacity: Capacity
    max_capacity: Annotated[Capacity, Field(ge=1)]

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if self.min_capacity > self.max_capacity:
            raise PydanticCustomError("limits", "min_capacity is above max_capacity")
        return self


class RestoreRequest(Model):
    """A request that is right in itself, with the deployment's defaults filled in."""

    source_cluster_id: ClusterId | None = None
    source_snapshot_id: SnapshotId | None = None
    source_snapshot_date: SnapshotDate | None = None
    source_account_id: AccountId | None = None
    source_region: Region
    source_snapshot_tags: Annotated[dict[TagName, TagValue], Field(max_length=50)] = Field(
        default_factory=dict
    )
    max_age_hours: Annotated[int, Field(ge=1, le=24 * 3650)] | None = None
    target_region: Region
    target_cluster_id: ClusterId
    replace: Replace = Replace.NEVER
    db_instance_class: InstanceClass
    instance_count: Annotated[int, Field(ge=1, le=16)] = 1
    serverless_v2: ServerlessV2 | None = None
    vpc_security_group_ids: tuple[SecurityGroupId, ...] = ()
    db_subnet_group_name: NameOrArn | None = None
    db_cluster_parameter_group_name: NameOrArn | None = None
    db_parameter_group_name: NameOrArn | None = None
    port: Port | None = None
    kms_key_id: NameOrArn | None = None
    log_exports: tuple[LogExport, ...] = ()
    backup_retention_days: BackupDays = 1
    extended_support: bool = False
    auto_minor_version_upgrade: bool = True
    deletion_protection: bool = False
    admin_secret_id: NameOrArn
    users_secret_id: NameOrArn
    archive: Archive = Archive.DELETE
    # Longer than an operation can last, so that nobody sweeps what is still in use.
    retain_days: Annotated[int, Field(ge=4, le=3650)] | None = None
    final_snapshot: bool = True
    keep_replaced_hours: Annotated[int, Field(ge=0, le=24 * 365)] = 0
    tags: Annotated[dict[TagKey, NewTagValue], Field(max_length=40)] = Field(default_factory=dict)
    initiator: Annotated[str, Field(max_length=256)] | None = None
    operation_id: OperationId | None = None
    plan_only: bool = False
    abandon: bool = False

    @classmethod
    def parse(cls, raw: object, defaults: RequestDefaults) -> Self:
        """Read a request as a user wrote it; raises `InvalidRequest` naming every wrong field."""
        if not isinstance(raw, Mapping):
            raise InvalidRequest("The request is not a JSON object. See the example requests.")
        if raw.get("abandon"):
            raise InvalidRequest("abandon: must be given with the operation_id, and nothing else.")
        written = _filled_in(raw, defaults)
        problems = dict(contradictions(written))
        if written.get("target_region") != defaults.target_region:
            # Roles, keys and network of a deployment are those of its own region.
            only = f"must be {defaults.target_region}, the region of this deployment"
            problems = {"target_region": only} | problems
        try:
            request = cls.model_validate(written)
        except ValidationError as error:
            problems |= dict(_problems(error))
        if problems:
            listed = "; ".join(f"{field}: {problem}" for field, problem in problems.items())
            raise InvalidRequest(f"The request is invalid in {_count(problems)}: {listed}.")
        return request

    @property
    def wanted_snapshot(self) -> str:
        """What the request asks for, in words for a message."""
        account = f" of account {self.source_account_id}" if self.source_account_id else ""
        if self.source_snapshot_id:
            return f"snapshot {self.source_snapshot_id} in {self.source_region}{account}"
        when = self.source_snapshot_date
        which = "latest snapshot" if when == LATEST else f"snapshot of {when}"
        return f"{which} of {self.source_cluster_id} in {self.source_region}{account}"


def _filled_in(raw: Mapping[str, Any], defaults: RequestDefaults) -> dict[str, Any]:
    """The request with what its ARN implies and the deployment gives; `null` counts as left out."""
    given = {name: value for name, value in raw.items() if value is not None}
    implied = source_of(given.get("source_snapshot_id"))
    written = defaults.model_dump(exclude_none=True) | implied | given
    if not written.get("source_snapshot_id"):
        written.setdefault("source_snapshot_date", LATEST)
    return written


def _problems(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Field and message of everything that is wrong with fields by themselves."""
    for problem in error.errors(include_input=False, include_url=False):
        field = ".".join(str(part) for part in problem["loc"] if part != "[key]")
        match problem["type"]:
            case "extra_forbidden":
                allowed = ", ".join(RestoreRequest.model_fields)
                yield field, f"unknown field; allowed are {allowed}"
            case "missing":
                yield field, "required in the request, or as a default of the deployment"
            case _:
                yield field, problem["msg"]


def _count(problems: Mapping[str, str]) -> str:
    return "one field" if len(problems) == 1 else f"{len(problems)} fields"
