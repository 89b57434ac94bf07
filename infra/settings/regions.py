"""Regions: their partitions, what cannot be had in which, and the roots of their certificates."""

import base64
import re
from collections.abc import Iterable, Iterator
from functools import cache

from botocore.exceptions import UnknownRegionError
from botocore.session import Session

from infra import bundling
from shared.arns import Arn
from shared.names import trust_store

PARTITIONS = ("aws", "aws-us-gov")
"""Where a deployment may be: in AWS's commercial regions, and in GovCloud."""

_OF_CHINA = (
    "In China, the names of endpoints and what `kms:ViaService` says may have another ending; "
    "nobody has tried there what this pipeline would have to say instead."
)
_OF_OTHERS = "Nobody has tried there what this pipeline relies on."

_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\n(.+?)\n-----END CERTIFICATE-----", re.DOTALL
)
_NAME_OF_ROOT = re.compile(rb"Amazon RDS ([a-z]{2,4}(?:-[a-z]+)+-\d) Root CA")


@cache
def _session() -> Session:
    return Session()


@cache
def partition_of(region: str) -> str:
    """The partition of a region, as botocore knows it or tells by its name: `aws-us-gov`.

    Raises `ValueError` for what no partition could have.
    """
    try:
        return str(_session().get_partition_for_region(region))
    except UnknownRegionError:
        raise ValueError(f"{region} is no region of any partition that is known") from None


def check_deployable(region: str) -> None:
    """Raise `ValueError` when nothing can be restored in a region, and say why."""
    partition = partition_of(region)
    if partition not in PARTITIONS:
        why = _OF_CHINA if partition == "aws-cn" else _OF_OTHERS
        raise ValueError(
            f"{region} belongs to partition {partition}; a deployment can be in "
            f"{' and '.join(PARTITIONS)}. {why}"
        )
    if region not in certified_regions():
        raise ValueError(
            f"the certificates of clusters in {region} could not be verified: no root of that "
            f"region is in infra/certificates. Download "
            f"{trust_store(region)}/{region}/{region}-bundle.pem into that folder, run `make "
            "layers`, and try again"
        )


def check_together(regions: Iterable[str], target: str) -> None:
    """Raise `ValueError` naming regions that nothing can be copied from into the target."""
    partition = partition_of(target)
    others = [region for region in regions if partition_of(region) != partition]
    if others:
        raise ValueError(
            f"{', '.join(others)} and {target} are of different partitions, between which nothing "
            "can be copied"
        )


def check_partition_of(arns: Iterable[str], region: str) -> None:
    """Raise `ValueError` naming ARNs that cannot exist in the partition of a region."""
    partition = partition_of(region)
    others = [arn for arn in arns if arn.startswith("arn:") and Arn.parse(arn)[0] != partition]
    if others:
        raise ValueError(f"{', '.join(others)}: ARNs of {region} begin with arn:{partition}:")


@cache
def certified_regions() -> frozenset[str]:
    """The regions whose clusters' certificates can be verified with what is bundled."""
    return frozenset(regions_of(file.read_text() for file in bundling.CERTIFICATES))


def regions_of(bundles: Iterable[str]) -> Iterator[str]:
    """The regions whose roots are in these bundles of certificates, in PEM."""
    for text in bundles:
        for encoded in _CERTIFICATE.findall(text):
            # The common name stands in a certificate as it is.
            if match := _NAME_OF_ROOT.search(base64.b64decode(encoded)):
                yield match[1].decode()
