"""KMS keys of one region: read only."""

from typing import TYPE_CHECKING

from shared.arns import Arn
from shared.aws_errors import named_errors
from shared.errors import AccessDenied, KeyNotAccessible

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class Keys:
    """The KMS keys of one region."""

    def __init__(self, client: "KMSClient", region: str, account_id: str) -> None:
        """Take the account that the client acts in, and that is to use the keys."""
        self._client = client
        self._region = region
        self._account_id = account_id

    def check_usable(self, key_id: str) -> None:
        """Raise `KeyNotAccessible` when the key is missing, disabled, elsewhere, or of no use."""
        try:
            with named_errors(f"Describing KMS key {key_id} in {self._region}"):
                key = self._client.describe_key(KeyId=key_id)["KeyMetadata"]
        except AccessDenied as denial:
            raise KeyNotAccessible(
                f"{denial} The key's policy must let account {self._account_id} use it."
            ) from None
        state = key.get("KeyState", "unknown")
        if state != "Enabled":
            raise KeyNotAccessible(
                f"KMS key {key_id} in {self._region} is {state}. Enable it or specify another."
            )
        kind = (key.get("KeySpec", "SYMMETRIC_DEFAULT"), key.get("KeyUsage", "ENCRYPT_DECRYPT"))
        if kind != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
            raise KeyNotAccessible(
                f"KMS key {key_id} in {self._region} is not a symmetric key for encryption, which "
                "RDS needs. Specify another key."
            )
        if Arn.parse(key["Arn"]).region != self._region:
            raise KeyNotAccessible(
                f"KMS key {key_id} is not in {self._region}. Specify a key of that region."
            )
