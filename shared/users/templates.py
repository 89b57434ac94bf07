"""The user templates: who is to work in the restored database, and on what."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.model import Model
from shared.operation.published import Access
from shared.users.known_roles import MonitoringRole, is_reserved

RoleName = Annotated[str, Field(min_length=1, max_length=63)]


class Template(StrEnum):
    """What a user of the restored database may do."""

    READ_ONLY = "read_only"
    READ_WRITE = "read_write"
    OWNER = "owner"


class UserTemplate(Model):
    """One user of the restored database."""

    username: RoleName
    password: SecretStr | None = None
    auth: Literal["password", "iam"] = "password"
    template: Template
    databases: Annotated[tuple[str, ...], Field(min_length=1)]
    schemas: Annotated[tuple[str, ...], Field(min_length=1)] = ("public",)
    roles: tuple[MonitoringRole, ...] = ()
    """PostgreSQL's own roles that it is a member of, for monitoring."""

    @field_validator("username")
    @classmethod
    def _is_not_reserved(cls, name: str) -> str:
        if "\0" in name:
            raise ValueError("must not contain a zero byte")
        if len(name.encode()) > 63:
            raise ValueError("must be at most 63 bytes long, or PostgreSQL truncates it")
        if is_reserved(name) or name.startswith("rds_"):
            raise ValueError("is reserved by PostgreSQL or RDS")
        return name

    @field_validator("password")
    @classmethod
    def _is_one_postgresql_takes(cls, password: SecretStr | None) -> SecretStr | None:
        value = "a" if password is None else password.get_secret_value()
        if not value or "\0" in value:
            raise ValueError("must not be empty or contain a zero byte")
        return password

    @model_validator(mode="after")
    def _can_log_in_one_way(self) -> Self:
        if (self.password is None) is not (self.auth == "iam"):
            raise ValueError("needs either 'password' or 'auth': 'iam'")
        return self

    @property
    def access(self) -> Access:
        """What may be published of this user: everything but the password."""
        return Access(
            username=self.username,
            auth=self.auth,
            template=self.template,
            databases=self.databases,
        )


class UsersSecret(Model):
    """The application user templates."""

    users: tuple[UserTemplate, ...]
    lock_other_logins: bool = True
    public_functions: Literal["keep", "revoke"] = "keep"
    """Whether PUBLIC may still call functions that run with their owner's rights."""
    publications: Literal["drop", "keep"] = "drop"
    """Whether publications and replication slots of the snapshot stay."""
    public_grants: Literal["refuse", "revoke", "accept"] = "refuse"
    """What becomes of grants to PUBLIC of what a user of the templates should not have."""

    @field_validator("users")
    @classmethod
    def _are_different(cls, users: tuple[UserTemplate, ...]) -> tuple[UserTemplate, ...]:
        if len({user.username for user in users}) < len(users):
            raise ValueError("two users have the same username")
        return users
