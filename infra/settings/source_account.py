"""The settings of the stack that a source account deploys."""

from typing import Annotated

from pydantic import Field

from infra.settings.context import ContextSettings
from infra.settings.field_types import ExternalId, Name
from shared.names import deployment
from shared.request.fields import AccountId, Region


class SourceSettings(ContextSettings):
    """What the owner of a source account decides."""

    context_key = "aurora-restore-source"

    name: Name = "aurora-restore"
    account: AccountId | None = None
    pipeline_account: AccountId
    pipeline_region: Region
    external_id: ExternalId
    source_regions: Annotated[tuple[Region, ...], Field(min_length=1)]

    @property
    def deployment(self) -> str:
        """The pipeline's name among all accounts: that of the stack, its role and its key."""
        return deployment(self.name, self.pipeline_account, self.pipeline_region)
