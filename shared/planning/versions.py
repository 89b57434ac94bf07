"""Whether a source's engine version can be restored, stays what it is, and can what is asked."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from shared.errors import ConfigurationError, SnapshotUnusable
from shared.gateways.aws import Aws
from shared.gateways.rds.versions import EngineVersion
from shared.planning.findings import Findings
from shared.request.restore_request import RestoreRequest
from shared.resources import ENGINE

if TYPE_CHECKING:
    from shared.planning.source import Source


def collect(
    findings: Findings, aws: Aws, request: RestoreRequest, source: "Source", now: datetime
) -> bool:
    """Collect what its version has against restoring a source; whether RDS offers the version."""
    versions, region = aws.versions(request.target_region), request.target_region
    offered = findings.of(versions.offered, ENGINE)
    if offered is not None:
        version = findings.of(find_offered, source, offered, region)
        if version is None:
            return False
        findings.of(check_abilities, request, version)
    if not request.extended_support:
        end = findings.of(versions.standard_support_end, ENGINE, source.major_version)
        findings.of(check_supported, source, end, now)
    return True


def find_offered(source: "Source", offered: Sequence[EngineVersion], region: str) -> EngineVersion:
    """The source's version; raises `SnapshotUnusable` naming the nearest when it is retired.

    RDS retires minor versions, and restores a snapshot to its own version or a later one alone.
    """
    for version in offered:
        if version.number == source.engine_version:
            return version
    later = nearest(source.engine_version, offered)
    raise SnapshotUnusable(
        f"{source.wording[0].upper()}{source.wording[1:]} is of {ENGINE} {source.engine_version}, "
        f"which RDS does not offer in {region} any more. "
        + (
            f"The nearest version that it can be restored to is {later}. This pipeline restores to "
            f"the same version: upgrade the source cluster to {later} or later and choose a "
            "snapshot taken after that, or restore this one by hand."
            if later
            else "There is no later version either that it could be restored to."
        )
    )


def nearest(version: str, offered: Sequence[EngineVersion]) -> str | None:
    """The earliest later version that is made of instances: of the same major, if there is one."""
    later = [
        one.number
        for one in offered
        if one.is_provisioned and _numbers(one.number) > _numbers(version)
    ]
    return min(later, key=_numbers, default=None)


def check_supported(source: "Source", end: datetime | None, now: datetime) -> None:
    """Raise `ConfigurationError` when RDS would upgrade the restored cluster's major version.

    So it does with clusters that are not enrolled in Extended Support (botocore's model of
    `RestoreDBClusterFromSnapshot`, `EngineLifecycleSupport`). Without an end nothing is known.
    """
    if end is not None and now > end:
        raise ConfigurationError(
            f"Standard support of {ENGINE} {source.major_version} ended on {end:%Y-%m-%d}. With "
            "extended_support false, RDS would upgrade the restored cluster to a higher major "
            f"version. Set extended_support to true to stay on {source.engine_version}, for which "
            "RDS bills Extended Support, or upgrade the source cluster and choose a snapshot taken "
            "after that."
        )


def check_abilities(request: RestoreRequest, version: EngineVersion) -> None:
    """Raise `ConfigurationError` naming everything asked for that the version does not have."""
    if missing := list(_missing(request, version)):
        raise ConfigurationError(
            f"{ENGINE} {version.number} does not have what was asked for: {'; '.join(missing)}."
        )


def _missing(request: RestoreRequest, version: EngineVersion) -> Iterator[str]:
    scaling = request.serverless_v2
    if scaling and version.capacities:
        smallest, largest = version.capacities
        if scaling.min_capacity < smallest:
            yield (
                f"serverless_v2.min_capacity is {scaling.min_capacity:g}, and the smallest is "
                f"{smallest:g}"
            )
        if scaling.max_capacity > largest:
            yield (
                f"serverless_v2.max_capacity is {scaling.max_capacity:g}, and the largest is "
                f"{largest:g}"
            )
    strange = [log for log in request.log_exports if log not in version.log_types]
    if strange and version.log_types:
        yield (
            f"log_exports has {', '.join(strange)}, and its logs are "
            f"{', '.join(sorted(version.log_types))}"
        )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
