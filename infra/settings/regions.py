"""Regions and their partitions: what AWS calls its clouds that know nothing of each other."""

from functools import cache

from botocore.exceptions import UnknownRegionError
from botocore.session import Session


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
