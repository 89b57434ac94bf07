"""What later steps will need, looked at before anything is created."""

from shared.errors import ConfigurationError
from shared.gateways.aws import Aws
from shared.operation.parts import Hop, ReplacedCluster
from shared.planning.findings import Findings
from shared.planning.snapshot_choice import ENGINE
from shared.request.restore_request import Archive, Replace, RestoreRequest
from shared.resources import Snapshot
from shared.users.templates import AdminSecret


def look(
    findings: Findings,
    aws: Aws,
    request: RestoreRequest,
    snapshot: Snapshot | None,
    route: tuple[Hop, ...],
    replaced: ReplacedCluster | None,
) -> None:
    """Collect everything that would make a later step fail; without a snapshot, most of it."""
    _look_at_keys(findings, aws, request, snapshot, route)
    _look_at_network(findings, aws, request)
    _look_at_groups(findings, aws, request, snapshot)
    _look_at_room(findings, aws, request, route, replaced)
    _look_at_secrets(findings, aws, request, snapshot)
    if request.archive is Archive.EXPORT:
        _look_at_exports(findings, aws, request.target_region)


def _look_at_keys(
    findings: Findings,
    aws: Aws,
    request: RestoreRequest,
    snapshot: Snapshot | None,
    route: tuple[Hop, ...],
) -> None:
    """Look at every key on the way, each from the account that is going to use it."""
    if snapshot and snapshot.encrypted and snapshot.kms_key_id:
        reader = route[0].account_id if route else None
        findings.of(_check_key, aws, snapshot.region, reader, snapshot.kms_key_id)
    for hop in route:
        if hop.account_id and hop.kms_key_id:
            findings.of(_check_key, aws, hop.region, hop.account_id, hop.kms_key_id)
            # This account copies on from there, and so must see that key as well.
            findings.of(_check_key, aws, hop.region, None, hop.kms_key_id)
    if request.kms_key_id:
        findings.of(_check_key, aws, request.target_region, None, request.kms_key_id)


def _check_key(aws: Aws, region: str, account_id: str | None, key_id: str) -> None:
    aws.keys(region, account_id).check_usable(key_id)


def _look_at_network(findings: Findings, aws: Aws, request: RestoreRequest) -> None:
    region, group = request.target_region, request.db_subnet_group_name
    vpc = findings.of(aws.groups(region).vpc_of_subnet_group, group) if group else None
    if request.vpc_security_group_ids:
        network = aws.network(region)
        findings.of(network.check_security_groups, request.vpc_security_group_ids, vpc)


def _look_at_groups(
    findings: Findings, aws: Aws, request: RestoreRequest, snapshot: Snapshot | None
) -> None:
    groups = aws.groups(request.target_region)
    family = snapshot.family if snapshot else None
    if name := request.db_cluster_parameter_group_name:
        findings.of(groups.check_cluster_parameter_group, name, family)
    if name := request.db_parameter_group_name:
        findings.of(groups.check_parameter_group, name, family)
    version = snapshot.engine_version if snapshot else None
    findings.of(groups.check_orderable, request.db_instance_class, ENGINE, version)


def _look_at_room(
    findings: Findings,
    aws: Aws,
    request: RestoreRequest,
    route: tuple[Hop, ...],
    replaced: ReplacedCluster | None,
) -> None:
    """Look whether all that will be made has room beside what is there.

    What `delete_first` makes takes the room of what it has deleted.
    """
    region = request.target_region
    makes_room = replaced is not None and request.replace is Replace.DELETE_FIRST
    takes_final = (
        replaced is not None
        and replaced.final_snapshot_id is not None
        and not request.keep_replaced_hours
    )
    own_copies = sum(hop.account_id is None for hop in route)
    quotas = aws.quotas(region)
    findings.of(
        quotas.check_room,
        snapshots=own_copies + takes_final,
        clusters=0 if makes_room else 1,
        instances=request.instance_count - (replaced.instances if replaced and makes_room else 0),
    )
    for hop in route:
        if hop.account_id:
            findings.of(_check_room_for_copy, aws, region, hop.account_id)


def _check_room_for_copy(aws: Aws, region: str, account_id: str) -> None:
    aws.quotas(region, account_id).check_room(snapshots=1)


def _look_at_secrets(
    findings: Findings, aws: Aws, request: RestoreRequest, snapshot: Snapshot | None
) -> None:
    admin = findings.of(_admin, aws, request)
    if admin and snapshot:
        findings.of(_check_master, admin, request, snapshot)
    findings.of(_check_users, aws, request)


def _admin(aws: Aws, request: RestoreRequest) -> AdminSecret:
    return aws.secrets.admin(request.admin_secret_id)


def _check_master(admin: AdminSecret, request: RestoreRequest, snapshot: Snapshot) -> None:
    if admin.username != snapshot.master_username:
        raise ConfigurationError(
            f"Secret {request.admin_secret_id} is for another master user than the one of snapshot "
            f"{snapshot.id}, {snapshot.master_username}. A restore keeps the master's name."
        )


def _check_users(aws: Aws, request: RestoreRequest) -> None:
    aws.secrets.users(request.users_secret_id)


def _look_at_exports(findings: Findings, aws: Aws, region: str) -> None:
    findings.of(_check_export_bucket, aws, region)
    if exports := aws.settings.exports:
        findings.of(_check_key, aws, region, None, exports.kms_key_id)


def _check_export_bucket(aws: Aws, region: str) -> None:
    aws.buckets(region).check_usable(aws.settings.required_exports.bucket)
