"""Lock out inherited logins, create users and grants, and prove both by logging in."""

from shared import clock
from shared.errors import NotOurs, ResourceBusy, RestoreFailed, ValidationFailed
from shared.gateways.aws import Aws
from shared.gateways.secrets import AdminSecret
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.operation.parts import Cutover
from shared.replacing.transitions import cutover_status_checked
from shared.resources import Cluster
from shared.runtime.step import step
from shared.steps import Step
from shared.users.master.connecting import Login
from shared.users.master.endpoint import check_leads_to, is_certificate_outdated
from shared.users.master.notes import Notes
from shared.users.master.server import Server
from shared.users.preparation import Unfinished, prepare
from shared.users.slices import Slice
from shared.users.transitions import (
    certificate_outdated,
    login_proven,
    master_password_outdated,
    users_configured,
    users_partly_configured,
)
from shared.users.verification import prove


@step(Step.SETUP_DB_USERS)
def handler(operation: Operation, aws: Aws) -> Operation:
    if operation.is_proof_due:
        return prove_again(operation, aws)
    templates, version = aws.secrets.users(operation.request.users_secret_id)
    cluster = restored_cluster(operation, aws, operation.restored_id)
    cluster.check_not_stopped()
    admin, admin_version = aws.secrets.admin(operation.request.admin_secret_id)
    # It may have been rotated, or corrected before a redrive.
    if operation.master_secret_version not in (None, admin_version):
        return master_password_outdated(operation)
    server = writer(cluster, admin, aws)
    notes = Notes.of(operation.operation_id, operation.execution_arn, operation.start_time)
    prepared = prepare(server, templates, notes, Slice.of_a_call())
    if isinstance(prepared, Unfinished):
        return users_partly_configured(operation, *prepared)
    access = tuple(user.access for user in templates.users)
    return users_configured(operation, access, prepared.locked_logins, prepared.warnings, version)


def prove_again(operation: Operation, aws: Aws) -> Operation:
    """Prove the users once more, now that the restored cluster has the target id.

    They may work on the replaced cluster, too, which proves nothing as long as the name leads
    there. When its certificate has another name, the cluster is stopped and started first. The
    passwords are those that were set, whatever has become of the secrets since.
    """
    request = operation.request
    templates, _ = aws.secrets.users(request.users_secret_id, operation.users_secret_version)
    cluster = restored_cluster(operation, aws, operation.target_cluster)
    if cluster.is_stopped:
        # By somebody: the cut-over starts it again.
        stopped = {cluster.id: cluster.status}
        return cutover_status_checked(operation, stopped, cutover=Cutover.PROMOTED)
    admin, _ = aws.secrets.admin(request.admin_secret_id, operation.master_secret_version)
    server = writer(cluster, admin, aws)
    if is_certificate_outdated(server):
        return outdated(operation, server)
    instance_ids = [member.instance_id for member in cluster.members]
    check_leads_to(server, instance_ids)
    prove(server, templates)
    check_leads_to(server, instance_ids)
    return login_proven(operation)


def outdated(operation: Operation, server: Server) -> Operation:
    """Have the certificate renewed; raises `ValidationFailed` when that has been done before."""
    if not operation.is_certificate_renewed:
        return certificate_outdated(operation)
    waiting.check_not_just_started(operation, f"A certificate for {server.host}")
    raise ValidationFailed(
        f"The certificate of {operation.target_cluster} does not have the name {server.host}, "
        "although the cluster was stopped and started. Clients that verify it cannot connect."
    )


def restored_cluster(operation: Operation, aws: Aws, cluster_id: str) -> Cluster:
    """The restored cluster, which somebody may have stopped.

    Raises `ResourceBusy` while it is in a transient status, `RestoreFailed` when it is gone, and
    `NotOurs` when another one has its id: the users may work on a replaced cluster, too, which
    would prove nothing.
    """
    cluster = aws.aurora(operation.request.target_region).cluster(cluster_id)
    if cluster and not cluster.was_made_by(operation.operation_id):
        raise NotOurs(
            f"Cluster {cluster_id} was not made by operation {operation.operation_id}. It is left "
            "alone, and nothing in it was changed."
        )
    seen_before = clock.now() - operation.last_updated_time
    if cluster is None and seen_before > waiting.LONGEST_ABSENCE:
        raise RestoreFailed(
            f"Cluster {cluster_id} no longer exists: somebody deleted or renamed it after it was "
            "restored. Redrive the execution to restore it again; if it was renamed, rename it "
            "back first."
        )
    if cluster is None or not (cluster.is_stable or cluster.is_stopped):
        raise ResourceBusy(f"Cluster {cluster_id} does not accept connections yet.")
    return cluster


def writer(cluster: Cluster, admin: AdminSecret, aws: Aws) -> Server:
    """The cluster's writer endpoint and its master user's login."""
    if cluster.endpoint is None or cluster.port is None:
        raise ResourceBusy(f"Cluster {cluster.id} has no endpoint yet.")
    if admin.password is None and cluster.finished_master_secret:
        admin = aws.secrets.managed(cluster.finished_master_secret)
    if admin.password is None:
        raise ResourceBusy(f"RDS has not created the master secret of {cluster.id} yet.")
    login = Login(admin.username, admin.password)
    return Server(cluster.endpoint, cluster.port, login, cluster.engine_version)
