"""Lock out inherited logins, create users and grants, and prove both by logging in."""

from shared.errors import NotOurs, ResourceBusy
from shared.gateways.aws import Aws
from shared.operation import waiting
from shared.operation.operation import Operation
from shared.runtime.step import step
from shared.steps import Step
from shared.users.master.notes import Notes
from shared.users.master.sessions import Login, Server
from shared.users.preparation import prepare
from shared.users.templates import UsersSecret
from shared.users.transitions import login_proven, users_configured
from shared.users.verification import prove


@step(Step.SETUP_DB_USERS)
def handler(operation: Operation, aws: Aws) -> Operation:
    templates = aws.secrets.users(operation.request.users_secret_id)
    if operation.is_proof_due:
        return prove_again(operation, aws, templates)
    server = restored_server(operation, aws, operation.restored_id)
    notes = Notes.of(operation.operation_id, operation.execution_arn, operation.start_time)
    prepared = prepare(server, templates, notes)
    access = tuple(user.access for user in templates.users)
    return users_configured(operation, access, prepared.locked_logins, prepared.warnings)


def prove_again(operation: Operation, aws: Aws, templates: UsersSecret) -> Operation:
    """Prove the users once more, now that the restored cluster has the target id."""
    # For a moment the name may still resolve to the replaced cluster, where they can work as well.
    waiting.check_not_just_started(operation, f"Cluster {operation.target_cluster}")
    prove(restored_server(operation, aws, operation.target_cluster), templates.users)
    return login_proven(operation)


def restored_server(operation: Operation, aws: Aws, cluster_id: str) -> Server:
    """The restored cluster's writer and its master user's login.

    Raises `ResourceBusy` while the cluster is in a transient status, and `NotOurs` when another one
    has its id: the users may work on a replaced cluster, too, which would prove nothing.
    """
    request = operation.request
    cluster = aws.aurora(request.target_region).cluster(cluster_id)
    if cluster and not cluster.was_made_by(operation.operation_id):
        raise NotOurs(
            f"Cluster {cluster_id} was not made by operation {operation.operation_id}. It is left "
            "alone, and nothing in it was changed."
        )
    if cluster is None or cluster.endpoint is None or cluster.port is None or not cluster.is_stable:
        raise ResourceBusy(f"Cluster {cluster_id} does not accept connections yet.")
    admin = aws.secrets.admin(request.admin_secret_id)
    if admin.password is None and cluster.master_secret_arn:
        admin = aws.secrets.managed(cluster.master_secret_arn)
    if admin.password is None:
        raise ResourceBusy(f"RDS has not created the master secret of {cluster.id} yet.")
    login = Login(admin.username, admin.password)
    return Server(cluster.endpoint, cluster.port, login, cluster.engine_version)
