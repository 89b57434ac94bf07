"""What operations leave behind, and who takes it away."""

from collections.abc import Callable

import pytest

from local.api.faults import AnswerError
from local.aurora.model.region import Region
from local.functions.functions import ACCOUNT
from local.rehearsal.production import at_once
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
    stage.cloud.faults.on("rds:ModifyDBCluster", do=REFUSED, function="aurora-restore-delete-rds")
    assert stage.cloud.redrive(failed.execution.arn).status == "FAILED"
    stage.cloud.faults.clear()
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


def add_scaled_reader(stage: Stage, cluster_id: str) -> None:
    """Let auto scaling add a reader: with a name of its own, and without a tag of ours."""
    with at_once(stage.cloud):
        stage.cloud.client("rds", region_name=TARGET_REGION).create_db_instance(
            DBInstanceIdentifier="application-autoscaling-0c8b1d62-5a51-4a3e-9d2b-7c1f0e6a9b34",
            DBClusterIdentifier=cluster_id,
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
        )
        stage.cloud.aurora.settle()


def protect(stage: Stage, cluster_id: str, *, is_protected: bool = True) -> None:
    with at_once(stage.cloud):
        stage.cloud.client("rds", region_name=TARGET_REGION).modify_db_cluster(
            DBClusterIdentifier=cluster_id, DeletionProtection=is_protected, ApplyImmediately=True
        )
        stage.cloud.aurora.settle()


@pytest.mark.parametrize(
    ("hold", "words"),
    [
        pytest.param(
            add_scaled_reader,
            "may not delete its instances application-autoscaling-",
            marks=pytest.mark.thorough,
        ),
        (protect, "it has deletion protection"),
    ],
)
def test_what_cannot_be_swept_is_told_every_time(
    stage: Stage, hold: Callable[[Stage, str], None], words: str
) -> None:
    stage.make_cluster(CLUSTER)
    kept = stage.restore(replace="swap", keep_replaced_hours=24)
    aside = names.replaced_id(CLUSTER, kept.state["operation_id"])
    hold(stage, aside)
    stage.leap(hours=25)

    nights = [stage.restore(replace="swap") for _ in range(2)]

    assert is_there(stage, f":cluster:{aside}")
    for night in nights:
        (archived,) = [one for one in night.events if one["event_type"] == "SNAPSHOTS_ARCHIVED"]
        (told,) = archived["details"]["not_swept"]
        assert night.status == "SUCCEEDED"
        assert told.startswith(f"cluster {aside}, a leftover whose time has passed")
        assert words in told
        assert f"- {told}" in night.messages[0]["Message"]
        assert night.reports[0]["left_behind"] == night.state["leftovers"] == [told]


def test_a_plan_tells_what_no_sweep_can_remove(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    kept = stage.restore(replace="swap", keep_replaced_hours=24)
    aside = names.replaced_id(CLUSTER, kept.state["operation_id"])
    protect(stage, aside)
    stage.leap(hours=25)

    outcome = stage.restore(replace="swap", plan_only=True)

    (told,) = outcome.state["plan"]["warnings"]
    assert f"cluster {aside}" in told
    assert f"- {told}" in outcome.messages[-1]["Message"]
    assert not any(aside in line for line in outcome.state["plan"]["deletes"])


def test_the_last_of_two_clusters_is_never_swept(stage: Stage) -> None:
    older = stage.cloud.faults.on(
        "rds:CreateDBInstance", do=REFUSED, function="aurora-restore-restore-snapshot"
    )
    failed = stage.restore(operation_id="older")
    assert older.fired
    stage.cloud.faults.clear()
    stage.remove_cluster(CLUSTER)
    stage.make_cluster(CLUSTER)
    stage.restore(
        replace="swap", keep_replaced_hours=24, operation_id="keeping", final_snapshot=False
    )
    stage.leap(hours=25)
    stage.remove_cluster(CLUSTER)  # its users want the old one back

    outcome = stage.run({"abandon": True, "operation_id": failed.state["operation_id"]})

    aside = names.replaced_id(CLUSTER, "keeping")
    assert outcome.status == "SUCCEEDED"
    assert is_there(stage, f":cluster:{aside}")
    assert f"no working cluster is called {CLUSTER}" in outcome.messages[-1]["Message"]


@pytest.mark.thorough
def test_a_kept_cluster_that_has_become_part_of_a_global_one_keeps_its_instances(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    stage.restore(replace="swap", keep_replaced_hours=24, operation_id="keeping")
    aside = names.replaced_id(CLUSTER, "keeping")
    kept = Region(ACCOUNT, TARGET_REGION).clusters[aside]
    kept.global_cluster_identifier = "world"
    stage.leap(hours=25)

    outcome = stage.restore(replace="swap")

    kept.global_cluster_identifier = None
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    instances = rds.describe_db_instances()["DBInstances"]
    of_kept = [one for one in instances if one["DBClusterIdentifier"] == aside]
    assert [one["DBInstanceStatus"] for one in of_kept] == ["available"]
    assert any("global cluster" in line for line in outcome.state["leftovers"])


@pytest.mark.thorough
def test_a_kept_cluster_of_another_engine_is_never_swept(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    stage.restore(replace="swap", keep_replaced_hours=24, operation_id="keeping")
    aside = names.replaced_id(CLUSTER, "keeping")
    Region(ACCOUNT, TARGET_REGION).clusters[aside].engine = "neptune"
    stage.leap(hours=25)

    outcome = stage.restore(replace="swap")

    assert is_there(stage, f":cluster:{aside}")
    assert any("it is of engine neptune" in line for line in outcome.state["leftovers"])
    Region(ACCOUNT, TARGET_REGION).clusters[aside].engine = "aurora-postgresql"


def test_a_replaced_cluster_that_was_protected_meanwhile_is_swept_when_it_may_go(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    aside = names.replaced_id(CLUSTER, "protected")
    with stage.under_way(
        "CUTOVER_IN_PROGRESS", "proven", operation_id="protected", replace="swap"
    ) as execution:
        protect(stage, aside)
    failed = stage.end_of(execution)

    first = stage.restore(replace="swap")
    protect(stage, aside, is_protected=False)
    second = stage.restore(replace="swap")

    assert (failed.status, failed.error) == ("FAILED", "TargetProtected")
    assert any(aside in line for line in first.state["leftovers"])
    assert second.state["leftovers"] == []
    assert not is_there(stage, f":cluster:{aside}")
