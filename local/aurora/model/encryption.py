"""How clusters and snapshots are encrypted at rest."""

from dataclasses import dataclass


@dataclass(eq=False, kw_only=True)
class Encryptable:
    """What has a volume, which may be under a key of KMS."""

    kms_key_id: str | None
    is_under_rds_key: bool = True
    """Whether what is under no key of KMS is under one that AWS owns: since 18 February 2026."""

    @property
    def storage_encrypted(self) -> bool:
        """False also of what is encrypted with a key that AWS owns (botocore's model of RDS)."""
        return self.kms_key_id is not None

    @property
    def storage_encryption_type(self) -> str:
        if self.storage_encrypted:
            return "sse-kms"
        return "sse-rds" if self.is_under_rds_key else "none"
