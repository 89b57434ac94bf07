"""RDS's own role in an account: made with the first cluster, for a caller who may have it made.

Aurora user guide, "Using service-linked roles for Amazon Aurora".
"""

from moto.iam.models import iam_backends

from local.iam.sessions import role_of

_SERVICE = "rds.amazonaws.com"
_NAME = "AWSServiceRoleForRDS"
_PATH = f"/aws-service-role/{_SERVICE}/"


def service_linked_role(account_id: str) -> str:
    """Its ARN, whether or not it is there."""
    return f"arn:aws:iam::{account_id}:role{_PATH}{_NAME}"


def ensure_service_linked_role(account_id: str) -> None:
    if role_of(service_linked_role(account_id)):
        return
    iam_backends[account_id]["aws"].create_role(
        role_name=_NAME,
        assume_role_policy_document=(
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
            f'"Action": "sts:AssumeRole", "Principal": {{"Service": "{_SERVICE}"}}}}]}}'
        ),
        path=_PATH,
        permissions_boundary=None,
        description="RDS's own",
        tags=[],
        max_session_duration=None,
        linked_service=_SERVICE,
    )
