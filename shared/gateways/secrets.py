"""Secrets Manager: the master user's login and the user templates, read when they are needed.

What is read here never leaves the function: not into state, logs, errors or messages.
"""

import json
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar

from pydantic import ConfigDict, SecretStr, ValidationError, field_validator, model_validator

from shared.aws_errors import named_errors
from shared.errors import AccessDenied, ConfigurationError, ResourceBusy
from shared.model import Model
from shared.users.templates import RoleName, UsersSecret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class AdminSecret(Model):
    """The master user's login: a password of ours, or one that RDS manages.

    The usual secret of RDS holds engine, host and more; only the login counts here.
    """

    model_config = ConfigDict(extra="ignore")

    username: RoleName
    password: SecretStr | None = None
    managed: bool = False

    @field_validator("password")
    @classmethod
    def _is_one_rds_takes(cls, password: SecretStr | None) -> SecretStr | None:
        value = "8-chars-" if password is None else password.get_secret_value()
        if not (8 <= len(value) <= 41 and value.isascii() and value.isprintable()):
            raise ValueError("must have 8 to 41 printable characters")
        if set(value) & set('/"@ '):
            raise ValueError('must not contain /, ", @ or a space')
        return password

    @model_validator(mode="after")
    def _has_exactly_one_password(self) -> Self:
        if (self.password is None) is not self.managed:
            raise ValueError("needs either 'password' or 'managed': true")
        return self


class ManagedSecret(Model):
    """The master user's login as RDS writes it."""

    model_config = ConfigDict(extra="ignore")

    username: RoleName
    password: SecretStr


Shape = TypeVar("Shape", bound=Model)


class Versioned(NamedTuple, Generic[Shape]):
    """What a secret held, and the id of that version of it."""

    content: Shape
    version: str


class Secrets:
    """The secrets of one region.

    The version before the current one can always be read, also while a rotation is under way
    (Secrets Manager user guide, "What's in a Secrets Manager secret?").
    """

    def __init__(self, client: "SecretsManagerClient") -> None:
        self._client = client

    def admin(self, secret_id: str, version: str | None = None) -> Versioned[AdminSecret]:
        """The master user's login, now or in a version of before.

        Raises `ConfigurationError` when it is missing or malformed.
        """
        expected = '{"username", "password" or "managed": true}'
        return self._read(secret_id, AdminSecret, expected, version)

    def managed(self, secret_arn: str) -> AdminSecret:
        """The master user's login in a secret that RDS made; any password RDS chose is right.

        Raises `ResourceBusy` while it is empty or not there: nobody but RDS can have misconfigured
        it, and RDS announces it before it is made.
        """
        try:
            secret, _ = self._read(secret_arn, ManagedSecret, '{"username", "password"}')
        except ConfigurationError as unfinished:
            raise ResourceBusy(f"RDS has not finished the master secret. {unfinished}") from None
        return AdminSecret.model_construct(username=secret.username, password=secret.password)

    def users(self, secret_id: str, version: str | None = None) -> Versioned[UsersSecret]:
        """The user templates, now or in a version of before.

        Raises `ConfigurationError` when they are missing or malformed.
        """
        choices = ", ".join(f'"{name}"' for name in UsersSecret.model_fields if name != "users")
        expected = f'{{"users": [...], {choices}}}'
        return self._read(secret_id, UsersSecret, expected, version)

    def _read(
        self, secret_id: str, shape: type[Shape], expected: str, version: str | None = None
    ) -> Versioned[Shape]:
        which: dict[str, Any] = {"VersionId": version} if version else {}
        try:
            with named_errors(f"Reading secret {secret_id}"):
                answer = self._client.get_secret_value(SecretId=secret_id, **which)
        except AccessDenied as denial:
            raise AccessDenied(
                f"{denial} Either the settings of the deployment (`secrets`) do not name "
                f"{secret_id}, or its policy, or that of its key, does not let the function in."
            ) from None
        try:
            content = shape.model_validate(json.loads(answer["SecretString"]))
            return Versioned(content, answer["VersionId"])
        except (KeyError, json.JSONDecodeError):
            problems = "it is not JSON"
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, problem['loc'])) or 'it'}: {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            )
        raise ConfigurationError(
            f"Secret {secret_id} has the wrong shape: {problems}. Expected is {expected}."
        )
