"""How an operation moves on when its users are set up, and proven again after a cut-over."""

from shared import clock
from shared.operation.audit import EventType
from shared.operation.operation import Operation
from shared.operation.parts import Cutover
from shared.operation.published import Access
from shared.operation.status import Phase, Status


def master_password_outdated(operation: Operation) -> Operation:
    """The admin secret has changed since the restored cluster got its password.

    The restore goes on, with all its time again.
    """
    restoring = operation.phases[Phase.RESTORE].resumed(clock.now())
    return operation.after(
        EventType.MASTER_PASSWORD_OUTDATED,
        {"cluster_id": operation.restored_id},
        status=Status.RESTORE_IN_PROGRESS,
        waiting_since=clock.now(),
        phases=operation.phases | {Phase.RESTORE: restoring},
    )


def users_partly_configured(
    operation: Operation, databases_prepared: int, databases: int, warnings: tuple[str, ...]
) -> Operation:
    """A call has used its time up, and the next one goes on where it ended."""
    done = {"databases": databases, "databases_prepared": databases_prepared}
    return operation.after(
        EventType.USERS_PARTLY_CONFIGURED,
        {**done, "warnings": list(warnings)},
        restore_details=operation.restored.model_copy(
            update={**done, "warnings": _with_earlier(operation, warnings)}
        ),
        waiting_since=clock.now(),
    )


def users_configured(
    operation: Operation,
    access: tuple[Access, ...],
    locked_logins: tuple[str, ...],
    warnings: tuple[str, ...],
    secret_version: str,
) -> Operation:
    """The users of the templates can work, and the logins inherited from the snapshot cannot.

    `secret_version` is that of the users secret.
    """
    users = tuple(user.username for user in access)
    known = _with_earlier(operation, warnings)
    return operation.after(
        EventType.USERS_CONFIGURED,
        {"users": list(users), "locked_logins": list(locked_logins), "warnings": list(known)},
        status=Status.USERS_CONFIGURED,
        users_secret_version=secret_version,
        restore_details=operation.restored.model_copy(
            update={
                "users": users,
                "access": access,
                "locked_logins": locked_logins,
                "warnings": known,
                "databases_prepared": operation.restored.databases,
            }
        ),
        waiting_since=clock.now(),
        starts=Phase.DELETE if operation.swaps else operation.last_phase,
        ends=Phase.USERS,
    )


def certificate_outdated(operation: Operation) -> Operation:
    """The restored cluster has the target id, and a certificate of its earlier one."""
    return operation.after(
        EventType.CERTIFICATE_OUTDATED,
        {"cluster_id": operation.target_cluster},
        cutover=Cutover.CERTIFICATE_OUTDATED,
    )


def login_proven(operation: Operation) -> Operation:
    """Users can work under the target id, so the replaced cluster may go."""
    return operation.after(
        EventType.LOGIN_PROVEN,
        {"cluster_id": operation.target_cluster, "users": list(operation.restored.users)},
        cutover=Cutover.PROVEN,
        waiting_since=clock.now(),
    )


def _with_earlier(operation: Operation, warnings: tuple[str, ...]) -> tuple[str, ...]:
    """These warnings behind those of earlier calls, each once."""
    return tuple(dict.fromkeys((*operation.restored.warnings, *warnings)))
