"""Which step runs next."""

from functools import cache

import pytest

from shared.operation.next_step import next_step
from shared.operation.operation import Operation
from shared.operation.parts import Cutover, Hop, Move, Notification
from shared.operation.status import Status
from shared.steps import Step
from tests.builders import NOON, a_replaced_cluster, a_request, an_operation

HOP = Hop(
    source_arn="arn:aws:rds:us-east-1:123456789012:cluster-snapshot:nightly",
    source_region="us-east-1",
    region="us-west-2",
    snapshot_id="nightly-copy",
    kms_key_id=None,
)


DELETE_FIRST = {
    "request": {"replace": "delete_first"},
    "replaced_cluster": a_replaced_cluster(),
}
SWAP = {"request": {"replace": "swap"}, "replaced_cluster": a_replaced_cluster()}
ABANDON = {
    "parameters": a_request().model_dump(mode="json", exclude_none=True)
    | {"abandon": True, "operation_id": "restore-20261122-120000-abcdef"}
}


@cache
def every_operation() -> list[Operation]:
    """An operation in every combination that decides about the next step."""
    begun = [
        an_operation(request={"replace": replace}) for replace in ("never", "delete_first", "swap")
    ]
    return [
        operation.model_copy(
            update={
                "status": status,
                "route": (HOP,) * hops,
                "hops_done": done,
                "hop_under_way": under_way,
                "move_under_way": move,
                "replaced_cluster": replaced,
                "notification": sent,
                "cutover": cutover,
            }
        )
        for operation in begun
        for status in Status
        for hops in (0, 1, 2)
        for done in range(hops + 1)
        for under_way in {False, done < hops}
        for move in (None, *Move)
        for replaced in (None, a_replaced_cluster())
        for sent in (None, Notification(message_id="1", sent_at=NOON))
        for cutover in (None, *Cutover)
    ]


def test_every_open_operation_has_a_next_step() -> None:
    for operation in every_operation():
        if not operation.is_closed:
            assert next_step(operation) is not None


def test_a_closed_operation_only_has_its_message_left() -> None:
    told = Notification(message_id="1", sent_at=NOON)

    for status in (Status.COMPLETED, Status.FAILED):
        assert next_step(an_operation(status=status)) is Step.SNS_NOTIFICATION
        assert next_step(an_operation(status=status, notification=told)) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": Status.SNAPSHOT_FOUND, "route": (HOP,)}, Step.COPY_SNAPSHOT),
        ({"status": Status.SNAPSHOT_FOUND}, Step.RESTORE_SNAPSHOT),
        (
            {"status": Status.SNAPSHOT_FOUND, "route": (HOP,), "request": {"plan_only": True}},
            Step.SNS_NOTIFICATION,
        ),
        ({"status": Status.SNAPSHOT_FOUND, **DELETE_FIRST}, Step.DELETE_RDS),
        ({"status": Status.COPY_COMPLETED, **DELETE_FIRST}, Step.DELETE_RDS),
        ({"status": Status.COPY_COMPLETED, **SWAP}, Step.RESTORE_SNAPSHOT),
        ({"status": Status.USERS_CONFIGURED, **SWAP}, Step.DELETE_RDS),
        ({"status": Status.CUTOVER_IN_PROGRESS}, Step.DELETE_RDS),
        (
            {"status": Status.CUTOVER_IN_PROGRESS, "cutover": Cutover.PROOF_DUE, **SWAP},
            Step.SETUP_DB_USERS,
        ),
        ({"status": Status.CUTOVER_COMPLETED, **DELETE_FIRST}, Step.RESTORE_SNAPSHOT),
        ({"status": Status.CUTOVER_COMPLETED, **SWAP}, Step.ARCHIVE_SNAPSHOT),
        ({"status": Status.SNAPSHOT_FOUND, **ABANDON}, Step.DELETE_RDS),
        ({"status": Status.CUTOVER_COMPLETED, **ABANDON}, Step.ARCHIVE_SNAPSHOT),
        (
            {"status": Status.RESTORE_IN_PROGRESS, "move_under_way": Move.INSTANCES},
            Step.CHECK_RESTORE_STATUS,
        ),
        ({"status": Status.RESTORE_IN_PROGRESS}, Step.RESTORE_SNAPSHOT),
        ({"status": Status.RESTORE_COMPLETED}, Step.SETUP_DB_USERS),
    ],
)
def test_the_next_step_follows_from_the_state(changes: dict[str, object], expected: Step) -> None:
    assert next_step(an_operation(**changes)) is expected


def test_nothing_is_deleted_before_the_copy_is_there() -> None:
    for operation in every_operation():
        if operation.is_copy_needed and operation.status in (
            Status.SNAPSHOT_FOUND,
            Status.COPY_IN_PROGRESS,
        ):
            assert next_step(operation) in (Step.COPY_SNAPSHOT, Step.CHECK_COPY_STATUS)
