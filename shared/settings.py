"""What a deployment decides: the CDK app fills it in, the functions read it."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from shared.arns import Arn
from shared.errors import ConfigurationError
from shared.model import Model
from shared.request.defaults import RequestDefaults
from shared.request.fields import AccountId, InstanceClass

# The time-out of the state machine (`statemachine/aurora_restore.asl.json`; a test compares).
LONGEST_EXECUTION_HOURS = 72
# For as long Step Functions can redrive an execution that has failed.
REDRIVE_WINDOW = timedelta(days=14)

Hours = Annotated[float, Field(gt=0, le=LONGEST_EXECUTION_HOURS)]


class PhaseDeadlines(Model):
    """How many hours a phase may last before it fails with an error of its own."""

    copy_hours: Hours = 24
    delete_hours: Hours = 6
    restore_hours: Hours = 24
    export_hours: Hours = 12
    archive_hours: Hours = 2

    @model_validator(mode="after")
    def _fit_into_an_execution(self) -> Self:
        together: float = sum(dict(self).values())
        if together > LONGEST_EXECUTION_HOURS - 4:
            raise ValueError(f"are {together:g} hours together; {LONGEST_EXECUTION_HOURS - 4} fit")
        return self


class Exports(Model):
    """Where `archive: export` puts a snapshot's data, and as whom RDS writes it."""

    bucket: str
    prefix: str
    role_arn: str
    kms_key_id: str


class Prices(Model):
    """What instances cost per hour, by class, as the deployment's owner states it."""

    currency: str
    instance_hours: dict[InstanceClass, PositiveFloat]


class SourceRole(Model):
    """The role to assume in another account, and a key there that this account may use."""

    arn: str
    external_id: str
    kms_key_id: str

    @property
    def account_id(self) -> str:
        return Arn.parse(self.arn).account_id


class SourceAccount(Model):
    """Another account whose snapshots may be restored; without a role only what it shares."""

    account_id: AccountId
    role: SourceRole | None = None


class Settings(Model):
    """The settings of one deployment, as its functions see them.

    Every field is one environment variable, its name in upper case; what is not plain text is
    JSON. `to_environment` writes what `from_environment` reads.
    """

    account_id: str
    deployment: str
    """Its name among all accounts (`shared.names.deployment`)."""
    state_table: str
    audit_table: str
    topic_arn: str
    defaults: RequestDefaults
    replaceable_clusters: tuple[str, ...] = ()
    exports: Exports | None = None
    source_accounts: tuple[SourceAccount, ...] = ()
    prices: Prices | None = None
    deadlines: PhaseDeadlines = Field(default_factory=PhaseDeadlines)
    state_retention_days: PositiveInt = 90
    audit_retention_days: PositiveInt = 365

    @property
    def required_exports(self) -> Exports:
        """Where exports go; raises `ConfigurationError` when the deployment has no such place."""
        if self.exports is None:
            raise ConfigurationError(
                "This deployment has no bucket to export snapshots to. Add `exports` to its "
                "settings, or choose another `archive`."
            )
        return self.exports

    def source_role(self, account_id: str) -> SourceRole | None:
        """The role to assume in another account, if this deployment has one there."""
        roles = (source.role for source in self.source_accounts if source.account_id == account_id)
        return next(roles, None)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises `ConfigurationError` naming every variable that is wrong."""
        values = {
            name: _decoded(environment[name.upper()], is_text=field.annotation is str)
            for name, field in cls.model_fields.items()
            if name.upper() in environment
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
                for problem in error.errors(include_input=False)
            )
            raise ConfigurationError(
                f"The function's environment is invalid: {wrong}. Deploy the stack again."
            ) from None

    def to_environment(self) -> dict[str, str]:
        """Write the settings as environment variables."""
        values = self.model_dump(mode="json")
        return {
            name.upper(): value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
        }


def _decoded(value: str, *, is_text: bool) -> object:
    if is_text:
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
