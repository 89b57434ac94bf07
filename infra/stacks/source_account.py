"""The stack of another account that lets the pipeline bring its snapshots over.

It lives in the region that the pipeline restores into: there the account copies a snapshot, under
a key that the pipeline's account may use, and shares the copy. Role and key have names that follow
from the deployment's, so neither stack needs the other's outputs.
"""

from collections.abc import Sequence

from aws_cdk import CfnOutput, DefaultStackSynthesizer, Environment, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.permissions.acknowledged import acknowledge, grant
from infra.permissions.statements import (
    KEY_DECRYPTION,
    KEY_DESCRIPTION,
    KEY_ENCRYPTION,
    KEY_USE,
    TEMPORARY_SNAPSHOTS,
    allow,
    copy_out_of,
    in_regions,
    role_path,
    tagged_temporary,
    use_through_rds,
)
from infra.settings.source_account import SourceSettings
from shared.names import TAG_TEMPORARY
from shared.steps import Step

KEY_HANDLING = (*KEY_DECRYPTION, *KEY_ENCRYPTION)
STEPS = (
    Step.SNAPSHOT_CHECK,
    Step.COPY_SNAPSHOT,
    Step.CHECK_COPY_STATUS,
    Step.ARCHIVE_SNAPSHOT,
)
"""The steps that act in the other account: they describe, copy, share, and clean up."""


class SourceAccountStack(Stack):
    """A role for the pipeline's steps, and a key for the copies that are shared."""

    def __init__(self, scope: Construct, *, settings: SourceSettings) -> None:
        super().__init__(
            scope,
            settings.deployment,
            description="Lets the Aurora restore pipeline copy and share snapshots",
            env=Environment(account=settings.account, region=settings.pipeline_region),
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            analytics_reporting=False,
        )
        role = self._role(settings)
        key = self._key(settings)
        grant(role, self._statements(settings, key.key_arn))
        acknowledge(
            role, "AwsSolutions-IAM5[Resource::*]", "Quotas are the account's; narrowed by region"
        )
        CfnOutput(self, "RoleArn", value=role.role_arn)
        CfnOutput(self, "KeyArn", value=key.key_arn)

    def _role(self, settings: SourceSettings) -> iam.Role:
        roles = f"arn:{self.partition}:iam::{settings.pipeline_account}:role"
        paths = [role_path(settings.name, settings.pipeline_region, step) for step in STEPS]
        return iam.Role(
            self,
            "Role",
            role_name=settings.deployment,
            description="What the Aurora restore pipeline may do in this account",
            assumed_by=iam.PrincipalWithConditions(
                iam.AccountPrincipal(settings.pipeline_account),
                {
                    "StringEquals": {"sts:ExternalId": settings.external_id},
                    "ArnLike": {"aws:PrincipalArn": [f"{roles}{path}*" for path in paths]},
                },
            ),
        )

    def _key(self, settings: SourceSettings) -> kms.Key:
        """Make the key that shared copies are under; both accounts may use it."""
        key = kms.Key(
            self,
            "Key",
            alias=settings.deployment,
            description=f"{settings.name}: snapshots that are shared with the restore pipeline",
            enable_key_rotation=True,
            # Nothing outlives a restore under it.
            removal_policy=RemovalPolicy.DESTROY,
        )
        pipeline = iam.AccountPrincipal(settings.pipeline_account)
        describing = allow("kms:DescribeKey", on=["*"])
        using = use_through_rds(["*"], settings.pipeline_region, KEY_USE)
        for statement in (describing, *using):
            statement.add_principals(pipeline)
            key.add_to_resource_policy(statement)
        return key

    def _statements(self, settings: SourceSettings, key: str) -> list[iam.PolicyStatement]:
        """List any snapshot, copy any, and share and delete the tagged copies alone."""
        here = settings.pipeline_region
        regions = tuple(dict.fromkeys((here, *settings.source_regions)))
        # What is allowed for all snapshots and keys of a region is so for copies and their key.
        covers_copies = here in settings.source_regions
        copies = [self._rds(here, f"cluster-snapshot:{TEMPORARY_SNAPSHOTS}")]
        sources = [self._rds(region, "cluster-snapshot:*") for region in settings.source_regions]
        signed = [
            self._rds(region, f"cluster-snapshot:{TEMPORARY_SNAPSHOTS}")
            for region in settings.source_regions
            if region != here
        ]
        ours_if_any = {
            "StringEqualsIfExists": {f"aws:ResourceTag/{TAG_TEMPORARY}": settings.deployment}
        }
        made = {"StringEquals": {f"aws:RequestTag/{TAG_TEMPORARY}": settings.deployment}}
        return [
            allow(
                "rds:DescribeDBClusterSnapshots",
                on=[
                    self._rds(region, f"{kind}:*")
                    for region in regions
                    for kind in ("cluster", "cluster-snapshot")
                ],
            ),
            allow("rds:DescribeAccountAttributes", on=["*"], when=in_regions([here])),
            *copy_out_of(sources, made),
            *([] if covers_copies else [allow("rds:CopyDBClusterSnapshot", on=copies, when=made)]),
            # On what has this tag already, it must be ours.
            allow("rds:AddTagsToResource", on=copies, when=made | ours_if_any),
            # What crosses regions is also asked for in the source's, by a signed request.
            *([allow("rds:AddTagsToResource", on=signed, when=made)] if signed else []),
            allow(
                "rds:ModifyDBClusterSnapshotAttribute",
                "rds:DeleteDBClusterSnapshot",
                on=copies,
                when=tagged_temporary(settings.deployment),
            ),
            allow(KEY_DESCRIPTION, on=self._keys(regions)),
            # Which keys the snapshots are under, only the snapshots know.
            *(
                statement
                for region in settings.source_regions
                for statement in use_through_rds(self._keys([region]), region, KEY_HANDLING)
            ),
            *([] if covers_copies else use_through_rds([key], here, KEY_HANDLING)),
        ]

    def _keys(self, regions: Sequence[str]) -> list[str]:
        return [f"arn:{self.partition}:kms:{region}:{self.account}:key/*" for region in regions]

    def _rds(self, region: str, resource: str) -> str:
        return f"arn:{self.partition}:rds:{region}:{self.account}:{resource}"
