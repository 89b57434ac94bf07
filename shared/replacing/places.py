"""Where the replaced cluster and its successor are, by what RDS lists while they change names."""

from dataclasses import replace
from enum import Enum, auto
from typing import NamedTuple

from shared.errors import NotOurs
from shared.gateways.rds.clusters import Aurora
from shared.operation.operation import Operation
from shared.resources import RENAMING, Cluster


class Place(Enum):
    """Who has the target id, in the order in which a cut-over gets there."""

    OLD_SERVES = auto()
    OLD_LEAVES = auto()
    FREE = auto()
    NEW_ARRIVES = auto()
    NEW_SERVES = auto()


class Clusters(NamedTuple):
    """The replaced cluster and its successor, wherever they are; `None` was not found.

    A cluster that is being renamed may still have its old id.
    """

    old: Cluster | None
    new: Cluster | None

    @property
    def statuses(self) -> dict[str, str]:
        return {cluster.id: cluster.status for cluster in self if cluster}

    @property
    def are_renaming(self) -> bool:
        return any(cluster.is_renaming for cluster in self if cluster)

    @property
    def is_one_missing(self) -> bool:
        """Whether one was not found: it is gone, or between two ids, where none leads to it."""
        return None in self

    def place(self, target: str) -> Place:
        """Who has the target id."""
        if self.old and self.old.is_renaming:
            return Place.OLD_LEAVES
        if self.old and self.old.id == target:
            return Place.OLD_SERVES
        if self.new and self.new.is_renaming:
            return Place.NEW_ARRIVES
        return Place.NEW_SERVES if self.new and self.new.id == target else Place.FREE


def find(operation: Operation, aurora: Aurora) -> Clusters:
    """Look for both clusters among all: while one is renamed, no single id need lead to it.

    Raises `NotOurs` when somebody else's cluster has one of the three ids, or when somebody has
    given one of the two another id.
    """
    listed = aurora.clusters()
    old = [one for one in listed if one.resource_id == operation.replaced.resource_id]
    new = [one for one in listed if one.was_made_by(operation.operation_id) and one not in old]
    _check_none_is_unknown(operation, [one for one in listed if one not in (*old, *new)])
    _check_none_is_elsewhere(operation, old, operation.target_cluster)
    _check_none_is_elsewhere(operation, new, operation.restored_id)
    return Clusters(_one(old), _one(new))


def _ids(operation: Operation) -> set[str]:
    """The three ids between which a cut-over moves."""
    return {operation.restored_id, operation.target_cluster, operation.renamed_id}


def _check_none_is_unknown(operation: Operation, others: list[Cluster]) -> None:
    unknown = [one for one in others if one.id in _ids(operation)]
    if unknown:
        raise NotOurs(
            f"Cluster {unknown[0].id} is neither the one that was to be replaced nor the one "
            "that was restored. It was not touched. Rename or remove it yourself."
        )


def _check_none_is_elsewhere(operation: Operation, listed: list[Cluster], was: str) -> None:
    """A rename of ours leads from one of three ids to another."""
    ids = _ids(operation)
    elsewhere = [one for one in listed if one.id not in ids and not one.is_renaming]
    if elsewhere:
        raise NotOurs(
            f"Cluster {elsewhere[0].id} was called {was} when this operation saw it first, and "
            "somebody has renamed it. It was not touched. Rename it back, then redrive the "
            "execution; or start a new restore."
        )
    leaving = [one for one in listed if one.becomes and one.becomes not in ids]
    if leaving:
        raise NotOurs(
            f"Cluster {leaving[0].id} is to be renamed to {leaving[0].becomes}, now or in its "
            "maintenance window, and not by this operation. It was not touched. Have it keep its "
            "id, then redrive the execution; or start a new restore."
        )


def _one(listed: list[Cluster]) -> Cluster | None:
    """A cluster that is listed under two ids is still being renamed, whatever its status says."""
    if len(listed) < 2:
        return listed[0] if listed else None
    return replace(listed[0], status=RENAMING)
