"""Clusters restored from snapshots, and clusters that are created."""

from datetime import date, datetime
from typing import Any

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import NO_SOURCE, fact
from tests.contract.harness.needs import Effort, Need
from tests.contract.harness.place import ENGINE, refused

_ERRORS = "botocore: errors of RestoreDBClusterFromSnapshot"


@fact(
    "A restored cluster has no instances. Its status is `creating` (or `migrating`) until it is "
    "available; its master user, version and key are the snapshot's.",
    source="botocore: RestoreDBClusterFromSnapshot and its KmsKeyId",
    since=FIRST,
    effort=Effort.INSTANCE,
    needs=[Need.ENCRYPTED],
)
def a_restore_makes_a_cluster_without_instances(aws: Aws) -> None:
    snapshot = aws.home.snapshot(aws.has(Need.ENCRYPTED))

    cluster = aws.home.restore(aws.has(Need.ENCRYPTED), EngineVersion=snapshot["EngineVersion"])
    status = aws.home.cluster(cluster)["Status"]
    restored = aws.home.cluster(aws.home.settled(cluster))

    assert status in ("creating", "migrating")
    assert restored["DBClusterMembers"] == []
    for field in ("MasterUsername", "EngineVersion", "KmsKeyId", "StorageEncrypted"):
        assert restored[field] == snapshot[field], field
    aws.home.delete_cluster(cluster)


@fact(
    "As soon as a restored cluster is available it has the port, protection against deletion, "
    "scaling and tags that it was given, and neither a new identifier nor a new master password is "
    "pending. IAM authentication and exports of logs are in force, or pending.",
    source=f"botocore: RestoreDBClusterFromSnapshot; what is pending: {NO_SOURCE}",
    since=FIRST,
    effort=Effort.INSTANCE,
    needs=[Need.SNAPSHOT],
    risk=3,
    relied_on_by="Every restore: these two are waited for, and then the first instance is made. "
    "What else is pending until there is an instance would be waited for in vain.",
)
def a_restore_takes_its_settings_at_once(aws: Aws) -> None:
    cluster = aws.home.restore(
        aws.has(Need.SNAPSHOT),
        Port=5433,
        DeletionProtection=True,
        EnableIAMDatabaseAuthentication=True,
        EnableCloudwatchLogsExports=["postgresql"],
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 1},
    )

    aws.home.wait_for_status(cluster, lambda: str(aws.home.cluster(cluster)["Status"]))
    restored = aws.home.cluster(cluster)
    pending = restored.get("PendingModifiedValues", {})
    exported = restored.get("EnabledCloudwatchLogsExports", [])
    to_be_exported = pending.get("PendingCloudwatchLogsExports", {}).get("LogTypesToEnable", [])
    by_iam = restored.get("IAMDatabaseAuthenticationEnabled", False)

    # Whether these two wait for the first instance is what nobody knows: the record shows it.
    aws.note("pending when it is available", pending)
    aws.note("exports of logs in force", exported)
    aws.note("IAM authentication in force", by_iam)
    assert not {"DBClusterIdentifier", "MasterUserPassword"} & set(pending)
    assert [*exported, *to_be_exported] == ["postgresql"]
    assert by_iam or pending.get("IAMDatabaseAuthenticationEnabled")
    assert restored["Port"] == 5433
    assert restored["DeletionProtection"]
    assert restored["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 1
    assert restored["TagList"] == aws.home.run.tags


@fact(
    "A restore by the ARN of a snapshot is a restore like any other; while it runs, its identifier "
    "is taken (DBClusterAlreadyExistsFault), and the cluster cannot be changed or get an instance "
    "(InvalidDBClusterStateFault).",
    source="botocore: RestoreDBClusterFromSnapshot.SnapshotIdentifier; errors of CreateDBInstance",
    since=FIRST,
    effort=Effort.CHANGE,
    needs=[Need.SNAPSHOT],
)
def a_cluster_under_way_is_taken_and_busy(aws: Aws) -> None:
    arn = aws.home.snapshot_arn(aws.has(Need.SNAPSHOT))
    cluster = aws.home.restore(arn)

    with refused("DBClusterAlreadyExistsFault"):
        aws.home.restore(arn, DBClusterIdentifier=cluster)
    with refused("InvalidDBClusterStateFault"):
        aws.home.create_instance(cluster)
    with refused("InvalidDBClusterStateFault"):
        aws.home.modify(cluster, DeletionProtection=False)


@fact(
    "The request of a restore cannot have a master password, nor say who keeps it.",
    source="botocore: RestoreDBClusterFromSnapshot",
    since=FIRST,
)
def a_restore_takes_no_master_password(aws: Aws) -> None:
    model = aws.home.rds.meta.service_model
    parameters = model.operation_model("RestoreDBClusterFromSnapshot").input_shape.members

    assert not {"MasterUserPassword", "ManageMasterUserPassword"} & set(parameters)


@fact(
    "What a restore names must be there: a snapshot (DBClusterSnapshotNotFoundFault), a subnet "
    "group (DBSubnetGroupNotFoundFault), a cluster parameter group "
    "(DBClusterParameterGroupNotFound), a key (KMSKeyNotAccessibleFault).",
    source=_ERRORS,
    since=FIRST,
    needs=[Need.ENCRYPTED],
)
def what_a_restore_names_must_be_there(aws: Aws) -> None:
    nothing = aws.home.run.new_name("nothing")
    missing = {
        "DBSubnetGroupName": "DBSubnetGroupNotFoundFault",
        "DBClusterParameterGroupName": "DBClusterParameterGroupNotFound",
    }

    with refused("DBClusterSnapshotNotFoundFault"):
        aws.home.restore(nothing)
    for parameter, code in missing.items():
        with refused(code):
            aws.home.restore(aws.has(Need.ENCRYPTED), **{parameter: nothing})
    with refused("KMSKeyNotAccessibleFault"):
        aws.home.restore(aws.has(Need.ENCRYPTED), KmsKeyId=f"alias/{nothing}")


@fact(
    "A security group that is not there, or is not in the cluster's VPC, is refused.",
    source="botocore: InvalidVPCNetworkStateFault among the errors; which code: " + NO_SOURCE,
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def a_security_group_must_be_there(aws: Aws) -> None:
    codes = ("InvalidParameterValue", "InvalidParameterCombination", "InvalidVPCNetworkStateFault")
    with refused(*codes):
        aws.home.restore(aws.has(Need.SNAPSHOT), VpcSecurityGroupIds=["sg-0123456789abcdef0"])


@fact(
    "A snapshot is not restored by another engine, nor with the parameter group of another family.",
    source="botocore: RestoreDBClusterFromSnapshot.Engine; which code: " + NO_SOURCE,
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def a_restore_keeps_engine_and_family(aws: Aws) -> None:
    codes = ("InvalidParameterCombination", "InvalidParameterValue", "InvalidRestoreFault")

    with refused(*codes):
        aws.home.restore(aws.has(Need.SNAPSHOT), Engine="aurora-mysql")
    with refused(*codes):
        aws.home.restore(
            aws.has(Need.SNAPSHOT), DBClusterParameterGroupName="default.aurora-postgresql12"
        )


@fact(
    "A version that RDS does not offer, and one older than the snapshot's, is refused with "
    "InvalidParameterCombination.",
    source="answers that others have published (`Cannot find version 15.4 for "
    f"aurora-postgresql`); for an older one: {NO_SOURCE}",
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def a_restore_goes_to_an_offered_version_that_is_no_older(aws: Aws) -> None:
    for version in ("9.6.1", "11.9"):
        with refused("InvalidParameterCombination", "InvalidParameterValue"):
            aws.home.restore(aws.has(Need.SNAPSHOT), EngineVersion=version)


@fact(
    "An unencrypted snapshot restores to a cluster without a key, and to one with a key that is "
    "given.",
    source="botocore: RestoreDBClusterFromSnapshot.KmsKeyId; with a key: Aurora user guide, "
    "Encrypting Amazon Aurora resources",
    since=FIRST,
    effort=Effort.INSTANCE,
    needs=[Need.SNAPSHOT, Need.KEY],
)
def a_restore_can_encrypt(aws: Aws) -> None:
    plain = aws.home.restore(aws.has(Need.SNAPSHOT), "plain")
    encrypted = aws.home.restore(aws.has(Need.SNAPSHOT), "keyed", KmsKeyId=aws.has(Need.KEY))

    assert "KmsKeyId" not in aws.home.cluster(plain)
    assert aws.home.cluster(encrypted)["KmsKeyId"] == aws.has(Need.KEY)


@fact(
    "DescribeDBEngineVersions lists the versions that are available, the cluster's among them. One "
    "that was retired is not listed, and no cluster is made with it (InvalidParameterCombination).",
    source="botocore: DescribeDBEngineVersions.IncludeAll; answers that others have published "
    "(`Cannot find version 15.4 for aurora-postgresql`)",
    since=date(2026, 11, 28),
    needs=[Need.CLUSTER],
    risk=8,
    relied_on_by="A request is refused before anything is copied if the snapshot's version cannot "
    "be restored any more; otherwise that would show after hours.",
)
def retired_versions_are_not_listed(aws: Aws) -> None:
    listed = _offered(aws)

    assert aws.home.cluster(aws.has(Need.CLUSTER))["EngineVersion"] in listed
    assert {version["Status"] for version in listed.values()} == {"available"}
    assert not {"9.6.1", "15.4"} & set(listed)
    with refused("InvalidParameterCombination"):
        aws.home.create_cluster(EngineVersion="15.4")


@fact(
    "A version is listed with the logs that it can export, `postgresql` among them, with "
    "`provisioned` among its modes, and with the capacities of Serverless v2 if it has that.",
    source="botocore: DBEngineVersion.ExportableLogTypes, SupportedEngineModes, "
    "ServerlessV2FeaturesSupport",
    since=date(2026, 11, 28),
    needs=[Need.CLUSTER],
)
def versions_say_what_they_can(aws: Aws) -> None:
    version = _offered(aws)[aws.home.cluster(aws.has(Need.CLUSTER))["EngineVersion"]]

    assert "postgresql" in version["ExportableLogTypes"]
    assert "provisioned" in version["SupportedEngineModes"]
    limits = version["ServerlessV2FeaturesSupport"]
    assert 0 <= limits["MinCapacity"] < limits["MaxCapacity"]


@fact(
    "DescribeDBMajorEngineVersions says when the standard support of a major version ends.",
    source="botocore: DescribeDBMajorEngineVersions, SupportedEngineLifecycle",
    since=date(2026, 11, 28),
    needs=[Need.CLUSTER],
)
def support_of_a_major_version_has_an_end(aws: Aws) -> None:
    number = aws.home.cluster(aws.has(Need.CLUSTER))["EngineVersion"]

    (major,) = aws.home.rds.describe_db_major_engine_versions(
        Engine=ENGINE, MajorEngineVersion=number.split(".")[0]
    )["DBMajorEngineVersions"]

    ends = {
        lifecycle["LifecycleSupportName"]: lifecycle["LifecycleSupportEndDate"]
        for lifecycle in major["SupportedEngineLifecycles"]
    }
    assert isinstance(ends["open-source-rds-standard-support"], datetime)


@fact(
    "A restored cluster keeps its backups as long as the snapshot's cluster did, or as long as it "
    "is told.",
    source="botocore: RestoreDBClusterFromSnapshot.BackupRetentionPeriod (uses existing setting)",
    since=date(2026, 11, 28),
    effort=Effort.INSTANCE,
    needs=[Need.CLUSTER, Need.SNAPSHOT],
)
def a_restore_keeps_the_retention_of_backups(aws: Aws) -> None:
    before = aws.home.cluster(aws.has(Need.CLUSTER))["BackupRetentionPeriod"]

    kept = aws.home.restore(aws.has(Need.SNAPSHOT), "kept")
    told = aws.home.restore(aws.has(Need.SNAPSHOT), "told", BackupRetentionPeriod=before + 2)

    days = [
        aws.home.cluster(aws.home.settled(each))["BackupRetentionPeriod"] for each in (kept, told)
    ]
    for cluster in (kept, told):
        aws.home.delete_cluster(cluster)
    assert before == 3
    assert days == [before, before + 2]


def _offered(aws: Aws) -> dict[str, Any]:
    """The versions that RDS lists unless it is asked for more, by their numbers."""
    pages = aws.home.rds.get_paginator("describe_db_engine_versions").paginate(Engine=ENGINE)
    return {each["EngineVersion"]: each for page in pages for each in page["DBEngineVersions"]}


@fact(
    "Serverless v2 capacities are multiples of a half, the smaller one not above the larger one.",
    source="botocore: ServerlessV2ScalingConfiguration",
    since=FIRST,
    needs=[Need.SNAPSHOT],
)
def impossible_capacities_are_refused(aws: Aws) -> None:
    for smallest, largest in ((0.7, 2), (4, 2), (0.5, 1000)):
        scaling = {"MinCapacity": smallest, "MaxCapacity": largest}
        with refused("InvalidParameterValue", "InvalidParameterCombination"):
            aws.home.restore(aws.has(Need.SNAPSHOT), ServerlessV2ScalingConfiguration=scaling)


@fact(
    "Clusters are found by the filter db-cluster-id; an identifier that is not there is no error "
    "in a filter, and DBClusterNotFoundFault without one.",
    source="botocore: DescribeDBClusters.Filters and its errors",
    since=FIRST,
    needs=[Need.CLUSTER],
)
def clusters_are_found_by_filter(aws: Aws) -> None:
    nothing = aws.home.run.new_name("nothing")

    def found(identifier: str) -> list[str]:
        filters = [{"Name": "db-cluster-id", "Values": [identifier]}]
        answer = aws.home.rds.describe_db_clusters(Filters=filters)
        return [each["DBClusterIdentifier"] for each in answer["DBClusters"]]

    assert found(aws.has(Need.CLUSTER)) == [aws.has(Need.CLUSTER)]
    assert found(nothing) == []
    with refused("DBClusterNotFoundFault"):
        aws.home.cluster(nothing)


@fact(
    "A new cluster without a key says that its storage is not encrypted; since February 2026 its "
    "StorageEncryptionType is `sse-rds`.",
    source="Aurora user guide, Encrypting Amazon Aurora resources; botocore: "
    "DBCluster.StorageEncryptionType",
    since=date(2026, 11, 28),
    needs=[Need.CLUSTER],
    risk=4,
    relied_on_by="Which copies need a key, and which snapshots can be shared: the copy routes are "
    "chosen by StorageEncryptionType.",
)
def what_looks_unencrypted_is_under_a_key_of_awss(aws: Aws) -> None:
    cluster = aws.home.cluster(aws.has(Need.CLUSTER))

    assert not cluster["StorageEncrypted"]
    assert cluster["StorageEncryptionType"] == "sse-rds"
