"""The settings of the stack that a source account deploys."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from infra.settings import regions
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

    @field_validator("pipeline_region")
    @classmethod
    def _can_be_deployed(cls, region: str) -> str:
        regions.check_deployable(region)
        return region

    @field_validator("source_regions")
    @classmethod
    def _are_within_reach(cls, others: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if target := info.data.get("pipeline_region"):
            regions.check_together(others, target)
        return others

    @property
    def deployment(self) -> str:
        """The pipeline's name among all accounts: that of the stack, its role and its key."""
        return deployment(self.name, self.pipeline_account, self.pipeline_region)
