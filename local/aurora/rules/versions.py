"""The versions of Aurora PostgreSQL: what is offered, what was retired, and until when it lives.

Offered is what `describe-db-engine-versions` answered in August 2026 (ministackorg/ministack#1299);
retired are versions that it offered before (aws-samples/sample-apj-sup-sa#163 met 15.8). The dates
on which support ends, the capacities (aws/aws-cdk#32231 met 15.5 and a minimum of 0) and the log
types of older majors are written down from memory of the guide: the pipeline asks RDS for them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ENGINE = "aurora-postgresql"

_OFFERED: Mapping[int, tuple[int, ...]] = {
    11: (9, 21),
    12: (9, 22),
    13: (9, 23),
    14: (6, 17, 18, 19, 20, 22, 23),
    15: (10, 12, 13, 14, 15, 17, 18),
    16: (8, 9, 10, 11, 13, 14),
    17: (4, 5, 6, 7, 9, 10),
    18: (3, 4),
}
_LIMITLESS: Mapping[int, tuple[int, ...]] = {16: (4, 6, 8, 9, 10, 11, 13)}
_RETIRED: Mapping[int, tuple[int, ...]] = {
    10: (11, 12, 14, 18, 21),
    11: (7, 13, 17),
    12: (4, 8, 11),
    13: (3, 8, 12, 15),
    14: (3, 5, 9, 12),
    15: (2, 3, 4, 5, 7, 8),
    16: (1, 2, 3, 4, 6),
}
_SERVERLESS_V1 = ("10.serverless_7",)

_STANDARD_SUPPORT_ENDS: Mapping[str, datetime] = {
    major: datetime(year, month, day, 23, 59, 59, 999000, tzinfo=UTC)
    for major, (year, month, day) in {
        "11": (2024, 2, 29),
        "12": (2025, 2, 28),
        "13": (2026, 2, 28),
        "14": (2027, 2, 28),
        "15": (2028, 2, 29),
        "16": (2029, 2, 28),
        "17": (2030, 2, 28),
        "18": (2031, 2, 28),
    }.items()
}
_EXTENDED_YEARS = 3

_SCALES_TO_ZERO_FROM = {"13": 15, "14": 12, "15": 7, "16": 3, "17": 0, "18": 0}
_SCALES_TO_256_FROM = {"13": 13, "14": 10, "15": 5, "16": 1, "17": 0, "18": 0}


@dataclass(frozen=True)
class Version:
    """A version as RDS describes it, and what it can do."""

    number: str
    is_offered: bool = True

    @property
    def major(self) -> str:
        return self.number.split(".")[0]

    @property
    def is_limitless(self) -> bool:
        return self.number.endswith("-limitless")

    @property
    def capacities(self) -> tuple[float, float] | None:
        """The smallest and the largest capacity of Serverless v2; `None` where there is none."""
        minor = _numbers(self.number)[1]
        if self.is_limitless or self.major not in _SCALES_TO_ZERO_FROM:
            return None
        smallest = 0.0 if minor >= _SCALES_TO_ZERO_FROM[self.major] else 0.5
        return smallest, 256.0 if minor >= _SCALES_TO_256_FROM[self.major] else 128.0

    @property
    def log_types(self) -> list[str]:
        newer = ["iam-db-auth-error", "instance"] if int(self.major) >= 14 else []
        return [*newer, "postgresql"]

    def described(self, upgrades: Iterable[str] = ()) -> dict[str, Any]:
        """The version as `DescribeDBEngineVersions` lists it, with what it can become."""
        capacities = self.capacities
        return {
            "Engine": ENGINE,
            "EngineVersion": self.number,
            "DBParameterGroupFamily": f"{ENGINE}{self.major}",
            "ExportableLogTypes": self.log_types,
            "SupportedEngineModes": ["serverless" if "_" in self.number else "provisioned"],
            "SupportsLimitlessDatabase": self.is_limitless,
            "Status": "available" if self.is_offered else "deprecated",
            "ValidUpgradeTarget": [
                {"Engine": ENGINE, "EngineVersion": number, "IsMajorVersionUpgrade": False}
                for number in upgrades
            ],
            **(
                {
                    "ServerlessV2FeaturesSupport": {
                        "MinCapacity": capacities[0],
                        "MaxCapacity": capacities[1],
                    }
                }
                if capacities
                else {}
            ),
        }


def known_versions(default: str) -> dict[str, Version]:
    """Every version by its number; the region's default is always offered."""
    retired = (*_SERVERLESS_V1, *_numbered(_RETIRED))
    offered = (*_numbered(_OFFERED), *_numbered(_LIMITLESS, "-limitless"), default)
    known = {number: Version(number, is_offered=False) for number in retired}
    return known | {number: Version(number) for number in offered}


def upgrades(version: str, known: Iterable[Version]) -> list[str]:
    """The later versions of the same major and kind that are offered, the next one first.

    RDS upgrades to other majors, too, which is not simulated.
    """
    its_own = Version(version)
    later = (
        each.number
        for each in known
        if each.is_offered
        and (each.major, each.is_limitless) == (its_own.major, its_own.is_limitless)
        and is_older(version, each.number)
    )
    return sorted(later, key=_numbers)


def _numbered(minors: Mapping[int, tuple[int, ...]], suffix: str = "") -> list[str]:
    return [f"{major}.{minor}{suffix}" for major, each in minors.items() for minor in each]


def described_majors(wanted: str | None) -> list[dict[str, Any]]:
    """The majors, or the one that is wanted, as `DescribeDBMajorEngineVersions` lists them."""
    return [
        {
            "Engine": ENGINE,
            "MajorEngineVersion": major,
            "SupportedEngineLifecycles": [
                {
                    "LifecycleSupportName": "open-source-rds-standard-support",
                    "LifecycleSupportEndDate": ends,
                },
                {
                    "LifecycleSupportName": "open-source-rds-extended-support",
                    "LifecycleSupportStartDate": ends,
                    "LifecycleSupportEndDate": datetime(
                        ends.year + _EXTENDED_YEARS, ends.month, 28, 23, 59, 59, tzinfo=UTC
                    ),
                },
            ],
        }
        for major, ends in _STANDARD_SUPPORT_ENDS.items()
        if wanted in (None, major)
    ]


def is_past_standard_support(version: str, now: datetime) -> bool:
    ends = _STANDARD_SUPPORT_ENDS.get(version.split(".")[0])
    return ends is not None and now > ends


def upgraded(version: str, default: str, now: datetime) -> str:
    """Where RDS takes a cluster of this version that is not enrolled in Extended Support.

    botocore's text of `EngineLifecycleSupport` says "a higher engine version", and not which: here
    it is the newest of the next major that is in standard support.
    """
    if not is_past_standard_support(version, now):
        return version
    higher = [
        each.number
        for each in known_versions(default).values()
        if each.is_offered
        and not each.is_limitless
        and not is_older(each.number, version)
        and not is_past_standard_support(each.number, now)
    ]
    next_major = min(int(number.split(".")[0]) for number in higher)
    of_it = [number for number in higher if number.split(".")[0] == str(next_major)]
    return max(of_it, key=_numbers)


def is_older(version: str, other: str) -> bool:
    """Whether one version of an engine comes before another one of the same engine."""
    return _numbers(version) < _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
