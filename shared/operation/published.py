"""Values that are stored, and published as they are: in the report, for other people's programs.

They may gain fields, and never lose or rename one.
"""

from typing import Literal

from shared.model import Model


class Access(Model):
    """How a user of the templates gets in, and where to; never the password."""

    username: str
    auth: Literal["password", "iam"]
    template: str
    databases: tuple[str, ...]


class Plan(Model):
    """What a restore would do, in words; `None` is unknown."""

    creates: tuple[str, ...]
    deletes: tuple[str, ...]
    estimated_seconds: float | None
    estimated_from: int
    """How many earlier operations the estimate is from."""
    monthly_price: str | None
    differences: tuple[str, ...] = ()
    """What the replaced cluster has and its successor will have otherwise or not at all."""
    warnings: tuple[str, ...] = ()
    """What does not stand in the way now, and should be seen to."""
