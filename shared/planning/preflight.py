"""What later steps will need, checked before anything is created."""

from datetime import datetime
from typing import TYPE_CHECKING

from shared.errors import ConfigurationError
from shared.gateways.aws import Aws
from shared.gateways.rds.quotas import Capacity
from shared.gateways.secrets import AdminSecret
from shared.operation.parts import Hop, ReplacedCluster, SnapshotQuota
from shared.planning import versions
from shared.planning.findings import Findings
from shared.request.fields import Archive, Replace
from shared.request.restore_request import RestoreRequest
from shared.resources import ENGINE

if TYPE_CHECKING:
    from shared.planning.source import Source


def collect(
    findings: Findings,
    aws: Aws,
    request: RestoreRequest,
    source: "Source | None",
    route: tuple[Hop, ...],
    replaced: ReplacedCluster | None,
    now: datetime,
) -> SnapshotQuota | None:
    """Collect everything that would make a later step fail; without a source, most of it.

    Returns how much of the quota of snapshots is used, where RDS says it.
    """
    _check_keys(findings, aws, request, source, route)
    _check_network(findings, aws, request)
    is_offered = versions.collect(findings, aws, request, source, now) if source else True
    _check_groups(findings, aws, request, source)
    if is_offered:
        _check_class(findings, aws, request, source)
    capacity = findings.of(aws.quotas(request.target_region).capacity)
    if capacity:
        _check_capacity(findings, capacity, request, route, replaced)
    if replaced and replaced.keeps_backups:
        findings.of(aws.quotas(request.target_region).check_backups)
    for account_id in filter(None, (hop.account_id for hop in route)):
        findings.of(_check_capacity_for_copy, aws, request.target_region, account_id)
    _check_secrets(findings, aws, request, source)
    if request.archive is Archive.EXPORT:
        _check_exports(findings, aws, request.target_region)
    return capacity.snapshots if capacity else None


def _check_keys(
    findings: Findings,
    aws: Aws,
    request: RestoreRequest,
    source: "Source | None",
    route: tuple[Hop, ...],
) -> None:
    """Check every key on the way, each from the account that is going to use it."""
    if source and source.encrypted and source.kms_key_id:
        reader = route[0].account_id if route else None
        findings.of(_check_key, aws, source.region, reader, source.kms_key_id)
    for hop in route:
        if hop.account_id and hop.kms_key_id:
            findings.of(_check_key, aws, hop.region, hop.account_id, hop.kms_key_id)
            # This account copies on from there, and so must see that key as well.
            findings.of(_check_key, aws, hop.region, None, hop.kms_key_id)
    if request.kms_key_id:
        findings.of(_check_key, aws, request.target_region, None, request.kms_key_id)


def _check_key(aws: Aws, region: str, account_id: str | None, key_id: str) -> None:
    aws.keys(region, account_id).check_usable(key_id)


def _check_network(findings: Findings, aws: Aws, request: RestoreRequest) -> None:
    region, group = request.target_region, request.db_subnet_group_name
    groups, network = aws.groups(region), aws.network(region)
    vpc = findings.of(groups.vpc_of_subnet_group, group) if group else None
    if request.vpc_security_group_ids:
        where = vpc if group else findings.of(groups.vpc_without_subnet_group)
        findings.of(network.check_security_groups, request.vpc_security_group_ids, where)


def _check_groups(
    findings: Findings, aws: Aws, request: RestoreRequest, source: "Source | None"
) -> None:
    groups = aws.groups(request.target_region)
    family = source.family if source else None
    if name := request.db_cluster_parameter_group_name:
        findings.of(groups.check_cluster_parameter_group, name, family)
    if name := request.db_parameter_group_name:
        findings.of(groups.check_parameter_group, name, family)


def _check_class(
    findings: Findings, aws: Aws, request: RestoreRequest, source: "Source | None"
) -> None:
    groups = aws.groups(request.target_region)
    version = source.engine_version if source else None
    findings.of(groups.check_orderable, request.db_instance_class, ENGINE, version)


def _check_capacity(
    findings: Findings,
    capacity: Capacity,
    request: RestoreRequest,
    route: tuple[Hop, ...],
    replaced: ReplacedCluster | None,
) -> None:
    """Check that the quotas have capacity for all that will be made beside what exists.

    What `delete_first` makes takes the capacity of what it has deleted.
    """
    frees_capacity = replaced is not None and request.replace is Replace.DELETE_FIRST
    takes_final = (
        replaced is not None
        and replaced.final_snapshot_id is not None
        and not request.keep_replaced_hours
    )
    freed = replaced.instances if replaced and frees_capacity else 0
    own_copies = sum(hop.account_id is None for hop in route)
    findings.of(
        capacity.check,
        snapshots=own_copies + takes_final,
        clusters=0 if frees_capacity else 1,
        instances=request.instance_count - freed,
    )


def _check_capacity_for_copy(aws: Aws, region: str, account_id: str) -> None:
    aws.quotas(region, account_id).capacity().check(snapshots=1)


def _check_secrets(
    findings: Findings, aws: Aws, request: RestoreRequest, source: "Source | None"
) -> None:
    admin = findings.of(_admin, aws, request)
    if admin and source:
        findings.of(_check_master, admin, request, source)
    findings.of(_check_users, aws, request)


def _admin(aws: Aws, request: RestoreRequest) -> AdminSecret:
    return aws.secrets.admin(request.admin_secret_id).content


def _check_master(admin: AdminSecret, request: RestoreRequest, source: "Source") -> None:
    if admin.username != source.master_username:
        raise ConfigurationError(
            f"Secret {request.admin_secret_id} is not for the master user of {source.wording}, "
            f"{source.master_username}. A restore keeps that name: correct the secret's username."
        )


def _check_users(aws: Aws, request: RestoreRequest) -> None:
    aws.secrets.users(request.users_secret_id)


def _check_exports(findings: Findings, aws: Aws, region: str) -> None:
    findings.of(_check_export_bucket, aws, region)
    if exports := aws.settings.exports:
        findings.of(_check_key, aws, region, None, exports.kms_key_id)


def _check_export_bucket(aws: Aws, region: str) -> None:
    aws.buckets(region).check_usable(aws.settings.required_exports.bucket)
