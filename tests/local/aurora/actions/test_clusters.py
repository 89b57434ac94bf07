"""New clusters: what they look like, and what may be asked for."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.aurora.scene import EAST, WEST, Scene, Stage, aurora_stage, refused


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with aurora_stage() as stage:
        yield stage


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage.next_scene()


def test_a_new_cluster_is_creating_first_and_available_later(scene: Scene) -> None:
    requested = scene.request_cluster(DatabaseName="shop")
    scene.pass_time(scene.simulator.durations.cluster - 1)
    shortly_before = scene.cluster()
    scene.pass_time(1)

    assert requested["Status"] == "creating"
    assert shortly_before["Status"] == "creating"
    assert scene.cluster()["Status"] == "available"


def test_times_are_those_of_the_simulated_clock(scene: Scene) -> None:
    asked_at = scene.now

    cluster = scene.request_cluster()

    assert cluster["ClusterCreateTime"] == asked_at


def test_a_cluster_takes_no_snapshot_by_itself(scene: Scene) -> None:
    scene.has_cluster()

    assert scene.rds().describe_db_cluster_snapshots()["DBClusterSnapshots"] == []


def test_the_engine_version_is_the_regions_default_when_omitted(scene: Scene) -> None:
    assert scene.request_cluster()["EngineVersion"] == "16.13"
    assert scene.request_cluster("older", EngineVersion="15.10")["EngineVersion"] == "15.10"


@pytest.mark.parametrize("version", ["16", "9.6", "sixteen", "16.99", "15.4", "16.6"])
def test_an_unknown_or_retired_engine_version_is_refused(scene: Scene, version: str) -> None:
    with refused("InvalidParameterCombination", f"Cannot find version {version} for"):
        scene.request_cluster(EngineVersion=version)


def test_an_engine_without_clusters_is_refused(scene: Scene) -> None:
    with refused("InvalidParameterValue", "mariadb"):
        scene.request_cluster(Engine="mariadb")


@pytest.mark.parametrize("engine", ["neptune", "docdb", "aurora-mysql", "postgres"])
def test_clusters_of_other_engines_are_listed_and_changed_like_aurora_postgresqls(
    scene: Scene, engine: str
) -> None:
    theirs = scene.has_cluster("theirs", Engine=engine)

    scene.modify("theirs", NewDBClusterIdentifier="still-theirs")
    scene.settle()

    assert theirs["DBClusterArn"].endswith(":cluster:theirs")
    assert scene.cluster("still-theirs")["Engine"] == engine
    scene.rds().delete_db_cluster(DBClusterIdentifier="still-theirs", SkipFinalSnapshot=True)


@pytest.mark.parametrize(
    "identifier", ["1st", "-prod", "prod-", "pr--od", "pr_od", "pr.od", "rds:prod", "p" * 64]
)
def test_an_illegal_identifier_is_refused(scene: Scene, identifier: str) -> None:
    with refused("InvalidParameterValue", "DBClusterIdentifier"):
        scene.request_cluster(identifier)


def test_identifiers_are_stored_in_lower_case_and_found_in_any(scene: Scene) -> None:
    scene.has_cluster("Prod-Main")

    assert scene.cluster("PROD-main")["DBClusterIdentifier"] == "prod-main"


def test_a_second_cluster_with_the_same_identifier_is_refused(scene: Scene) -> None:
    scene.has_cluster()

    with refused("DBClusterAlreadyExistsFault"):
        scene.request_cluster("PROD")


def test_clusters_of_another_region_do_not_take_an_identifier(scene: Scene) -> None:
    scene.has_cluster(region=EAST)

    assert scene.has_cluster(region=WEST)["Status"] == "available"


def test_the_accounts_quota_of_clusters_holds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.simulator.quotas, "clusters", 1)
    scene.has_cluster()

    with refused("DBClusterQuotaExceededFault"):
        scene.request_cluster("second")


@pytest.mark.parametrize("password", ["short", "x" * 42, "with/slash", 'with"quote', "with@sign"])
def test_an_illegal_master_password_is_refused(scene: Scene, password: str) -> None:
    with refused("InvalidParameterValue", "MasterUserPassword"):
        scene.request_cluster(MasterUserPassword=password)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DBSubnetGroupName": "nowhere"}, "DBSubnetGroupNotFoundFault"),
        ({"VpcSecurityGroupIds": ["sg-12345678"]}, "InvalidParameterValue"),
        ({"DBClusterParameterGroupName": "nothing"}, "DBClusterParameterGroupNotFound"),
        ({"KmsKeyId": "alias/nothing"}, "KMSKeyNotAccessibleFault"),
        ({"KmsKeyId": "00000000-0000-0000-0000-000000000000"}, "KMSKeyNotAccessibleFault"),
        ({"Tags": [{"Key": "aws:mine", "Value": "no"}]}, "InvalidParameterValue"),
    ],
)
def test_what_a_request_names_must_exist_and_be_allowed(
    scene: Scene, changes: dict[str, Any], code: str
) -> None:
    with refused(code):
        scene.request_cluster(**changes)

    assert scene.rds().describe_db_clusters()["DBClusters"] == []


@pytest.mark.parametrize("name", ["of-fifteen", "default.aurora-postgresql15"])
def test_a_parameter_group_of_another_family_is_refused(scene: Scene, name: str) -> None:
    scene.rds().create_db_cluster_parameter_group(
        DBClusterParameterGroupName="of-fifteen",
        DBParameterGroupFamily="aurora-postgresql15",
        Description="for another version",
    )

    with refused("InvalidParameterCombination", "aurora-postgresql16"):
        scene.request_cluster(DBClusterParameterGroupName=name)


def test_existing_groups_of_the_right_kind_are_taken(scene: Scene) -> None:
    ec2 = scene.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)["GroupId"]
    scene.rds().create_db_subnet_group(
        DBSubnetGroupName="private", DBSubnetGroupDescription="private", SubnetIds=[subnet]
    )
    scene.rds().create_db_cluster_parameter_group(
        DBClusterParameterGroupName="ours",
        DBParameterGroupFamily="aurora-postgresql16",
        Description="ours",
    )

    cluster = scene.request_cluster(
        DBSubnetGroupName="private",
        VpcSecurityGroupIds=[group],
        DBClusterParameterGroupName="ours",
    )

    assert cluster["DBSubnetGroup"] == "private"
    assert [each["VpcSecurityGroupId"] for each in cluster["VpcSecurityGroups"]] == [group]
    assert cluster["DBClusterParameterGroup"] == "ours"


def test_a_security_group_outside_the_subnet_groups_vpc_is_refused(scene: Scene) -> None:
    ec2 = scene.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)["GroupId"]

    with refused("InvalidParameterCombination", "VPC"):
        scene.request_cluster(VpcSecurityGroupIds=[group])


def test_a_key_is_found_by_id_arn_and_alias_and_described_by_arn(scene: Scene) -> None:
    arn = scene.key()
    scene.client("kms").create_alias(AliasName="alias/db", TargetKeyId=arn)

    described = {
        scene.request_cluster(f"by-{number}", KmsKeyId=name)["KmsKeyId"]
        for number, name in enumerate([arn, arn.rsplit("/", 1)[-1], "alias/db"])
    }

    assert described == {arn}


def test_a_disabled_key_and_a_key_of_another_region_are_refused(scene: Scene) -> None:
    disabled = scene.key()
    scene.disable(disabled)
    elsewhere = scene.key(WEST)

    for key in (disabled, elsewhere):
        with refused("KMSKeyNotAccessibleFault"):
            scene.request_cluster(KmsKeyId=key)


@pytest.mark.parametrize("capacities", [(4, 2), (0.3, 2), (0, 0.5), (1, 300)])
def test_impossible_serverless_capacities_are_refused(
    scene: Scene, capacities: tuple[float, float]
) -> None:
    configuration = dict(zip(("MinCapacity", "MaxCapacity"), capacities, strict=True))

    with refused("InvalidParameter(Value|Combination)", "Capacit|capacit"):
        scene.request_cluster(ServerlessV2ScalingConfiguration=configuration)


def test_clusters_are_listed_in_pages(scene: Scene) -> None:
    for number in range(23):
        scene.request_cluster(f"cluster-{number}")

    first = scene.rds().describe_db_clusters(MaxRecords=20)
    second = scene.rds().describe_db_clusters(MaxRecords=20, Marker=first["Marker"])

    identifiers = {
        cluster["DBClusterIdentifier"] for cluster in first["DBClusters"] + second["DBClusters"]
    }
    assert identifiers == {f"cluster-{number}" for number in range(23)}
    assert "Marker" not in second


def test_tags_are_kept_changed_and_refused_as_on_aws(scene: Scene) -> None:
    arn = scene.request_cluster(Tags=[{"Key": "team", "Value": "shop"}])["DBClusterArn"]

    scene.rds().add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "stage", "Value": "prod"}])
    for key, value in (("AWS:stage", "prod"), ("rds:stage", "prod"), ("stage", "rds:prod")):
        with refused("InvalidParameterValue", "begins with a reserved prefix"):
            scene.rds().add_tags_to_resource(ResourceName=arn, Tags=[{"Key": key, "Value": value}])
    scene.rds().remove_tags_from_resource(ResourceName=arn, TagKeys=["team"])

    assert scene.cluster()["TagList"] == [{"Key": "stage", "Value": "prod"}]


def test_an_operation_that_is_not_simulated_says_so(scene: Scene) -> None:
    scene.has_cluster()

    with refused("InvalidParameterCombination", "not simulated"):
        scene.rds().failover_db_cluster(DBClusterIdentifier="prod")
    with refused("InvalidParameterCombination", "preferred_backup_window"):
        scene.modify(PreferredBackupWindow="04:00-05:00")
    with refused("InvalidParameterCombination", "not simulated"):
        scene.modify(EngineVersion="16.14")
