"""What kind of operation it is; CONTRIBUTING.md lists what one more kind changes."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What an operation is for."""

    RESTORE = "restore"
    PLAN = "plan"
    """It checks, reports what a restore would do, and changes nothing."""
    CLEAN_UP = "clean_up"
    """It removes what a failed operation has left."""

    @staticmethod
    def of(parameters: Mapping[str, object]) -> "Kind":
        """The kind that parameters ask for, also those of a request that was refused."""
        if parameters.get("abandon") is True:
            return Kind.CLEAN_UP
        return Kind.PLAN if parameters.get("plan_only") is True else Kind.RESTORE
