"""Every invariant of the breakage suite, held against evidence that violates it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from local.chaos import invariants
from local.chaos.invariants import violations
from local.chaos.recorder import Change, Picture, SeenCluster, Write
from local.chaos.trial import Trial, World
from local.rehearsal.evidence import Evidence

REGION = "us-west-2"
TARGET = "aurora-staging"
OLD = f"arn:aws:rds:{REGION}:1:cluster:{TARGET}"
SOURCE = "arn:aws:rds:us-east-1:1:cluster:aurora-prod"
SNAPSHOT = "arn:aws:rds:us-east-1:1:cluster-snapshot:nightly"
LEFT = f"arn:aws:rds:{REGION}:1:cluster-snapshot:left"
OPERATION = "restore-1"
STATUSES = ("INITIATED", "COPY_COMPLETED", "CUTOVER_IN_PROGRESS", "COMPLETED")


def described(name: str, resource_id: str = "cluster-new", **more: Any) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": name,
        "DbClusterResourceId": resource_id,
        "Status": "available",
        "DBClusterMembers": [{}],
        **more,
    }


def a_world(**resources: dict[str, Any]) -> World:
    everything = {SOURCE: described("aurora-prod"), SNAPSHOT: described("aurora-prod"), **resources}
    return World(everything, {SNAPSHOT: "stamp"}, {"customers": (2, 7)})


def seen(
    resource_id: str = "cluster-old", name: str = TARGET, *, is_served: bool = True
) -> SeenCluster:
    return SeenCluster(REGION, name, resource_id, "available", is_served)


def a_picture(writes: int, *clusters: SeenCluster) -> Picture:
    return Picture(frozenset({seen("cluster-source", "aurora-prod"), *clusters}), writes)


def an_event(version: int, status: str) -> dict[str, Any]:
    return {
        "operation_id": OPERATION,
        "timestamp": str(version),
        "event_type": f"MOVE_{version}",
        "details": {"operation_status": status, "leftovers": []},
    }


def the_lock(kind: str, holder: str = OPERATION) -> Change:
    return Change(kind, "state", {"operation_id": "LOCK#it", "holder": holder})  # type: ignore[arg-type]


def the_writes(*statuses: str) -> tuple[Write, ...]:
    writes: list[Write] = []
    for version, status in enumerate(statuses, 1):
        state = {"operation_id": OPERATION, "version": version, "status": status}
        changes = [Change("Put", "state", state), Change("Put", "audit", an_event(version, status))]
        changes += [the_lock("Put")] if version == 1 else []
        changes += [the_lock("Delete")] if version == len(statuses) else []
        writes.append(tuple(changes))
    return tuple(writes)


def a_trial(*statuses: str, **changes: Any) -> Trial:
    """A `delete_first` that went well, or as the statuses say."""
    statuses = statuses or STATUSES
    is_completed = statuses[-1] == "COMPLETED"
    trial = Trial(
        execution_arn="arn:aws:states:us-west-2:123456789012:execution:aurora-restore:one",
        expectation="SUCCEEDED" if is_completed else "FAILED",
        request={"target_cluster_id": TARGET, "replace": "delete_first"},
        status="SUCCEEDED" if is_completed else "FAILED",
        error="",
        operation_id=OPERATION,
        before=a_world(**{OLD: described(TARGET, "cluster-old")}),
        after=a_world(**{OLD: described(TARGET, "cluster-new" if is_completed else "cluster-old")}),
        pictures=(
            a_picture(0, seen()),
            *([a_picture(3), a_picture(3, seen("cluster-new"))] if is_completed else []),
        ),
        writes=the_writes(*statuses),
        state={"status": statuses[-1], "error": None if is_completed else {"name": "X"}},
        events=tuple(an_event(version, status) for version, status in enumerate(statuses, 1)),
        messages=({"Message": "It ended."},),
        locks=(),
        claims=(Evidence("it answers", True),),
        written="nothing special",
        passwords=frozenset({"open-sesame"}),
    )
    return replace(trial, **changes)


FAILED = ("INITIATED", "FAILED")


def never(*statuses: str, **changes: Any) -> Trial:
    return a_trial(*statuses, request={"target_cluster_id": TARGET, "replace": "never"}, **changes)


def violating() -> Iterator[tuple[str, str, Trial]]:
    """The invariant, what it says, and the evidence."""
    good = a_trial()
    writes = good.writes
    yield "it_ends_as_expected", "ended as FAILED", a_trial(*FAILED, expectation="SUCCEEDED")
    yield "it_ends_as_expected", "not closed", a_trial(state={"status": "INITIATED"})
    yield "it_ends_as_expected", "why", a_trial(*FAILED, state={"status": "FAILED"})
    yield "it_ends_as_expected", "notified", a_trial(messages=())
    early = (a_picture(0, seen()), a_picture(1), a_picture(3, seen("cluster-new")))
    yield "the_target_is_served", "INITIATED", a_trial(pictures=early)
    yield "the_target_is_served", "CUTOVER", never(pictures=good.pictures)
    other = seen("cluster-other", "bystander")
    lost = (a_picture(0, seen(), other), a_picture(3, seen("cluster-new")))
    yield "only_the_named_cluster_is_deleted", "bystander", a_trial(pictures=lost)
    yield "only_the_named_cluster_is_deleted", TARGET, never(pictures=good.pictures)
    without = World({OLD: described(TARGET)}, {}, {"customers": (2, 7)})
    yield "what_is_not_ours_stays", f"{SOURCE} is gone", a_trial(after=without)
    changed = a_world(**{OLD: described(TARGET), SOURCE: described("aurora-prod", Port=1)})
    yield "what_is_not_ours_stays", "differently", a_trial(after=changed)
    scratched = replace(good.after, volumes={SNAPSHOT: "another"})
    yield "what_is_not_ours_stays", "data of", a_trial(after=scratched)
    emptied = replace(good.after, production={"customers": (0, 0)})
    yield "what_is_not_ours_stays", "production's", a_trial(after=emptied)
    silent = (*good.pictures[:-1], a_picture(4, seen("cluster-new", is_served=False)))
    yield "a_finished_restore_is_whole", "not served", a_trial(pictures=silent)
    bare = a_world(**{OLD: described(TARGET, DBClusterMembers=[])})
    yield "a_finished_restore_is_whole", "0 instances", a_trial(after=bare)
    disproved = (Evidence("staging_app connects", False, "refused"),)
    yield "a_finished_restore_is_whole", "refused", a_trial(claims=disproved)
    cluttered = a_world(**{OLD: described(TARGET), LEFT: described("aurora-prod")})
    yield "a_finished_restore_is_whole", LEFT, a_trial(after=cluttered)
    gone = (a_picture(0, seen()), a_picture(1))
    yield (
        "a_failed_restore_loses_nothing",
        "no final snapshot",
        a_trial(*FAILED, pictures=gone, after=a_world()),
    )
    yield "a_failed_restore_loses_nothing", "refused", never(*FAILED, claims=disproved)
    left = a_world(**{OLD: described(TARGET, "cluster-old"), LEFT: described("aurora-prod")})
    yield "leftovers_are_listed", "message does not", a_trial(*FAILED, after=left)
    yield "leftovers_are_listed", "event does not", a_trial(*FAILED, after=left)
    yield "the_audit_replays_the_state", "follow each other", a_trial(writes=writes[1:])
    yield (
        "the_audit_replays_the_state",
        "has no event",
        a_trial(writes=((writes[0][0], writes[0][2]), *writes[1:])),
    )
    lie = (writes[0][0], Change("Put", "audit", an_event(1, "COMPLETED")), writes[0][2])
    yield "the_audit_replays_the_state", "its event says", a_trial(writes=(lie, *writes[1:]))
    yield "the_audit_replays_the_state", "3 are there", a_trial(events=good.events[1:])
    twice = (good.events[0], *good.events)
    yield "the_audit_replays_the_state", "recorded twice", a_trial(events=twice)
    yield "the_audit_replays_the_state", "another status", a_trial(events=good.events[:-1])
    thief = ((the_lock("Put", "restore-2"),),)
    yield (
        "one_operation_holds_the_target",
        "which restore-1 held",
        a_trial(writes=(writes[0], *thief, *writes[1:])),
    )
    unlocked = (writes[0][:2], *writes[1:])
    yield "one_operation_holds_the_target", "without the lock", a_trial(writes=unlocked)
    yield "one_operation_holds_the_target", "still held", a_trial(locks=("LOCK#it",))
    yield "no_password_is_written", "ope…", a_trial(written="it is open-sesame")
    yield "no_password_is_written", "verifier", a_trial(written="SCRAM-SHA-256$4096")


@pytest.mark.parametrize("trial", [a_trial(), a_trial(*FAILED), never(*FAILED)])
def test_good_evidence_violates_nothing(trial: Trial) -> None:
    assert violations(trial) == []


@pytest.mark.parametrize(("invariant", "says", "trial"), tuple(violating()))
def test_bad_evidence_is_noticed(invariant: str, says: str, trial: Trial) -> None:
    violated = list(getattr(invariants, invariant)(trial))

    assert any(says in violation for violation in violated), violated


def test_every_invariant_has_been_seen_to_fail() -> None:
    failing = {invariant for invariant, _, _ in violating()}

    assert failing == {invariant.__name__ for invariant in invariants.INVARIANTS}
