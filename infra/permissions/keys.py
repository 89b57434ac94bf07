"""What steps may do with KMS keys: look at them, and use them through RDS."""

from aws_cdk import aws_iam as iam

from infra.permissions.scope import Scope
from infra.permissions.statements import (
    KEY_DECRYPTION,
    KEY_DESCRIPTION,
    KEY_ENCRYPTION,
    KEY_USE,
    allow,
    allow_through_rds,
    use_through_rds,
)


def describe_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Check whether keys can be used, wherever snapshots are."""
    return [
        allow(
            "kms:DescribeKey",
            on=[
                scope.arn("kms", "key/*", region, account)
                for account in (scope.account, *scope.source_accounts)
                for region in scope.all_regions
            ],
        )
    ]


def use_source_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS copy encrypted snapshots; only a snapshot says which key it is under."""
    return [
        statement
        for region in scope.source_regions
        for statement in use_through_rds([scope.arn("kms", "key/*", region)], region, KEY_USE)
    ]


def copy_with_shared_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS copy what other accounts share, under keys that they let this account use.

    Only within the stack's region: across regions, an encrypted snapshot is copied by its owner.
    """
    return use_through_rds(scope.shared_keys, scope.region, KEY_USE) if scope.shared_keys else []


def read_with_shared_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS restore what other accounts share."""
    if not scope.shared_keys:
        return []
    return use_through_rds(scope.shared_keys, scope.region, (KEY_DESCRIPTION, *KEY_DECRYPTION))


def read_with_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS restore an encrypted snapshot of the stack's region, whatever key it is under."""
    keys = [scope.arn("kms", "key/*"), *scope.foreign_restore_keys]
    return [
        allow(KEY_DESCRIPTION, on=keys),
        *use_through_rds(keys, scope.region, KEY_DECRYPTION),
    ]


def encrypt_with_restore_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS encrypt restored clusters, beside reading with these keys."""
    return [allow_through_rds(scope.restore_keys, scope.region, KEY_ENCRYPTION)]


def use_restore_keys(scope: Scope) -> list[iam.PolicyStatement]:
    """Let RDS encrypt copies and exports."""
    return use_through_rds(scope.restore_keys, scope.region, KEY_USE)
