"""Restores from another account, and what stands in their way."""

import json
from itertools import product
from typing import Literal

import pytest

from local.api.faults import AnswerError, KillWorker
from local.rehearsal.evidence import evidence
from local.rehearsal.scene import SOURCE_ACCOUNT, SOURCE_ROLE
from tests.restores.conftest import Setting, on_a_stage
from tests.restores.failing.test_refusals import assert_refused
from tests.restores.origins import Encryption, Kind, Origin, make_key, make_snapshot
from tests.restores.stage import TARGET_REGION, Outcome, Stage

STRANGER = "555555555555"
SHARING_ONLY = "320987654321"
COPY = "rds:CopyDBClusterSnapshot"
SHARE = "rds:ModifyDBClusterSnapshotAttribute"


pytestmark = on_a_stage(Setting.OTHER_ACCOUNT)


def restore(stage: Stage, **changes: object) -> Outcome:
    return stage.restore(source_account_id=SOURCE_ACCOUNT, **changes)


def temporary(stage: Stage) -> list[str]:
    return [name for name in stage.inventory() if "-copy-" in name]


def test_the_latest_snapshot_of_another_account_crosses_account_and_region(stage: Stage) -> None:
    outcome = restore(stage)

    assert outcome.status == "SUCCEEDED"
    proof = list(evidence(stage.scene, "aurora-staging", TARGET_REGION))
    assert [one for one in proof if not one.holds] == []
    there, here = outcome.state["route"]
    assert (there["account_id"], there["share_with"]) == (SOURCE_ACCOUNT, "123456789012")
    assert here["account_id"] is None
    copied = [one["details"] for one in outcome.events if one["event_type"] == "COPY_STARTED"]
    assert [one["target_account_id"] for one in copied] == [SOURCE_ACCOUNT, None]
    assert temporary(stage) == []


def test_the_copy_in_the_other_account_is_taken_back_before_it_is_deleted(stage: Stage) -> None:
    restore(stage)

    changes = stage.cloud.calls.of(SHARE)
    assert ["ValuesToAdd" in str(one.parameters) for one in changes] == [True, False]
    assert ["ValuesToRemove" in str(one.parameters) for one in changes] == [False, True]
    assert [one.function for one in changes] == [
        "aurora-restore-check-copy-status",
        "aurora-restore-archive-snapshot",
    ]


def test_what_is_retained_is_this_accounts_own_copy(stage: Stage) -> None:
    outcome = restore(stage, archive="retain", retain_days=30)

    assert outcome.status == "SUCCEEDED"
    (kept,) = temporary(stage)
    assert ":123456789012:" in kept


def test_an_account_that_does_not_let_the_pipeline_in_is_told_what_trust_is_missing(
    stage: Stage,
) -> None:
    iam = stage.cloud.client("iam", account_id=SOURCE_ACCOUNT)
    role = iam.get_role(RoleName=SOURCE_ROLE)["Role"]
    trust = role["AssumeRolePolicyDocument"]
    other = json.loads(json.dumps(trust).replace("local-restores", "other-restores"))
    iam.update_assume_role_policy(RoleName=SOURCE_ROLE, PolicyDocument=json.dumps(other))
    begin_sessions_anew(stage)
    try:
        outcome = restore(stage)
    finally:
        iam.update_assume_role_policy(RoleName=SOURCE_ROLE, PolicyDocument=json.dumps(trust))

    assert_refused(stage, outcome, "AccessDenied", "trust policy", "external id", SOURCE_ROLE)


def test_an_account_that_the_deployment_does_not_know_is_refused(stage: Stage) -> None:
    outcome = stage.restore(source_account_id=STRANGER)

    assert_refused(stage, outcome, "ConfigurationError", STRANGER, "source_accounts")


def test_an_account_without_a_role_that_shares_nothing_is_told_so(stage: Stage) -> None:
    outcome = stage.restore(source_account_id=SHARING_ONLY)

    assert_refused(
        stage, outcome, "SnapshotNotFound", f"of account {SHARING_ONLY}", "Only shared snapshots"
    )


def test_a_shared_snapshot_whose_key_is_not_shared_is_refused(stage: Stage) -> None:
    key = make_key(stage, TARGET_REGION, is_shared=False)
    shared = Origin(TARGET_REGION, Encryption.CUSTOMER, Kind.SHARED)
    arn = make_snapshot(stage, shared, key=key)

    outcome = stage.run({"source_snapshot_id": arn, "target_cluster_id": "aurora-staging"})

    assert_refused(stage, outcome, "KeyNotAccessible", key, "key's policy")


def test_a_failed_restore_lists_what_lies_in_the_other_account_and_redrive_uses_it(
    stage: Stage,
) -> None:
    stage.cloud.faults.on(COPY, nth=2, do=AnswerError("KMSKeyNotAccessibleFault"))

    failed = restore(stage)

    assert (failed.status, failed.error) == ("FAILED", "KeyNotAccessible")
    (copy,) = temporary(stage)
    assert f":{SOURCE_ACCOUNT}:" in copy
    assert any(
        f"in {TARGET_REGION} of account {SOURCE_ACCOUNT}" in left
        for left in failed.state["leftovers"]
    )

    redriven = stage.redrive(failed)

    assert redriven.status == "SUCCEEDED"
    assert len(stage.cloud.calls.of(COPY)) == 3
    assert temporary(stage) == []


def test_a_restore_that_is_given_up_leaves_nothing_in_the_other_account(stage: Stage) -> None:
    stage.cloud.faults.on(COPY, nth=2, do=AnswerError("KMSKeyNotAccessibleFault"))
    failed = restore(stage)
    stage.cloud.faults.clear()

    given_up = stage.run({"abandon": True, "operation_id": failed.state["operation_id"]})

    assert given_up.status == "SUCCEEDED"
    assert temporary(stage) == []


# Where a function may die: as it copies, shares, copies here, takes the share back, deletes.
DEATHS = list(
    product(
        [(COPY, 1), (SHARE, 1), (COPY, 2), (SHARE, 2), ("rds:DeleteDBClusterSnapshot", 1)],
        ("after", "before"),
    )
)


@pytest.mark.parametrize(
    ("at", "when"),
    [
        # Every other one: before and after take turns from call to call.
        pytest.param(*death, marks=pytest.mark.thorough if number % 4 in (1, 2) else ())
        for number, death in enumerate(DEATHS)
    ],
    ids=lambda value: value if isinstance(value, str) else "{}-{}".format(*value),
)
def test_a_function_that_dies_on_the_way_between_accounts_loses_nothing(
    stage: Stage, at: tuple[str, int], when: Literal["before", "after"]
) -> None:
    call, nth = at
    killed = stage.cloud.faults.on(call, nth=nth, do=KillWorker(when))

    outcome = restore(stage)

    assert killed.fired
    assert_nothing_was_lost(stage, outcome)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_function_that_dies_as_it_takes_the_role_loses_nothing(
    stage: Stage, when: Literal["before", "after"]
) -> None:
    begin_sessions_anew(stage)
    killed = stage.cloud.faults.on("sts:AssumeRole", do=KillWorker(when))

    outcome = restore(stage)

    assert killed.fired
    assert_nothing_was_lost(stage, outcome)


def begin_sessions_anew(stage: Stage) -> None:
    """Let functions take the role again: a worker that has a session keeps it for an hour."""
    stage.cloud.functions.stop()
    stage.cloud.functions.reset()


def assert_nothing_was_lost(stage: Stage, outcome: Outcome) -> None:
    """Finished, with each of the two copies begun once, and none of them left."""
    assert outcome.status == "SUCCEEDED"
    started = [event for event in outcome.event_types if event == "COPY_STARTED"]
    assert len(started) == 2
    assert temporary(stage) == []
    assert stage.locks() == []
