"""What must be true of every restore, however it was broken. Each says in words what is not."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.chaos.recorder import SeenCluster
from local.chaos.trial import Trial

_LOCK = "LOCK#"
_MAY_BE_UNSERVED_FROM = {
    "never": frozenset[str](),
    "delete_first": frozenset(
        {"SNAPSHOT_FOUND", "COPY_COMPLETED", "CUTOVER_IN_PROGRESS", "CUTOVER_COMPLETED"}
    ),
    "swap": frozenset({"USERS_CONFIGURED", "CUTOVER_IN_PROGRESS"}),
}
"""In which statuses the target may stop being served. Polling events repeat and are no moves."""


def it_ends_as_expected(trial: Trial) -> Iterator[str]:
    """The execution ends as it must, its operation is closed, and everyone is notified."""
    status = trial.state.get("status")
    # An operation that was completed stays so, whatever hits its execution afterwards.
    if trial.status != trial.expectation or (trial.status == "SUCCEEDED" and status == "FAILED"):
        yield f"it ended as {trial.status}, operation {status}: {trial.error}"
    if status not in ("COMPLETED", "FAILED"):
        yield f"the operation is not closed: {status}"
    if trial.status != "SUCCEEDED" and status == "FAILED" and not trial.state.get("error"):
        yield "the operation failed without saying why"
    if not trial.messages:
        yield "nobody was notified of the end"


def the_target_is_served(trial: Trial) -> Iterator[str]:
    """Once served, the target id stops being served only for the cut-over."""
    was_served = False
    for picture in trial.pictures:
        served = [each for each in picture.clusters if each.is_served and _has(each, trial.target)]
        if was_served and not served:
            status = _status_after(trial, picture.writes)
            if status not in _MAY_BE_UNSERVED_FROM[trial.replace]:
                yield f"{trial.target} stopped being served while the operation was {status}"
        was_served = bool(served)


def only_the_named_cluster_is_deleted(trial: Trial) -> Iterator[str]:
    """Of the clusters that were there before, only the replaced one may go."""
    first, last = trial.pictures[0].clusters, trial.pictures[-1].clusters
    remaining = {cluster.resource_id for cluster in last}
    for cluster in first:
        may_go = _has(cluster, trial.target) and trial.replace != "never"
        if cluster.resource_id not in remaining and not may_go:
            yield f"cluster {cluster.identifier} ({cluster.resource_id}) was deleted"


def what_is_not_ours_stays(trial: Trial) -> Iterator[str]:
    """Everything but the replaced cluster is as before: RDS, snapshots' data, production."""
    target = trial.before.arn_of(trial.target)
    for arn, described in trial.before.resources.items():
        if not _is_stable(described):
            continue
        is_replaced = arn == target or described.get("DBClusterIdentifier") == trial.target
        if trial.replace != "never" and is_replaced and ":cluster-snapshot:" not in arn:
            continue
        if arn in trial.gone:
            yield f"{arn} is gone"
        elif trial.after.resources[arn] != described:
            yield f"{arn} is described differently"
    for arn, stamp in trial.before.volumes.items():
        is_still_there = _is_stable(trial.before.resources[arn]) and arn not in trial.gone
        if is_still_there and trial.after.volumes.get(arn) != stamp:
            yield f"the data of {arn} has changed"
    if trial.before.production != trial.after.production:
        yield "production's data has changed"


def a_finished_restore_is_whole(trial: Trial) -> Iterator[str]:
    """One cluster has the target id, as asked for and proven; nothing else is new."""
    if not trial.is_completed:
        return
    clusters = [each for each in trial.pictures[-1].clusters if _has(each, trial.target)]
    if len(clusters) != 1 or not clusters[0].is_served:
        yield f"{len(clusters)} clusters have the target id, or it is not served"
    asked = int(trial.request.get("instance_count", 1))
    arn = trial.after.arn_of(trial.target)
    members = trial.after.resources[arn]["DBClusterMembers"] if arn else []
    if len(members) != asked:
        yield f"it has {len(members)} instances, not {asked}"
    yield from (f"{claim}: {detail}" for claim, holds, detail in trial.claims if not holds)
    for arn in sorted(trial.new):
        if not _belongs_to_the_target(trial, arn) and not _is_final_snapshot(trial, arn):
            yield f"{arn} was not there before"


def a_failed_restore_loses_nothing(trial: Trial) -> Iterator[str]:
    """The old cluster or its proven successor answers, or the final snapshot exists."""
    old = trial.before.arn_of(trial.target)
    if trial.is_completed or old is None:
        return
    resource_id = trial.before.resources[old]["DbClusterResourceId"]
    last = trial.pictures[-1].clusters
    remaining = [cluster for cluster in last if cluster.resource_id == resource_id]
    if any(event["event_type"] == "LOGIN_PROVEN" for event in trial.events):
        if not any(cluster.is_served and _has(cluster, trial.target) for cluster in last):
            yield f"neither {old} nor its successor serves"
    # Of one that is being deleted the instances go first: it is silent, and its data still there.
    elif remaining and (remaining[0].is_served or trial.replace != "delete_first"):
        yield from (f"{claim}: {detail}" for claim, holds, detail in trial.claims if not holds)
    if not remaining and not any(_is_final_snapshot(trial, arn) for arn in trial.new):
        yield f"cluster {old} is gone, and there is no final snapshot"


def leftovers_are_listed(trial: Trial) -> Iterator[str]:
    """Whatever a failed restore leaves is named in its closing event and in its message."""
    if trial.is_completed:
        return
    texts = {
        "the closing event": str([e["details"].get("leftovers") for e in trial.events]),
        "the message": " ".join(message["Message"] for message in trial.messages),
    }
    for arn in sorted(trial.new):
        name = arn.rsplit(":", 1)[-1]
        for where, text in texts.items():
            if name not in text and not _is_final_snapshot(trial, arn):
                yield f"{arn} is left, and {where} does not say so"


def the_audit_replays_the_state(trial: Trial) -> Iterator[str]:
    """Every version of the state came with its events, and they repeat its statuses in order."""
    versions = [
        (change.item, [each.item for each in write if each.item is not change.item])
        for write in trial.writes
        for change in write
        if change.kind == "Put" and change.item.get("operation_id") == trial.operation_id
        if "version" in change.item
    ]
    if [int(item["version"]) for item, _ in versions] != list(range(1, len(versions) + 1)):
        yield "the versions of the state do not follow each other"
    for item, others in versions:
        statuses = [
            other["details"]["operation_status"] for other in others if "event_type" in other
        ]
        if not statuses:
            yield f"version {item['version']} has no event"
        elif statuses[-1] != item["status"]:
            yield f"version {item['version']} is {item['status']}, its event says {statuses[-1]}"
    written = sum(len([1 for o in others if "event_type" in o]) for _, others in versions)
    if written != len(trial.events):
        yield f"{written} events were written, {len(trial.events)} are there"
    moves = [
        (attempt, event["event_type"], str(event["details"]))
        for attempt, event in _by_attempt(trial)
        if not event["event_type"].endswith("_STATUS_CHECKED")
    ]
    yield from (f"{m[1]} is recorded twice" for n, m in enumerate(moves) if m in moves[:n])
    if trial.events and trial.events[-1]["details"]["operation_status"] != trial.state["status"]:
        yield "the last event has another status than the state"


def one_operation_holds_the_target(trial: Trial) -> Iterator[str]:
    """A lock is taken when it is free, by who writes afterwards, and is released in the end."""
    holder: str | None = None
    for write in trial.writes:
        for change in write:
            key = str(change.item["operation_id"])
            if key.startswith(_LOCK):
                if change.kind == "Put" and holder is not None:
                    yield f"{change.item['holder']} took {key}, which {holder} held"
                holder = change.item["holder"] if change.kind == "Put" else None
        for change in write:
            is_state = change.kind == "Put" and "version" in change.item
            is_open = is_state and change.item["status"] not in ("COMPLETED", "FAILED")
            if is_open and change.item["operation_id"] != holder:
                yield f"{change.item['operation_id']} went on without the lock"
    yield from (f"{lock} is still held" for lock in trial.locks)


def no_password_is_written(trial: Trial) -> Iterator[str]:
    """No password, and no verifier of one, is in anything that people read."""
    written = [password for password in sorted(trial.passwords) if password in trial.written]
    yield from (f"password {password[:3]}… is written" for password in written)
    if "SCRAM-SHA-256$" in trial.written:
        yield "a verifier is written"


Invariant = Callable[[Trial], Iterator[str]]

INVARIANTS: tuple[Invariant, ...] = (
    it_ends_as_expected,
    the_target_is_served,
    only_the_named_cluster_is_deleted,
    what_is_not_ours_stays,
    a_finished_restore_is_whole,
    a_failed_restore_loses_nothing,
    leftovers_are_listed,
    the_audit_replays_the_state,
    one_operation_holds_the_target,
    no_password_is_written,
)


def violations(trial: Trial) -> list[str]:
    """Everything that is not as it must be, each with the invariant that says so."""
    return [
        f"{invariant.__name__}: {violation}"
        for invariant in INVARIANTS
        for violation in invariant(trial)
    ]


def _by_attempt(trial: Trial) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The events with the number of redrives before them: a redrive may make a move again."""
    attempt = 0
    for event in trial.events:
        attempt += event["event_type"] == "OPERATION_REDRIVEN"
        yield attempt, event


def _has(cluster: SeenCluster, target: str) -> bool:
    return cluster.identifier == target


def _is_stable(described: Mapping[str, Any]) -> bool:
    """Whether it is not about to change, or to go, by itself: an earlier restore may have begun."""
    return "available" in (described.get("Status"), described.get("DBInstanceStatus"))


def _status_after(trial: Trial, writes: int) -> str:
    """The status of the operation once so many writes had counted."""
    statuses = [
        str(change.item["status"])
        for write in trial.writes[:writes]
        for change in write
        if "version" in change.item and change.item["operation_id"] == trial.operation_id
    ]
    return statuses[-1] if statuses else "not there"


def _belongs_to_the_target(trial: Trial, arn: str) -> bool:
    described = trial.after.resources[arn]
    is_snapshot = ":cluster-snapshot:" in arn
    return not is_snapshot and described.get("DBClusterIdentifier") == trial.target


def _is_final_snapshot(trial: Trial, arn: str) -> bool:
    """Whether this holds the last state of the cluster that was replaced."""
    old = trial.before.arn_of(trial.target)
    if old is None or ":cluster-snapshot:" not in arn:
        return False
    resource_id = trial.before.resources[old]["DbClusterResourceId"]
    return bool(trial.after.resources[arn].get("DbClusterResourceId") == resource_id)
