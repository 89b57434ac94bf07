"""Requests that are refused: at once, in words, and with nothing touched."""

from dataclasses import replace
from typing import Any

import pytest

from local.api.faults import AnswerError
from local.aurora.model.region import Region
from local.functions.functions import ACCOUNT
from local.rehearsal.production import REGION, at_once
from tests.restores.stage import TARGET_REGION, Outcome, Stage, request

LONG_AGO = "2020-02-29"


def assert_refused(stage: Stage, outcome: Outcome, error: str, *words: str) -> None:
    """Failed by name and with words, closed, told, unlocked."""
    assert (outcome.status, outcome.error) == ("FAILED", error)
    for word in words:
        assert word in outcome.message
    assert outcome.state["status"] == "FAILED"
    assert outcome.state["error"]["name"] == error
    assert outcome.state["error"]["message"] == outcome.message
    assert outcome.event_types[0] == "OPERATION_STARTED"
    assert outcome.event_types[-2:] == ["OPERATION_FAILED", "NOTIFICATION_SENT"]
    (told,) = outcome.messages
    assert "FAILED" in told["Subject"]
    assert outcome.message in told["Message"]
    assert "There are no leftovers." in told["Message"]
    assert stage.locks() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"snapshot": "latest"}, ["snapshot: unknown field"]),
        (
            {"source_snapshot_id": "nightly", "source_snapshot_date": LONG_AGO},
            ["source_snapshot_date: must not be given together with source_snapshot_id"],
        ),
        ({"source_snapshot_date": "2026-02-30"}, ["source_snapshot_date:", "YYYY-MM-DD"]),
        ({"target_cluster_id": "aurora--staging"}, ["target_cluster_id:", "1 to 63"]),
        (
            {"target_cluster_id": "aurora-prod", "source_region": TARGET_REGION},
            ["target_cluster_id: must not be the source cluster itself"],
        ),
        (
            {"colour": "red", "target_cluster_id": "-", "instance_count": 99},
            ["3 fields", "colour:", "target_cluster_id:", "instance_count:"],
        ),
    ],
    ids=["unknown field", "date and id", "no date", "illegal id", "target is source", "many"],
)
def test_a_wrong_request_is_told_what_is_wrong(
    stage: Stage, changes: dict[str, Any], words: list[str]
) -> None:
    before = stage.inventory()

    outcome = stage.restore(**changes)

    assert_refused(stage, outcome, "InvalidRequest", *words)
    assert stage.inventory() == before


@pytest.mark.parametrize("raw", [{}, [], "restore it", 42])
def test_what_is_no_request_at_all_is_refused_and_closed_too(stage: Stage, raw: object) -> None:
    outcome = stage.run(raw)

    assert_refused(stage, outcome, "InvalidRequest")


def test_no_snapshot_on_the_date_names_the_nearest(stage: Stage) -> None:
    outcome = stage.restore(source_snapshot_date=LONG_AGO)

    nearest = stage.scene.production.snapshot_arn.split(":cluster-snapshot:")[1]
    assert_refused(stage, outcome, "SnapshotNotFound", LONG_AGO, nearest)


def test_a_snapshot_that_is_not_available_yet_is_refused(stage: Stage) -> None:
    rds = stage.cloud.client("rds", region_name=REGION)
    rds.create_db_cluster_snapshot(
        DBClusterIdentifier="aurora-prod", DBClusterSnapshotIdentifier="just-begun"
    )

    outcome = stage.restore(source_snapshot_date=None, source_snapshot_id="just-begun")

    assert_refused(stage, outcome, "SnapshotUnusable", "just-begun is creating")
    stage.cloud.aurora.settle()


def test_a_snapshot_of_another_engine_is_refused(stage: Stage) -> None:
    stage.make_cluster("orders", region=REGION, instances=0, Engine="aurora-mysql")
    rds = stage.cloud.client("rds", region_name=REGION)
    with at_once(stage.cloud):
        rds.create_db_cluster_snapshot(
            DBClusterIdentifier="orders", DBClusterSnapshotIdentifier="orders-nightly"
        )

    outcome = stage.restore(source_cluster_id="orders")

    assert_refused(stage, outcome, "SnapshotUnusable", "aurora-mysql")


def test_an_existing_target_is_not_replaced_unasked(stage: Stage) -> None:
    stage.make_cluster("aurora-staging")
    before = stage.inventory()

    outcome = stage.restore(replace="never")

    assert_refused(stage, outcome, "TargetExists", "aurora-staging", "replace")
    assert stage.inventory() == before


def test_a_target_that_the_deployment_does_not_allow_is_not_replaced(stage: Stage) -> None:
    stage.make_cluster("customers")
    before = stage.inventory()

    outcome = stage.restore(target_cluster_id="customers", replace="delete_first")

    assert_refused(stage, outcome, "TargetNotAllowed", "customers", "aurora-staging*")
    assert stage.inventory() == before


@pytest.mark.parametrize("engine", ["neptune", "docdb", "aurora-mysql", "postgres"])
@pytest.mark.parametrize("replace", ["swap", "delete_first"])
def test_a_target_of_another_engine_is_not_replaced(
    stage: Stage, engine: str, replace: str
) -> None:
    stage.make_cluster("aurora-staging", Engine=engine)
    before = stage.inventory()

    outcome = stage.restore(replace=replace)

    assert_refused(stage, outcome, "TargetNotAllowed", "aurora-staging", f"engine {engine}")
    assert stage.inventory() == before


def test_a_target_that_turns_out_to_be_of_another_engine_is_not_deleted(stage: Stage) -> None:
    """An operation that an earlier version of the pipeline began had no such check."""
    stage.make_cluster("aurora-staging")
    with stage.under_way("COPY_IN_PROGRESS", operation_id="begun", replace="delete_first") as arn:
        Region(ACCOUNT, TARGET_REGION).cluster("aurora-staging").engine = "neptune"
        before = stage.inventory()

    outcome = stage.end_of(arn)

    assert (outcome.status, outcome.error) == ("FAILED", "TargetNotAllowed")
    assert {name for name in stage.inventory() if ":aurora-staging" in name} == {
        name for name in before if ":aurora-staging" in name
    }


@pytest.mark.parametrize("replace", ["swap", "delete_first"])
@pytest.mark.parametrize("tie", ["blue/green deployment", "zero-ETL integration", "Limitless"])
def test_a_target_that_rds_would_not_rename_or_delete_is_told_at_once(
    stage: Stage, tie: str, replace: str
) -> None:
    is_limitless = tie == "Limitless"
    kind = {"ClusterScalabilityType": "limitless"} if is_limitless else {}
    stage.make_cluster("aurora-staging", instances=0 if is_limitless else 1, **kind)
    rds = stage.cloud.client("rds", region_name=TARGET_REGION)
    arn = f"arn:aws:rds:{TARGET_REGION}:{ACCOUNT}:cluster:aurora-staging"
    if tie == "blue/green deployment":
        rds.create_blue_green_deployment(BlueGreenDeploymentName="upgrade", Source=arn)
    elif tie == "zero-ETL integration":
        warehouse = f"arn:aws:redshift:{TARGET_REGION}:{ACCOUNT}:namespace:warehouse"
        rds.create_integration(SourceArn=arn, TargetArn=warehouse, IntegrationName="sales")
    before = stage.inventory()

    try:
        outcome = stage.restore(replace=replace)

        assert_refused(stage, outcome, "TargetProtected", "aurora-staging", tie)
        assert stage.inventory() == before
    finally:
        for cluster in Region(ACCOUNT, TARGET_REGION).clusters.values():
            cluster.ties.clear()


def test_a_protected_target_is_not_replaced(stage: Stage) -> None:
    stage.make_cluster("aurora-staging", DeletionProtection=True)
    before = stage.inventory()

    outcome = stage.restore(replace="delete_first")

    assert_refused(stage, outcome, "TargetProtected", "deletion protection")
    assert stage.inventory() == before


def test_a_target_that_another_operation_holds_is_not_touched(stage: Stage) -> None:
    with stage.under_way("COPY_IN_PROGRESS", operation_id="first") as first:
        machine = stage.scene.deployment.state_machine_arn
        second = stage.cloud.start(machine, request(operation_id="second"))

    refused = stage.end_of(second)

    assert (refused.status, refused.error) == ("FAILED", "TargetLocked")
    assert "Operation first" in refused.message
    assert refused.state["status"] == "FAILED"
    assert stage.end_of(first).state["status"] == "COMPLETED"
    assert stage.locks() == []


def test_an_operation_id_is_used_once(stage: Stage) -> None:
    stage.restore(operation_id="nightly-1")

    again = stage.restore(operation_id="nightly-1", target_cluster_id="aurora-rehearsal")

    assert (again.status, again.error) == ("FAILED", "InvalidRequest")
    assert "nightly-1 was used by execution" in again.message
    assert stage.item("nightly-1")["status"] == "COMPLETED"


@pytest.mark.parametrize(
    "content",
    ["not json", {"username": "postgres"}, {"username": "admin", "password": "fits-well-enough"}],
    ids=["no json", "wrong shape", "another master user"],
)
def test_an_admin_secret_that_does_not_fit_is_refused(stage: Stage, content: object) -> None:
    before = stage.inventory()

    with stage.secret("aurora-restore/admin", content):
        outcome = stage.restore()

    assert_refused(stage, outcome, "ConfigurationError", "aurora-restore/admin")
    assert stage.inventory() == before


def test_user_templates_of_the_wrong_shape_are_refused(stage: Stage) -> None:
    with stage.secret("aurora-restore/users", {"users": [{"username": "app"}]}):
        outcome = stage.restore()

    assert_refused(stage, outcome, "ConfigurationError", "aurora-restore/users", "users.0.template")


def test_a_key_that_is_disabled_is_refused(stage: Stage) -> None:
    kms = stage.cloud.client("kms", region_name=TARGET_REGION)
    key = kms.create_key()["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    before = stage.inventory()

    outcome = stage.restore(kms_key_id=key["Arn"])

    assert_refused(stage, outcome, "KeyNotAccessible", key["Arn"], "Disabled")
    assert stage.inventory() == before


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("kms_key_id", "alias/nobody", "alias/nobody"),
        ("db_subnet_group_name", "nowhere", "subnet group nowhere"),
        ("vpc_security_group_ids", ["sg-0123456789abcdef0"], "security group sg-0123456789abcdef0"),
        ("db_cluster_parameter_group_name", "missing", "cluster parameter group missing"),
        ("db_parameter_group_name", "missing", "parameter group missing"),
        ("admin_secret_id", "aurora-restore/spare-admin", "aurora-restore/spare-admin"),
    ],
)
def test_what_does_not_exist_is_refused(stage: Stage, field: str, value: object, what: str) -> None:
    before = stage.inventory()

    outcome = stage.restore(**{field: value})

    expected = "KeyNotAccessible" if field == "kms_key_id" else "ConfigurationError"
    assert_refused(stage, outcome, expected, what)
    assert stage.inventory() == before


def test_ten_faults_are_told_at_once(stage: Stage) -> None:
    stage.make_cluster("customers")
    before = stage.inventory()

    outcome = stage.restore(
        source_snapshot_date=LONG_AGO,
        target_cluster_id="customers",
        replace="swap",
        kms_key_id="alias/nobody",
        db_subnet_group_name="nowhere",
        vpc_security_group_ids=["sg-0123456789abcdef0"],
        db_cluster_parameter_group_name="lost",
        db_parameter_group_name="missing",
        db_instance_class="db.r1.huge",
        admin_secret_id="aurora-restore/spare-admin",
        users_secret_id="aurora-restore/spare-users",
    )

    assert_refused(
        stage,
        outcome,
        "SnapshotNotFound",
        "10 problems were found",
        f"(1) There is no snapshot of {LONG_AGO}",
        "(2) This deployment does not allow replacing or removing cluster customers",
        "alias/nobody",
        "subnet group nowhere",
        "security group sg-0123456789abcdef0",
        "cluster parameter group lost",
        "parameter group missing",
        "Instance class db.r1.huge is not available",
        "aurora-restore/spare-admin",
        "aurora-restore/spare-users",
    )
    assert stage.inventory() == before


def test_a_security_group_of_another_vpc_than_the_subnets_is_refused(stage: Stage) -> None:
    ec2 = stage.cloud.client("ec2")
    elsewhere = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="far", Description="far", VpcId=elsewhere)

    outcome = stage.restore(vpc_security_group_ids=[group["GroupId"]])

    assert_refused(
        stage,
        outcome,
        "ConfigurationError",
        f"{group['GroupId']} is in {elsewhere}",
        "subnet group",
    )


def test_a_quota_that_is_full_is_told_with_its_numbers(stage: Stage) -> None:
    quotas = stage.cloud.aurora.quotas
    usual = replace(quotas)
    quotas.manual_snapshots, quotas.clusters, quotas.instances = 0, 0, 2
    try:
        outcome = stage.restore(instance_count=3)
    finally:
        vars(quotas).update(vars(usual))

    assert_refused(
        stage,
        outcome,
        "QuotaExceeded",
        "0 of 0 manual cluster snapshots, and 1 more are needed",
        "0 of 0 clusters, and 1 more are needed",
        "0 of 2 instances, and 3 more are needed",
    )


def test_what_a_role_may_not_look_at_is_a_finding_among_others(stage: Stage) -> None:
    stage.cloud.faults.on(
        "ec2:DescribeSecurityGroups", do=AnswerError("UnauthorizedOperation", "not yours", 403)
    )

    outcome = stage.restore(
        vpc_security_group_ids=["sg-0123456789abcdef0"],
        users_secret_id="aurora-restore/spare-users",
    )

    assert_refused(
        stage,
        outcome,
        "AccessDenied",
        "2 problems",
        "security groups",
        "aurora-restore/spare-users",
    )


def test_a_field_that_is_null_counts_as_left_out(stage: Stage) -> None:
    outcome = stage.run(
        request(replace="never") | {"source_snapshot_date": None, "tags": None, "port": None}
    )

    assert outcome.status == "SUCCEEDED"
    assert outcome.state["parameters"]["source_snapshot_date"] == "latest"


def test_a_snapshot_of_another_cluster_than_the_one_named_is_refused(stage: Stage) -> None:
    outcome = stage.restore(
        source_cluster_id="orders",
        source_snapshot_date=None,
        source_snapshot_id=stage.scene.production.snapshot_arn,
    )

    assert_refused(stage, outcome, "InvalidRequest", "is of cluster aurora-prod, not orders")


def test_a_refused_request_is_closed_whatever_it_holds(stage: Stage) -> None:
    outcome = stage.run(
        {
            "target_cluster_id": "two\nlines" * 400,
            "instance_count": 10**45,
            "admin_secret_id": {"password": "hunter2"},
        }
    )

    assert_refused(stage, outcome, "InvalidRequest")
    assert outcome.state["target_cluster"] == "unknown"
    assert "hunter2" not in str(outcome.state) + str(outcome.events)


def test_a_request_with_a_thousand_unknown_fields_is_refused_by_name(stage: Stage) -> None:
    outcome = stage.restore(**{f"field_{number}": 1 for number in range(1_000)})

    assert (outcome.status, outcome.error) == ("FAILED", "InvalidRequest")
    assert "The request is invalid in 1000 fields: field_0: unknown field" in outcome.message
    assert outcome.state["error"]["message"] == outcome.message
    (told,) = outcome.messages
    assert "field_0: unknown field" in told["Message"]
    assert stage.locks() == []
