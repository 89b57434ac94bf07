"""The kinds of values that requests and settings consist of, and what each of them allows.

No message repeats the value that it refuses: it could be a password in the wrong field.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.arns import Arn

LATEST = "latest"
CLUSTER_ID = re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{0,62}(?<!-)")
OPERATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,63}")
SNAPSHOT_ID = re.compile(r"arn:[a-z-]+:rds:[a-z0-9-]+:\d{12}:cluster-snapshot:\S+|[A-Za-z][\w:-]*")
RESERVED_FOR_AWS = ("aws:", "rds:")
"""What neither keys nor values of RDS's tags may begin with (API of RDS, Tag)."""


def text(pattern: str | re.Pattern[str], allowed: str) -> AfterValidator:
    """A check that the pattern matches the whole text; `allowed` completes "must be …"."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise PydanticCustomError("text", "must be {allowed}", {"allowed": allowed})
        return value

    return AfterValidator(check)


def _snapshot_date(value: str) -> str:
    if value == LATEST:
        return value
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise PydanticCustomError("date", "must be 'latest' or a date that exists, as YYYY-MM-DD (UTC)")


def _tag_key(value: str) -> str:
    if value.lower().startswith((*RESERVED_FOR_AWS, "aurora-restore:")):
        raise PydanticCustomError(
            "tag", "tag keys starting with 'aws:', 'rds:' or 'aurora-restore:' are reserved"
        )
    return value


def _new_tag_value(value: str) -> str:
    if value.lower().startswith(RESERVED_FOR_AWS):
        raise PydanticCustomError(
            "tag", "tag values starting with 'aws:' or 'rds:' are refused by RDS"
        )
    return value


Region = Annotated[str, text(r"[a-z]{2,4}(-[a-z]+)+-\d", "a region such as us-west-2")]
AccountId = Annotated[str, text(r"\d{12}", "an account id of twelve digits")]
ClusterId = Annotated[
    str,
    text(
        CLUSTER_ID,
        "a cluster id: 1 to 63 letters, digits and hyphens, starting with a letter, without a "
        "double or trailing hyphen",
    ),
    # RDS stores it so.
    AfterValidator(str.lower),
]
SnapshotId = Annotated[
    str, Field(max_length=512), text(SNAPSHOT_ID, "the id or the ARN of a cluster snapshot")
]
SnapshotDate = Annotated[str, AfterValidator(_snapshot_date)]
OperationId = Annotated[
    str,
    text(OPERATION_ID, "3 to 64 letters, digits and hyphens, starting with a letter or a digit"),
]
NameOrArn = Annotated[str, Field(min_length=1, max_length=2048)]
"""What AWS is asked to look up: a group, a key or a secret."""
InstanceClass = Annotated[str, text(r"db\.[a-z0-9.-]+", "an instance class such as db.r6g.large")]
SecurityGroupId = Annotated[str, text(r"sg-[0-9a-f]+", "a security group id")]
Port = Annotated[int, Field(ge=1150, le=65535)]
BackupDays = Annotated[int, Field(ge=1, le=35)]
LogExport = Literal["postgresql", "instance", "iam-db-auth-error"]
Capacity = Annotated[float, Field(ge=0, le=256, multiple_of=0.5)]
"""In Aurora capacity units (ACU)."""
# Not `text`: the expressions of Python know no letters that are written with combining marks.
_tag_text = Field(pattern=r"^[\w\s.:/=+@-]*$")
TagName = Annotated[str, Field(min_length=1, max_length=128), _tag_text]
TagKey = Annotated[TagName, AfterValidator(_tag_key)]
TagValue = Annotated[str, Field(max_length=256), _tag_text]
NewTagValue = Annotated[TagValue, AfterValidator(_new_tag_value)]


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


def source_of(snapshot_id: object) -> dict[str, str]:
    """The source fields of a request that an ARN as its snapshot's id implies; none for an id."""
    try:
        arn = Arn.parse(str(snapshot_id))
    except ValueError:
        return {}
    if ":" not in arn.resource:
        return {}
    return {"source_region": arn.region, "source_account_id": arn.account_id}
