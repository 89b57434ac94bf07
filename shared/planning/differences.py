"""What the cluster that is replaced has, and its successor will have otherwise or not at all."""

from collections.abc import Iterator, Sequence

from shared.request.restore_request import RestoreRequest
from shared.resources import Cluster, Instance


def differences(
    replaced: Cluster, instances: Sequence[Instance], request: RestoreRequest
) -> tuple[str, ...]:
    """Each difference as a sentence, of what RDS tells of a cluster and its instances."""
    return (
        *_roles(replaced),
        *_security_groups(replaced, request.vpc_security_group_ids),
        *_parameter_group(replaced, request.db_cluster_parameter_group_name),
        *_parameter_groups(instances, request.db_parameter_group_name),
        *_upgrades(replaced, is_wanted=request.auto_minor_version_upgrade),
    )


def _roles(replaced: Cluster) -> Iterator[str]:
    """Roles belong to a cluster and not to its id, and no snapshot has them."""
    if replaced.roles:
        yield (
            f"It is associated with {', '.join(replaced.roles)}; its successor will not be. What "
            "the database does in those roles, such as imports from S3, fails until they are added."
        )


def _security_groups(replaced: Cluster, requested: Sequence[str]) -> Iterator[str]:
    if set(replaced.security_groups) == set(requested) or not replaced.security_groups:
        return
    will_be = ", ".join(requested) or "the default one of its VPC, for the request names none"
    yield (
        f"It is in security group {', '.join(replaced.security_groups)}; its successor will be in "
        f"{will_be}."
    )


def _parameter_group(replaced: Cluster, requested: str | None) -> Iterator[str]:
    has = replaced.parameter_group
    if _is_otherwise(has, requested):
        yield f"Its cluster parameter group is {has}; its successor's will be {_group(requested)}."


def _parameter_groups(instances: Sequence[Instance], requested: str | None) -> Iterator[str]:
    """Every instance has a group of its own; those of the successor have one for all."""
    groups = {one.parameter_group or "" for one in instances}
    if others := sorted(group for group in groups if _is_otherwise(group, requested)):
        yield (
            f"Its instances have parameter group {', '.join(others)}; its successor's will have "
            f"{_group(requested)}."
        )


def _is_otherwise(has: str | None, requested: str | None) -> bool:
    """Whether a successor gets another group: the default of its version where none is named."""
    is_default_again = requested is None and (has or "").startswith("default.")
    return bool(has) and has != requested and not is_default_again


def _group(requested: str | None) -> str:
    return requested or "the default one of its version, for the request names none"


def _upgrades(replaced: Cluster, *, is_wanted: bool) -> Iterator[str]:
    """RDS upgrades a cluster by itself when all of its instances are set so."""
    upgrades = replaced.upgrades_itself
    if upgrades is not None and upgrades is not is_wanted:
        yield (
            f"Minor versions are {'' if upgrades else 'not '}applied to it automatically; to its "
            f"successor they will {'' if is_wanted else 'not '}be (auto_minor_version_upgrade)."
        )
