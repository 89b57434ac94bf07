"""S3 buckets of one region: read only."""

from typing import TYPE_CHECKING

from shared.aws_errors import named_errors
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Buckets:
    """The buckets that RDS can export to from one region."""

    def __init__(self, client: "S3Client", region: str) -> None:
        self._client = client
        self._region = region

    def check_usable(self, bucket: str) -> None:
        """Raise `ConfigurationError` when there is no such bucket, or it is in another region."""
        with named_errors(f"Checking bucket {bucket}"):
            response = self._client.head_bucket(Bucket=bucket)
        where = response.get("BucketRegion", self._region)
        if where != self._region:
            raise ConfigurationError(
                f"Bucket {bucket} is in {where}. RDS exports only to a bucket of {self._region}, "
                "where the snapshot is."
            )
