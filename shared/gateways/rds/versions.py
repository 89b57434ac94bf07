"""The versions of an engine that one region offers, and how long their majors live: read only."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.aws_errors import named_errors

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_rds.type_defs import DBEngineVersionTypeDef

_STANDARD_SUPPORT = "open-source-rds-standard-support"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineVersion:
    """A version that clusters can be restored to, as RDS describes it."""

    number: str
    is_provisioned: bool
    """Whether its clusters are made of instances, unlike those of Serverless v1 and Limitless."""
    log_types: frozenset[str]
    capacities: tuple[float, float] | None
    """The smallest and largest capacity of Serverless v2; `None` where RDS does not say."""


class Versions:
    """The versions of engines in one region."""

    def __init__(self, client: "RDSClient", region: str) -> None:
        self._client = client
        self._region = region

    def offered(self, engine: str) -> tuple[EngineVersion, ...]:
        """Every version that RDS offers; it lists none of those that it has retired."""
        with named_errors(f"Listing the versions of {engine} in {self._region}"):
            pages = self._client.get_paginator("describe_db_engine_versions").paginate(
                Engine=engine
            )
            return tuple(_version(one) for page in pages for one in page["DBEngineVersions"])

    def standard_support_end(self, engine: str, major: str) -> datetime | None:
        """When a major's standard support ends; `None` where RDS does not say."""
        with named_errors(f"Describing {engine} {major} in {self._region}"):
            answer = self._client.describe_db_major_engine_versions(
                Engine=engine, MajorEngineVersion=major
            )
        ends = (
            lifecycle.get("LifecycleSupportEndDate")
            for described in answer.get("DBMajorEngineVersions", [])
            for lifecycle in described.get("SupportedEngineLifecycles", [])
            if lifecycle.get("LifecycleSupportName") == _STANDARD_SUPPORT
        )
        return next(ends, None)


def _version(response: "DBEngineVersionTypeDef") -> EngineVersion:
    limits = response.get("ServerlessV2FeaturesSupport", {})
    smallest, largest = limits.get("MinCapacity"), limits.get("MaxCapacity")
    has_instances = "provisioned" in response.get("SupportedEngineModes", ["provisioned"])
    # `SupportsLimitlessDatabase` is also true of versions for clusters of both kinds.
    is_limitless = response.get("EngineVersion", "").endswith("-limitless")
    return EngineVersion(
        number=response.get("EngineVersion", ""),
        is_provisioned=has_instances and not is_limitless,
        log_types=frozenset(response.get("ExportableLogTypes", [])),
        capacities=None if smallest is None or largest is None else (smallest, largest),
    )
