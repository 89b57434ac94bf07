"""The KMS keys of snapshot copies and restored clusters."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from constructs import Construct


class RestoreKeys(Construct):
    """The ARNs of the keys that the settings name, or else of one made here."""

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, named: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = prefix
        self.arns = tuple(named) or (self._make_key(),)

    def _make_key(self) -> str:
        return kms.Key(
            self,
            "Key",
            description=f"{self._prefix}: snapshot copies and restored clusters",
            enable_key_rotation=True,
            # Without it the restored clusters could never start again.
            removal_policy=RemovalPolicy.RETAIN,
        ).key_arn
