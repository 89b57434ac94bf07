"""What RDS needs of a key: it uses keys on behalf of whoever restores or copies.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.Keys.html
"""

from local.iam.policies import allows

KEY_ACTIONS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


def opens_key(document: str, account_id: str, region: str) -> bool:
    """Whether a key policy lets another account use the key for snapshots, through RDS."""
    context = {
        "kms:GrantIsForAWSResource": "true",
        "kms:ViaService": f"rds.{region}.amazonaws.com",
    }
    root = f"arn:aws:iam::{account_id}:root"
    return all(allows(document, root, action, context) for action in KEY_ACTIONS)
