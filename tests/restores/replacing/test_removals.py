"""How a replaced cluster goes: its final snapshot, its automated backups, its instances."""

from datetime import timedelta
from typing import Any

import pytest

from local.api.faults import AnswerError, Precede
from local.aurora.model.region import Region
from local.aurora.model.resources import RetainedBackup
from local.functions.functions import ACCOUNT
from local.rehearsal.production import at_once
from shared import names
from tests.restores.stage import TARGET_REGION, Outcome, Stage

CLUSTER = "aurora-staging"
SCALED = "application-autoscaling-0c8b1d62-5a51-4a3e-9d2b-7c1f0e6a9b34"


def rds(stage: Stage) -> Any:
    return stage.cloud.client("rds", region_name=TARGET_REGION)


def clusters(stage: Stage) -> set[str]:
    return {one["DBClusterIdentifier"] for one in rds(stage).describe_db_clusters()["DBClusters"]}


def instances(stage: Stage) -> dict[str, str]:
    """The status of every instance, by its id."""
    listed = rds(stage).describe_db_instances()["DBInstances"]
    return {one["DBInstanceIdentifier"]: one["DBInstanceStatus"] for one in listed}


def retained(stage: Stage) -> list[str]:
    listed = rds(stage).describe_db_cluster_automated_backups(
        Filters=[{"Name": "status", "Values": ["retained"]}]
    )
    return [one["DBClusterIdentifier"] for one in listed["DBClusterAutomatedBackups"]]


def final_of(outcome: Outcome) -> str:
    return str(outcome.state["replaced_cluster"]["final_snapshot_id"])


def snapshots(stage: Stage) -> dict[str, dict[str, str]]:
    """The tags of every manual snapshot, by its id."""
    stage.cloud.aurora.settle()
    listed = rds(stage).describe_db_cluster_snapshots(SnapshotType="manual")
    return {
        one["DBClusterSnapshotIdentifier"]: {tag["Key"]: tag["Value"] for tag in one["TagList"]}
        for one in listed["DBClusterSnapshots"]
    }


def add_scaled_reader(stage: Stage, cluster_id: str) -> None:
    """Let auto scaling add a reader: with a name of its own, and without a tag of ours."""
    with at_once(stage.cloud):
        rds(stage).create_db_instance(
            DBInstanceIdentifier=SCALED,
            DBClusterIdentifier=cluster_id,
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
        )


def tag_scaled_reader(stage: Stage) -> None:
    (reader,) = rds(stage).describe_db_instances(DBInstanceIdentifier=SCALED)["DBInstances"]
    rds(stage).add_tags_to_resource(
        ResourceName=reader["DBInstanceArn"],
        Tags=[{"Key": names.TAG_TARGET_CLUSTER, "Value": CLUSTER}],
    )


@pytest.mark.parametrize(
    "replace", ["swap", pytest.param("delete_first", marks=pytest.mark.thorough)]
)
def test_a_final_snapshot_may_take_hours(
    stage: Stage, replace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.make_cluster(CLUSTER)
    monkeypatch.setattr(stage.cloud.aurora.durations, "snapshot", 3 * 3600)

    outcome = stage.restore(replace=replace)

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert clusters(stage) == {CLUSTER}
    assert final_of(outcome) in snapshots(stage)
    asked = [call for call in stage.cloud.calls if call.action == "DeleteDBCluster"]
    assert len(asked) == 1


def test_a_cluster_whose_final_snapshot_fails_stays_until_a_redrive_takes_another(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    stage.cloud.aurora.fail_next("snapshot", "failed")
    failed = stage.restore(replace="swap", operation_id="unsaved")
    aside = names.replaced_id(CLUSTER, "unsaved")

    assert (failed.status, failed.error) == ("FAILED", "SnapshotUnusable")
    assert aside in clusters(stage)
    assert any(f"cluster {aside}" in line for line in failed.state["leftovers"])
    rds(stage).delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=final_of(failed))
    stage.cloud.aurora.settle()
    assert stage.redrive(failed).status == "SUCCEEDED"
    assert clusters(stage) == {CLUSTER}


def test_a_final_snapshot_expires_and_is_swept(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    first = final_of(stage.restore(replace="swap"))
    tags = snapshots(stage)[first]
    stage.leap(hours=13 * 24)
    second = final_of(stage.restore(replace="swap"))
    early = snapshots(stage)
    stage.leap(hours=2 * 24)

    stage.restore(replace="swap")

    assert tags[names.TAG_FINAL] == "aurora-restore-123456789012-us-west-2"
    assert {first, second} <= early.keys()
    assert first not in snapshots(stage)
    assert second in snapshots(stage)


def test_the_final_snapshot_of_a_kept_cluster_expires_as_well(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    kept = final_of(stage.restore(replace="swap", keep_replaced_hours=24))
    stage.leap(hours=25)

    stage.restore(replace="swap")

    assert names.TAG_FINAL in snapshots(stage)[kept]


def test_a_final_snapshot_that_rds_does_not_show_is_told(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    hide_snapshots(stage, "delete-rds")

    outcome = stage.restore(replace="swap")

    (told,) = outcome.state["leftovers"]
    assert outcome.status == "SUCCEEDED"
    assert f"final snapshot {final_of(outcome)} could not be tagged" in told
    assert f"- {told}" in outcome.messages[-1]["Message"]


def test_a_final_snapshot_that_rds_does_not_show_to_a_sweep_is_told(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    kept = final_of(stage.restore(replace="swap", keep_replaced_hours=24))
    stage.leap(hours=25)
    stage.cloud.faults.on(
        "rds:DeleteDBCluster",
        do=Precede(lambda _: hide_snapshots(stage, "archive-snapshot")),
        function="aurora-restore-archive-snapshot",
    )

    outcome = stage.restore(replace="swap")

    (told,) = outcome.state["leftovers"]
    assert outcome.status == "SUCCEEDED"
    assert f"final snapshot {kept} could not be tagged" in told


def hide_snapshots(stage: Stage, function: str) -> None:
    """Let a function see none of the snapshots that it asks for."""
    hidden = AnswerError("DBClusterSnapshotNotFoundFault", "Not here.", http_status=404)
    stage.cloud.faults.on(
        "rds:DescribeDBClusterSnapshots",
        do=hidden,
        times=999,
        function=f"aurora-restore-{function}",
    )


def test_a_final_snapshot_of_somebody_else_is_never_swept(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    ours = final_of(stage.restore(replace="swap"))
    copied = [{"Key": key, "Value": value} for key, value in snapshots(stage)[ours].items()]
    with at_once(stage.cloud):
        rds(stage).create_db_cluster_snapshot(
            DBClusterSnapshotIdentifier="by-hand", DBClusterIdentifier=CLUSTER, Tags=copied
        )
        stage.cloud.aurora.settle()
    stage.leap(hours=15 * 24)

    outcome = stage.restore(replace="swap")

    assert outcome.status == "SUCCEEDED"
    assert ours not in snapshots(stage)
    assert "by-hand" in snapshots(stage)


def test_a_plan_tells_that_snapshots_are_close_to_their_quota(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.make_cluster(CLUSTER)
    stage.restore(replace="swap", operation_id="first")
    monkeypatch.setattr(stage.cloud.aurora.quotas, "manual_snapshots", 1)

    outcome = stage.restore(
        target_cluster_id="aurora-staging-2",
        source_region=TARGET_REGION,
        source_cluster_id=names.replaced_id(CLUSTER, "first"),
        plan_only=True,
    )

    (warning,) = outcome.state["plan"]["warnings"]
    assert "1 of 1 manual cluster snapshots" in warning
    assert f"- {warning}" in outcome.messages[0]["Message"]


@pytest.mark.parametrize(("final_snapshot", "kept"), [(True, 0), (False, 1)])
def test_automated_backups_stay_only_where_there_is_no_final_snapshot(
    stage: Stage, final_snapshot: bool, kept: int
) -> None:
    stage.make_cluster(CLUSTER)
    before = len(retained(stage))

    outcome = stage.restore(replace="swap", final_snapshot=final_snapshot)

    assert outcome.status == "SUCCEEDED"
    assert len(retained(stage)) - before == kept


def test_backups_that_aws_backup_needs_stay_with_a_final_snapshot_too(stage: Stage) -> None:
    stage.make_cluster(CLUSTER)
    stage.cloud.aurora.back_up_continuously(TARGET_REGION, CLUSTER)
    before = len(retained(stage))

    outcome = stage.restore(replace="swap")

    assert (outcome.status, outcome.message) == ("SUCCEEDED", "")
    assert len(retained(stage)) == before + 1


def test_a_full_quota_of_retained_backups_is_told_before_anything_is_made(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    backups = Region(ACCOUNT, TARGET_REGION).retained_backups
    backups.clear()
    backups.extend(
        RetainedBackup(
            db_cluster_identifier=f"old-{number}",
            db_cluster_arn=f"arn:aws:rds:{TARGET_REGION}:{ACCOUNT}:cluster:old-{number}",
            db_cluster_resource_id=f"cluster-{number}",
            engine="aurora-postgresql",
            backup_retention_period=35,
            expires_at=stage.cloud.clock.now() + timedelta(days=35),
        )
        for number in range(40)
    )

    refused = stage.restore(replace="swap", final_snapshot=False)
    outcome = stage.restore(replace="swap")
    backups.clear()

    assert (refused.status, refused.error) == ("FAILED", "QuotaExceeded")
    assert "40 automated backups" in refused.message
    assert outcome.status == "SUCCEEDED"


def test_a_final_snapshot_under_a_key_that_is_disabled_is_told_before_anything_is_made(
    stage: Stage,
) -> None:
    kms = stage.cloud.client("kms", region_name=TARGET_REGION)
    key = kms.create_key()["KeyMetadata"]
    stage.make_cluster(CLUSTER, KmsKeyId=key["Arn"], StorageEncrypted=True)
    kms.disable_key(KeyId=key["KeyId"])

    outcome = stage.restore(replace="swap")

    assert (outcome.status, outcome.error) == ("FAILED", "KeyNotAccessible")
    assert "COPY_STARTED" not in outcome.event_types


def test_a_reader_of_auto_scaling_that_may_not_be_deleted_is_told_before_anything_is_made(
    stage: Stage,
) -> None:
    stage.make_cluster(CLUSTER)
    add_scaled_reader(stage, CLUSTER)
    before = stage.inventory()

    refused = stage.restore(replace="swap", plan_only=True)

    assert (refused.status, refused.error) == ("FAILED", "TargetNotAllowed")
    assert SCALED in refused.message
    assert stage.inventory() == before
    tag_scaled_reader(stage)
    assert stage.restore(replace="swap").status == "SUCCEEDED"
    assert SCALED not in instances(stage)


def failed_at_a_scaled_reader(stage: Stage) -> Outcome:
    """A swap whose replaced cluster got a reader of auto scaling when all was checked."""
    stage.make_cluster(CLUSTER, instances=2)
    aside = names.replaced_id(CLUSTER, "scaled")
    with stage.under_way(
        "CUTOVER_IN_PROGRESS", "proven", operation_id="scaled", replace="swap"
    ) as execution:
        add_scaled_reader(stage, aside)
    return stage.end_of(execution)


def test_a_replaced_cluster_that_cannot_go_stays_whole_and_a_leftover_until_it_is_gone(
    stage: Stage,
) -> None:
    failed = failed_at_a_scaled_reader(stage)
    aside = names.replaced_id(CLUSTER, "scaled")

    abandoned = stage.run({"abandon": True, "operation_id": "scaled"})

    # What an abandonment names is the operation that it abandons.
    started_at = abandoned.execution.started_at
    own = stage.item(names.operation_id(abandoned.execution.arn, started_at))
    for outcome, left in ((failed, failed.state["leftovers"]), (abandoned, own["leftovers"])):
        assert (outcome.status, outcome.error) == ("FAILED", "TargetNotAllowed")
        assert any(f"cluster {aside} in" in line for line in left)
        assert f"cluster {aside} in" in outcome.messages[0]["Message"]
    assert instances(stage)[SCALED] == "available"
    assert [name for name in instances(stage) if name.startswith(f"{CLUSTER}-old")] != []
    tag_scaled_reader(stage)
    assert stage.redrive(abandoned).status == "SUCCEEDED"
    assert clusters(stage) == {CLUSTER}


def test_what_was_renamed_aside_is_swept_by_a_later_operation_onto_the_target(
    stage: Stage,
) -> None:
    failed_at_a_scaled_reader(stage)
    tag_scaled_reader(stage)

    outcome = stage.restore(replace="swap")

    stage.cloud.aurora.settle()
    assert (outcome.status, outcome.state["leftovers"]) == ("SUCCEEDED", [])
    assert clusters(stage) == {CLUSTER}
