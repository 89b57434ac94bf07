"""How settings are read from the CDK context, and how it is said what is wrong with them."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self

from pydantic import ValidationError

from shared.model import Model


class WrongSettings(Exception):
    """The deployment's settings are wrong; the message names every one of them."""


class ContextSettings(Model):
    """Settings that stand in the CDK context."""

    context_key: ClassVar[str]

    @classmethod
    def read(cls, value: object) -> Self:
        """Read what stands in the CDK context: the settings, or (with `-c`) the name of their file.

        Raises `WrongSettings` naming everything that is wrong.
        """
        if value is None:
            raise WrongSettings(
                f"There are no settings. Put them under {cls.context_key!r} in the context of "
                "cdk.json."
            )
        try:
            if not isinstance(value, str):
                return cls.model_validate(value)
            if value.endswith(".toml"):
                return cls.model_validate(tomllib.loads(Path(value).read_text()))
            return cls.model_validate_json(Path(value).read_bytes())
        except tomllib.TOMLDecodeError as error:
            raise WrongSettings(f"The settings in {value} are no TOML: {error}.") from None
        except OSError as error:
            raise WrongSettings(
                f"The settings cannot be read from {value}: {error.strerror}."
            ) from None
        except ValidationError as error:
            listed = "".join(f"\n  {where}: {what}" for where, what in cls._problems(error))
            raise WrongSettings(f"The settings of {cls.context_key} are wrong:{listed}") from None

    @classmethod
    def _problems(cls, error: ValidationError) -> Iterator[tuple[str, str]]:
        for problem in error.errors(include_url=False, include_input=False):
            what = (
                f"unknown; allowed are {', '.join(cls.model_fields)}"
                if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1
                else problem["msg"].removeprefix("Value error, ")
            )
            yield ".".join(str(part) for part in problem["loc"]) or "settings", what
