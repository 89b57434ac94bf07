"""Answers of RDS read as our own types, also those of an older and of a newer botocore."""

from typing import Any

import pytest

from shared.gateways.rds import responses
from shared.resources import Encryption

SNAPSHOT: dict[str, Any] = {
    "DBClusterSnapshotIdentifier": "nightly",
    "DBClusterSnapshotArn": "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:nightly",
    "Status": "available",
    "Engine": "aurora-postgresql",
}


@pytest.mark.parametrize(
    ("answer", "encryption", "needs_key"),
    [
        ({"StorageEncrypted": False, "StorageEncryptionType": "none"}, Encryption.NONE, False),
        ({"StorageEncrypted": False, "StorageEncryptionType": "sse-rds"}, Encryption.RDS, False),
        ({"StorageEncrypted": True, "StorageEncryptionType": "sse-kms"}, Encryption.KMS, True),
        # As a botocore reads it that does not know the newer field.
        ({"StorageEncrypted": False}, Encryption.NONE, False),
        ({"StorageEncrypted": True}, Encryption.KMS, True),
        # A kind that nobody knows yet is one that needs no key of ours.
        ({"StorageEncrypted": False, "StorageEncryptionType": "sse-new"}, Encryption.NONE, False),
    ],
)
def test_a_snapshot_is_encrypted_in_one_of_three_ways(
    answer: dict[str, Any], encryption: Encryption, needs_key: bool
) -> None:
    snapshot = responses.snapshot({**SNAPSHOT, **answer})  # type: ignore[typeddict-item]

    assert (snapshot.encryption, snapshot.encrypted) == (encryption, needs_key)
