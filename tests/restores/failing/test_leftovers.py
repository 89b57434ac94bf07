"""What operations leave behind, and who takes it away."""

from local.api.faults import AnswerError
from shared import names
from tests.restores.stage import TARGET_REGION, Outcome, Stage

CLUSTER = "aurora-staging"
REFUSED = AnswerError("InvalidParameterValue", "No.")


def failed_swap(stage: Stage) -> Outcome:
    """A refresh that failed at the cut-over, and left a candidate and a copy."""
    stage.make_cluster(CLUSTER)
    stage.cloud.faults.on("rds:ModifyDBCluster", do=REFUSED, function="aurora-restore-delete-rds")
    outcome = stage.restore(replace="swap")
    assert outcome.status == "FAILED"
    stage.cloud.faults.clear()
    return outcome


def is_there(stage: Stage, name: str) -> bool:
    """Whether it is there, and not on its way out."""
    stage.cloud.aurora.settle()
    return any(name in one for one in stage.inventory())


def made_by(outcome: Outcome) -> tuple[str, str]:
    """The ids of an operation's candidate and of its copy."""
    operation_id = outcome.state["operation_id"]
    copy = outcome.state["snapshot_details"]["target_snapshot_id"]
    return names.candidate_id(CLUSTER, operation_id), copy


def test_a_failure_lists_what_it_left_and_what_that_costs(stage: Stage) -> None:
    outcome = failed_swap(stage)

    candidate, copy = made_by(outcome)
    told = outcome.messages[0]["Message"]
    assert f"temporary snapshot {copy} in {TARGET_REGION} (billed as snapshot storage" in told
    assert f"cluster {candidate} in {TARGET_REGION} (its storage is billed" in told
    assert "(db.r6g.large, billed for every hour it exists)" in told
    assert set(outcome.state["leftovers"]) == {
        line.removeprefix("- ") for line in told.splitlines() if line.startswith("- ")
    }


def test_what_can_still_be_redriven_is_left_alone(stage: Stage) -> None:
    candidate, copy = made_by(failed_swap(stage))
    stage.leap(hours=13 * 24)

    outcome = stage.restore(replace="swap")

    assert outcome.status == "SUCCEEDED"
    assert is_there(stage, candidate)
    assert is_there(stage, copy)


def test_what_cannot_be_redriven_any_more_goes_with_the_next_operation(stage: Stage) -> None:
    candidate, copy = made_by(failed_swap(stage))
    foreign = "aurora-staging-by-hand"
    stage.make_cluster(foreign)
    stage.leap(hours=15 * 24)

    outcome = stage.restore(replace="swap")

    assert outcome.status == "SUCCEEDED"
    (archived,) = [one for one in outcome.events if one["event_type"] == "SNAPSHOTS_ARCHIVED"]
    assert set(archived["details"]["swept"]) == {candidate, copy}
    assert not is_there(stage, candidate)
    assert not is_there(stage, copy)
    assert is_there(stage, foreign)


def test_a_copy_of_an_old_snapshot_is_left_as_long_as_any_other(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    stage.leap(hours=20 * 24)
    stage.cloud.faults.on("rds:RestoreDBClusterFromSnapshot", do=REFUSED)
    failed = stage.restore(replace="swap")
    assert failed.status == "FAILED"
    stage.cloud.faults.clear()
    _, copy = made_by(failed)

    outcome = stage.restore(replace="swap")

    assert outcome.status == "SUCCEEDED"
    assert is_there(stage, copy)


def test_what_was_redriven_is_left_alone_for_as_long_again(stage: Stage) -> None:
    failed = failed_swap(stage)
    candidate, copy = made_by(failed)
    stage.leap(hours=10 * 24)
    # A redrive forgets the faults.
    with stage.secret("aurora-restore/admin", "broken"):
        assert stage.redrive(failed).status == "FAILED"
    stage.leap(hours=10 * 24)

    outcome = stage.restore(replace="swap")

    assert outcome.status == "SUCCEEDED"
    assert is_there(stage, candidate)
    assert is_there(stage, copy)


def test_another_target_takes_nothing_away(stage: Stage) -> None:
    candidate, copy = made_by(failed_swap(stage))
    stage.leap(hours=15 * 24)

    outcome = stage.restore(target_cluster_id="aurora-staging-2")

    assert outcome.status == "SUCCEEDED"
    assert is_there(stage, candidate)
    assert is_there(stage, copy)


def test_a_kept_cluster_goes_when_its_time_is_over(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    kept = stage.restore(replace="swap", keep_replaced_hours=24)
    aside = names.replaced_id(CLUSTER, kept.state["operation_id"])
    early = stage.restore(replace="swap")
    assert is_there(stage, aside)
    stage.leap(hours=25)

    late = stage.restore(replace="swap")

    assert early.status == late.status == "SUCCEEDED"
    assert not is_there(stage, f":cluster:{aside}")
    assert is_there(stage, kept.state["replaced_cluster"]["final_snapshot_id"])
