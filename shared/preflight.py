"""What later steps will need, checked before anything is created; all findings at once."""

from collections.abc import Callable, Iterator
from functools import partial

from shared.aws import Aws
from shared.errors import ConfigurationError, Terminal
from shared.facts import Snapshot
from shared.request import Archive, RestoreRequest
from shared.route import Hop


def check(aws: Aws, request: RestoreRequest, snapshot: Snapshot, route: tuple[Hop, ...]) -> None:
    """Raise the first finding's error with the words of all of them."""
    checks = (*_key_checks(aws, request, snapshot, route), *_checks(aws, request, snapshot))
    findings = [finding for look in checks if (finding := _finding(look))]
    if findings:
        raise type(findings[0])(" ".join(str(finding) for finding in findings))


def _finding(look: Callable[[], None]) -> Terminal | None:
    try:
        look()
    except Terminal as finding:
        return finding
    return None


def _key_checks(
    aws: Aws, request: RestoreRequest, snapshot: Snapshot, route: tuple[Hop, ...]
) -> Iterator[Callable[[], None]]:
    """Look at every key on the way, each from the account that is going to use it."""
    if snapshot.encrypted and snapshot.kms_key_id:
        reader = route[0].account_id if route else None
        yield partial(aws.keys(snapshot.region, reader).check_usable, snapshot.kms_key_id)
    for hop in route:
        if hop.account_id and hop.kms_key_id:
            yield partial(aws.keys(hop.region, hop.account_id).check_usable, hop.kms_key_id)
    if request.kms_key_id:
        yield partial(aws.keys(request.target_region).check_usable, request.kms_key_id)


def _checks(aws: Aws, request: RestoreRequest, snapshot: Snapshot) -> Iterator[Callable[[], None]]:
    region = request.target_region
    groups = aws.groups(region)
    if request.db_subnet_group_name:
        yield partial(groups.check_subnet_group, request.db_subnet_group_name)
    if request.vpc_security_group_ids:
        yield partial(aws.network(region).check_security_groups, request.vpc_security_group_ids)
    if name := request.db_cluster_parameter_group_name:
        yield partial(groups.check_cluster_parameter_group, name, snapshot.family)
    if name := request.db_parameter_group_name:
        yield partial(groups.check_parameter_group, name, snapshot.family)
    if request.archive is Archive.EXPORT:
        yield partial(_check_export_bucket, aws, region)
        yield partial(_check_export_key, aws, region)
    yield partial(_check_admin, aws, request, snapshot)
    yield partial(_check_users, aws, request)


def _check_export_bucket(aws: Aws, region: str) -> None:
    aws.buckets(region).check_usable(aws.settings.required_exports.bucket)


def _check_export_key(aws: Aws, region: str) -> None:
    if aws.settings.exports:
        aws.keys(region).check_usable(aws.settings.exports.kms_key_id)


def _check_admin(aws: Aws, request: RestoreRequest, snapshot: Snapshot) -> None:
    admin = aws.secrets.admin(request.admin_secret_id)
    if admin.username != snapshot.master_username:
        raise ConfigurationError(
            f"Secret {request.admin_secret_id} is for another master user than the one of snapshot "
            f"{snapshot.id}, {snapshot.master_username}. A restore keeps the master's name."
        )


def _check_users(aws: Aws, request: RestoreRequest) -> None:
    aws.secrets.users(request.users_secret_id)
