"""`plan_only`: everything is looked at, nothing is changed, and the plan is told."""

from local.functions.functions import ACCOUNT
from tests.restores.failing.test_refusals import assert_refused
from tests.restores.stage import TARGET_REGION, Stage, request

CHANGES = ("Copy", "Restore", "Create", "Delete", "Modify", "Add", "Start")


def test_a_plan_names_what_would_be_made_and_changes_nothing(stage: Stage) -> None:
    stage.make_cluster("aurora-staging")
    before = stage.inventory()
    stage.cloud.calls.clear()

    outcome = stage.restore(plan_only=True, replace="swap", instance_count=2)

    assert outcome.status == "SUCCEEDED"
    steps = ("SnapshotCheck", "CopyNeeded?", "SnsNotification", "Restored")
    assert outcome.execution.states == steps
    assert stage.inventory() == before
    changed = [call.action for call in stage.cloud.calls.of("rds:*")]
    assert [action for action in changed if action.startswith(CHANGES)] == []
    plan = outcome.state["plan"]
    (hop,) = outcome.state["route"]
    copy = hop["snapshot_id"][: -len("xxxxxx")] + "xxxxxx"
    assert plan["creates"][0].startswith(f"temporary snapshot {copy} in us-west-2")
    assert plan["creates"][1].startswith("cluster aurora-staging-candidate-xxxxxx")
    assert plan["creates"][1].endswith(f", encrypted under key {hop['kms_key_id']}")
    assert [line.split(",")[0] for line in plan["creates"][2:4]] == [
        "instance aurora-staging-xxxxxx-1",
        "instance aurora-staging-xxxxxx-2",
    ]
    assert plan["creates"][4].startswith("final snapshot aurora-staging-final-")
    assert "aurora-staging, once its successor serves" in plan["deletes"][0]
    assert copy in plan["deletes"][1]
    assert stage.locks() == []


def test_a_plan_is_told_in_the_message_and_the_audit_trail(stage: Stage) -> None:
    outcome = stage.restore(plan_only=True)

    (told,) = outcome.messages
    assert told["Subject"] == "Aurora restore: planned to restore aurora-staging"
    assert "Nothing was changed." in told["Message"]
    assert outcome.state["snapshot_details"]["snapshot_arn"] in told["Message"]
    for line in outcome.state["plan"]["creates"]:
        assert f"- {line}" in told["Message"]
    assert outcome.event_types == [
        "OPERATION_STARTED",
        "SNAPSHOT_VALIDATED",
        "RESTORE_PLANNED",
        "OPERATION_COMPLETED",
        "NOTIFICATION_SENT",
    ]


def test_how_long_it_would_last_is_known_from_earlier_restores_of_the_source(stage: Stage) -> None:
    unknown = stage.restore(plan_only=True, target_cluster_id="aurora-staging-2")
    lasted = [
        stage.restore(target_cluster_id=f"aurora-staging-{number}").state["metrics"]["metrics"]
        for number in (3, 4)
    ]

    planned = stage.restore(plan_only=True, target_cluster_id="aurora-staging-2")

    assert unknown.state["plan"]["estimated_seconds"] is None
    assert "Estimated duration: unknown" in unknown.messages[0]["Message"]
    assert planned.state["plan"]["estimated_from"] == 2
    total = sum(float(one["total_duration_seconds"]) for one in lasted)
    assert float(planned.state["plan"]["estimated_seconds"]) == total / 2
    assert (
        "restores of this source with the same number of copies (the last 2)"
        in (planned.messages[-1]["Message"])
    )


def test_a_plan_has_a_price_only_where_the_deployment_gives_one(stage: Stage) -> None:
    priced = stage.restore(plan_only=True, instance_count=3)
    unpriced = stage.restore(plan_only=True, db_instance_class="db.r7g.large")

    assert priced.state["plan"]["monthly_price"].startswith("EUR 657.00 a month")
    assert "EUR 657.00 a month" in priced.messages[0]["Message"]
    assert unpriced.state["plan"]["monthly_price"] is None


def test_a_plan_that_cannot_work_fails_like_the_restore_and_is_told_as_a_plan(
    stage: Stage,
) -> None:
    outcome = stage.restore(plan_only=True, db_subnet_group_name="nowhere")

    assert_refused(stage, outcome, "ConfigurationError", "nowhere")
    assert outcome.messages[0]["Subject"] == (
        "Aurora restore: FAILED to plan restoring aurora-staging"
    )


def test_a_plan_neither_waits_for_a_restore_nor_stops_one(stage: Stage) -> None:
    with stage.under_way("COPY_IN_PROGRESS", operation_id="first") as first:
        machine = stage.scene.deployment.state_machine_arn
        plan = stage.cloud.start(machine, request(plan_only=True))

    assert stage.end_of(plan).status == "SUCCEEDED"
    assert stage.end_of(first).status == "SUCCEEDED"
    assert stage.locks() == []


def test_a_plan_counts_as_no_restore(stage: Stage) -> None:
    stage.restore(plan_only=True, target_cluster_id="aurora-staging-9")
    stage.restore(
        plan_only=True, target_cluster_id="aurora-staging-9", db_subnet_group_name="nowhere"
    )

    metrics = stage.cloud.client("cloudwatch").list_metrics(Namespace="AuroraRestore")["Metrics"]
    dimensions = [one for metric in metrics for one in metric["Dimensions"]]
    assert {"Name": "target_cluster", "Value": "aurora-staging-9"} not in dimensions


def test_a_plan_is_followed_by_the_restore_that_it_told(stage: Stage) -> None:
    plan = stage.restore(plan_only=True, operation_id="plan-1").state

    restored = stage.run(request()).state

    assert restored["snapshot_details"]["snapshot_arn"] == plan["snapshot_details"]["snapshot_arn"]
    assert len(restored["route"]) == len(plan["route"])
    assert restored["plan"] is None


def test_a_plan_tells_what_the_successor_will_not_have(stage: Stage) -> None:
    stage.make_cluster("aurora-staging")
    stage.cloud.client("iam").create_role(RoleName="loader", AssumeRolePolicyDocument="{}")
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    rds.add_role_to_db_cluster(
        DBClusterIdentifier="aurora-staging",
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/loader",
        FeatureName="s3Import",
    )

    outcome = stage.restore(plan_only=True, replace="swap", auto_minor_version_upgrade=False)

    told = outcome.state["plan"]["differences"]
    for words in ("role/loader (s3Import); its successor will not be", "security group sg-"):
        assert any(words in line for line in told), told
    assert any("they will not be (auto_minor_version_upgrade)" in line for line in told)
    assert outcome.reports[0]["plan"]["differences"] == told
    for line in told:
        assert f"- {line}" in outcome.messages[0]["Message"]
