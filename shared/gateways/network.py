"""Security groups of one region: read only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.aws_errors import named_errors
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


class Network:
    """The network of one region."""

    def __init__(self, client: "EC2Client", region: str) -> None:
        self._client = client
        self._region = region

    def check_security_groups(self, group_ids: Sequence[str], vpc_id: str | None) -> None:
        """Raise `ConfigurationError` naming every group that does not exist, or is in another VPC.

        Without a VPC, any will do.
        """
        with named_errors(f"Describing security groups in {self._region}"):
            answer = self._client.describe_security_groups(
                Filters=[{"Name": "group-id", "Values": list(group_ids)}]
            )
        missing = set(group_ids) - {group["GroupId"] for group in answer["SecurityGroups"]}
        if missing:
            raise ConfigurationError(
                f"There is no security group {', '.join(sorted(missing))} in {self._region}. "
                "Choose existing ones."
            )
        strange = [
            f"{group['GroupId']} is in {group['VpcId']}"
            for group in answer["SecurityGroups"]
            if vpc_id and group["VpcId"] != vpc_id
        ]
        if strange:
            raise ConfigurationError(
                f"Security group {', '.join(strange)}, but the subnet group, or the default one if "
                f"none is named, is in {vpc_id}. Specify groups of that VPC, or a subnet group."
            )
