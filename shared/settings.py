"""What a deployment decides: the CDK app fills it in, the functions read it.

Most of it is in a file beside the functions' code. Lambda takes 4 KB of environment variables, so
there is only what CloudFormation alone knows: the names and ARNs of what it makes.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from shared import names
from shared.arns import Arn
from shared.errors import ConfigurationError
from shared.model import Model
from shared.request.defaults import RequestDefaults
from shared.request.fields import AccountId, InstanceClass
from shared.resources import Instance

# From when on people are told that the account has nearly as many snapshots as it may.
NEAR_QUOTA_PERCENT = 80
# The time-out of the state machine (`statemachine/aurora_restore.asl.json`; a test compares).
LONGEST_EXECUTION_HOURS = 72
# For as long Step Functions can redrive an execution that has failed.
REDRIVE_WINDOW = timedelta(days=14)

SETTINGS_FILE = "settings.json"
"""Beside the folders of the code that is deployed."""

_Path = tuple[str | int, ...]

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

    @classmethod
    def of(
        cls, account_id: str, external_id: str, *, partition: str, region: str, deployment: str
    ) -> Self:
        """Role and key as the account's own stack names them, after the deployment."""
        return cls(
            arn=f"arn:{partition}:iam::{account_id}:role/{deployment}",
            external_id=external_id,
            kms_key_id=f"arn:{partition}:kms:{region}:{account_id}:alias/{deployment}",
        )

    @property
    def account_id(self) -> str:
        return Arn.parse(self.arn).account_id


class SourceAccount(Model):
    """Another account whose snapshots may be restored.

    With an external id the deployment has a role there, without one only what the account shares.
    """

    account_id: AccountId
    external_id: str | None = None


class Settings(Model):
    """The settings of one deployment, as its functions see them.

    `written` writes what `read` reads.
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
    final_snapshot_days: NonNegativeInt = 14
    """How long final snapshots of replaced clusters are kept; 0 is for ever."""
    keep_automated_backups: bool = True
    """Whether RDS keeps those of a replaced cluster of which there is no final snapshot."""
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

    def lets_go(self, instance: Instance) -> bool:
        """Whether the roles may delete an instance (`infra.permissions.rds`): by name or by tag."""
        named, tagged = instance.id, instance.tags.get(names.TAG_TARGET_CLUSTER, "")
        return any(
            fnmatchcase(named, f"{pattern}*") or fnmatchcase(tagged, pattern)
            for pattern in self.replaceable_clusters
        )

    def source_role(self, account_id: str) -> SourceRole | None:
        """The role to assume in another account, if this deployment has one there."""
        topic = Arn.parse(self.topic_arn)
        for source in self.source_accounts:
            if source.account_id == account_id and source.external_id:
                return SourceRole.of(
                    account_id,
                    source.external_id,
                    partition=topic.partition,
                    region=topic.region,
                    deployment=self.deployment,
                )
        return None

    @classmethod
    def deployed(cls, environment: Mapping[str, str]) -> Self:
        """The settings of this function; raises `ConfigurationError` as `read` does."""
        file = Path(__file__).parents[1] / SETTINGS_FILE
        return cls.read(file.read_text() if file.is_file() else "{}", environment)

    @classmethod
    def read(cls, file: str, environment: Mapping[str, str]) -> Self:
        """Put together what the file holds and what the environment does.

        Raises `ConfigurationError` naming everything that is wrong.
        """
        stored = json.loads(file)
        values, variables = stored.get("settings", {}), stored.get("variables", {})
        wrong = [f"{name}: missing" for name in variables if name not in environment]
        for name, path in variables.items():
            _put(values, path, environment.get(name))
        try:
            if not wrong:
                return cls.model_validate(values)
        except ValidationError as error:
            wrong = [
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
                for problem in error.errors(include_input=False)
            ]
        raise ConfigurationError(
            f"The function's settings are invalid: {'; '.join(wrong)}. Deploy the stack again."
        )

    def written(self, is_known_later: Callable[[str], bool]) -> tuple[str, dict[str, str]]:
        """The text of the file, and the environment variables.

        What `is_known_later` goes into a variable, named after its field; the file says which.
        """
        values = self.model_dump(mode="json")
        paths = {
            "_".join(map(str, path)).upper(): path
            for path, text in _texts(values)
            if is_known_later(text)
        }
        environment = {name: str(_put(values, path, None)) for name, path in paths.items()}
        stored = {"settings": values, "variables": paths}
        return json.dumps(stored, indent=1, sort_keys=True), environment


def _texts(value: Any, path: _Path = ()) -> Iterator[tuple[_Path, str]]:
    """Every text in nested dictionaries and lists, with the way there."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(part, (*path, key))


def _put(values: Any, path: Sequence[str | int], text: str | None) -> Any:
    """Put a text where a path leads; returns what was there."""
    *way, last = path
    for key in way:
        values = values[key]
    before, values[last] = values[last], text
    return before
