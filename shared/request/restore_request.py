"""The restore request: what a user may ask for, checked as a whole (design, section 6)."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from shared.errors import InvalidRequest
from shared.model import Model
from shared.settings import RequestDefaults

LATEST = "latest"
CLUSTER_ID = re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{0,62}(?<!-)")
SNAPSHOT_ID = re.compile(r"arn:[a-z-]+:rds:[a-z0-9-]+:\d{12}:cluster-snapshot:\S+|[A-Za-z][\w:-]*")
OPERATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,63}")


class Replace(StrEnum):
    """What happens to a cluster that already has the target id."""

    NEVER = "never"
    SWAP = "swap"
    DELETE_FIRST = "delete_first"


class Archive(StrEnum):
    """What happens to the temporary snapshots in the end."""

    DELETE = "delete"
    RETAIN = "retain"
    EXPORT = "export"


def _cluster_id(value: str) -> str:
    if not CLUSTER_ID.fullmatch(value):
        raise PydanticCustomError(
            "cluster_id",
            "a cluster id has 1 to 63 letters, digits and hyphens, starts with a letter, "
            "and has no double or trailing hyphen",
        )
    return value.lower()


def _snapshot_id(value: str) -> str:
    if not SNAPSHOT_ID.fullmatch(value):
        raise PydanticCustomError("snapshot_id", "give the id or the ARN of a cluster snapshot")
    return value


def _snapshot_date(value: str) -> str:
    if value == LATEST:
        return value
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise PydanticCustomError("date", "give 'latest' or a date that exists as YYYY-MM-DD (UTC)")


def _tag_key(value: str) -> str:
    if value.lower().startswith(("aws:", "aurora-restore:")):
        raise PydanticCustomError(
            "tag", "tag keys starting with 'aws:' or 'aurora-restore:' are reserved"
        )
    return value


ClusterId = Annotated[str, AfterValidator(_cluster_id)]
AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
OperationId = Annotated[str, Field(pattern=f"^{OPERATION_ID.pattern}$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
Name = Annotated[str, Field(min_length=1, max_length=2048)]
Port = Annotated[int, Field(ge=1150, le=65535)]
_TAG = r"^[\w\s.:/=+@-]*$"
TagName = Annotated[str, Field(min_length=1, max_length=128, pattern=_TAG)]
TagKey = Annotated[TagName, AfterValidator(_tag_key)]
TagValue = Annotated[str, Field(max_length=256, pattern=_TAG)]
Capacity = Annotated[float, Field(ge=0, le=256, multiple_of=0.5)]


class ServerlessV2(Model):
    """Serverless v2 scaling limits, in Aurora capacity units (ACU)."""

    min_capacity: Capacity
    max_capacity: Annotated[Capacity, Field(ge=1)]


class RestoreRequest(Model):
    """A request that is right in itself, with the deployment's defaults filled in."""

    source_cluster_id: ClusterId | None = None
    source_snapshot_id: (
        Annotated[str, Field(max_length=512), AfterValidator(_snapshot_id)] | None
    ) = None
    source_snapshot_date: Annotated[str, AfterValidator(_snapshot_date)] | None = None
    source_account_id: AccountId | None = None
    source_region: Region
    source_snapshot_tags: Annotated[dict[TagName, TagValue], Field(max_length=50)] = Field(
        default_factory=dict
    )
    max_age_hours: Annotated[int, Field(ge=1, le=24 * 3650)] | None = None
    target_region: Region
    target_cluster_id: ClusterId
    replace: Replace = Replace.NEVER
    db_instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9.-]+$")]
    instance_count: Annotated[int, Field(ge=1, le=16)] = 1
    serverless_v2: ServerlessV2 | None = None
    vpc_security_group_ids: tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")], ...] = ()
    db_subnet_group_name: Name | None = None
    db_cluster_parameter_group_name: Name | None = None
    db_parameter_group_name: Name | None = None
    port: Port | None = None
    kms_key_id: Name | None = None
    log_exports: tuple[Literal["postgresql", "instance", "iam-db-auth-error"], ...] = ()
    extended_support: bool = False
    deletion_protection: bool = False
    admin_secret_id: Name
    users_secret_id: Name
    archive: Archive = Archive.DELETE
    # Longer than an operation can last, so that nobody sweeps what is still in use.
    retain_days: Annotated[int, Field(ge=4, le=3650)] | None = None
    final_snapshot: bool = True
    keep_replaced_hours: Annotated[int, Field(ge=0, le=24 * 365)] = 0
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=40)] = Field(default_factory=dict)
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
            raise InvalidRequest("abandon: give it with the operation_id, and nothing else.")
        given = {name: value for name, value in raw.items() if value is not None}
        values = defaults.model_dump(exclude_none=True) | _source_of_arn(given) | given
        if not values.get("source_snapshot_id"):
            values.setdefault("source_snapshot_date", LATEST)
        problems = dict(_contradictions(values, defaults))
        try:
            request = cls.model_validate(values)
        except ValidationError as error:
            problems |= {
                ".".join(str(part) for part in problem["loc"] if part != "[key]"): _words(problem)
                for problem in error.errors(include_input=False, include_url=False)
            }
        if problems:
            listed = "; ".join(f"{field}: {problem}" for field, problem in problems.items())
            raise InvalidRequest(f"The request is wrong in {_count(problems)}: {listed}.")
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


def _source_of_arn(raw: Mapping[str, Any]) -> dict[str, str]:
    """The source region and account, where the snapshot is named by an ARN that tells them."""
    parts = str(raw.get("source_snapshot_id") or "").split(":")
    if parts[0] != "arn" or len(parts) <= 6:
        return {}
    return {"source_region": parts[3], "source_account_id": parts[4]}


def _contradictions(
    values: Mapping[str, Any], defaults: RequestDefaults
) -> Iterator[tuple[str, str]]:
    """Yield every field that is wrong only because of another one, or of the deployment."""
    if values.get("target_region") != defaults.target_region:
        # Roles, keys and network of a deployment are those of its own region.
        yield "target_region", f"this deployment restores into {defaults.target_region} only"
    snapshot_id = values.get("source_snapshot_id")
    if snapshot_id and values.get("source_snapshot_date"):
        yield "source_snapshot_date", "give a date or source_snapshot_id, not both"
    for field, told in _source_of_arn(values).items():
        if told != values.get(field):
            yield field, f"the snapshot's ARN says {told}; leave {field} out"
    if not values.get("source_cluster_id") and not str(snapshot_id or "").startswith("arn:"):
        yield "source_cluster_id", "required, unless source_snapshot_id is an ARN"
    if (
        # A cluster of another account may have the same id.
        not values.get("source_account_id")
        and values.get("source_cluster_id")
        and str(values["source_cluster_id"]).lower() == str(values.get("target_cluster_id")).lower()
        and values.get("source_region") == values.get("target_region")
    ):
        yield "target_cluster_id", "the target is the source cluster itself; choose another id"
    is_serverless = values.get("db_instance_class") == "db.serverless"
    if is_serverless and not values.get("serverless_v2"):
        yield "serverless_v2", "required with db_instance_class db.serverless"
    if values.get("serverless_v2") and not is_serverless:
        yield "serverless_v2", "only allowed with db_instance_class db.serverless"
    scaling = values.get("serverless_v2")
    if isinstance(scaling, Mapping):
        low, high = scaling.get("min_capacity"), scaling.get("max_capacity")
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            yield "serverless_v2", "min_capacity is above max_capacity"
    if values.get("keep_replaced_hours") and values.get("replace") != Replace.SWAP:
        yield "keep_replaced_hours", "only allowed with replace 'swap'"
    if values.get("retain_days") and values.get("archive") != Archive.RETAIN:
        yield "retain_days", "only allowed with archive 'retain'"


def _words(problem: Mapping[str, Any]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return f"unknown field; allowed are {', '.join(RestoreRequest.model_fields)}"
        case "missing":
            return "required; give it in the request or as a default of the deployment"
        case _:
            return str(problem["msg"])


def _count(problems: Mapping[str, str]) -> str:
    return "one field" if len(problems) == 1 else f"{len(problems)} fields"
