"""The steps, and the one name each of them has in every layer."""

from enum import StrEnum


class Step(StrEnum):
    """A step; its value is the `next_step` that names it."""

    SNAPSHOT_CHECK = "SNAPSHOT_CHECK"
    COPY_SNAPSHOT = "COPY_SNAPSHOT"
    CHECK_COPY_STATUS = "CHECK_COPY_STATUS"
    DELETE_RDS = "DELETE_RDS"
    RESTORE_SNAPSHOT = "RESTORE_SNAPSHOT"
    CHECK_RESTORE_STATUS = "CHECK_RESTORE_STATUS"
    SETUP_DB_USERS = "SETUP_DB_USERS"
    ARCHIVE_SNAPSHOT = "ARCHIVE_SNAPSHOT"
    SNS_NOTIFICATION = "SNS_NOTIFICATION"

    @property
    def module(self) -> str:
        """The file in `lambdas/` and the metric dimension: `copy_snapshot`."""
        return self.value.lower()

    @property
    def function(self) -> str:
        """The suffix of the function's name: `copy-snapshot`."""
        return self.module.replace("_", "-")

    @property
    def state(self) -> str:
        """The state of the state machine: `CopySnapshot`."""
        return "".join(word.title() for word in self.module.split("_"))
