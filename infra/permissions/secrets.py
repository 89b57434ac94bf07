"""Which secrets steps may read: the admin's login, the user templates, what RDS manages."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

from infra.permissions.scope import Scope
from infra.permissions.statements import allow, in_parts


def read_admin_secrets(scope: Scope) -> list[iam.PolicyStatement]:
    """Read the admin's login."""
    return _read_secrets(scope, scope.admin_secrets)


def read_users_secrets(scope: Scope) -> list[iam.PolicyStatement]:
    """Read the application user templates."""
    return _read_secrets(scope, scope.users_secrets)


def read_managed_passwords(scope: Scope) -> list[iam.PolicyStatement]:
    """Read the master passwords that RDS manages, which are under Secrets Manager's own key."""
    return [allow("secretsmanager:GetSecretValue", on=[scope.managed_secrets])]


def _read_secrets(scope: Scope, secrets: Sequence[str]) -> list[iam.PolicyStatement]:
    """Read secrets, and decrypt them and nothing else with whatever key they are under."""
    if not secrets:
        return []
    arns = [_secret_arn(scope, secret) for secret in secrets]
    through_secrets_manager = f"secretsmanager.{scope.region}.amazonaws.com"
    decrypting = [
        allow(
            "kms:Decrypt",
            on=[scope.arn("kms", "key/*")],
            when={
                "StringEquals": {"kms:ViaService": through_secrets_manager},
                "StringLike": {"kms:EncryptionContext:SecretARN": part},
            },
        )
        for part in in_parts(arns)
    ]
    return [allow("secretsmanager:GetSecretValue", on=arns), *decrypting]


def _secret_arn(scope: Scope, secret: str) -> str:
    """The ARN of a secret ends in six characters that cannot be derived from its name."""
    is_name = not secret.startswith("arn:")
    return scope.arn("secretsmanager", f"secret:{secret}-??????") if is_name else secret
