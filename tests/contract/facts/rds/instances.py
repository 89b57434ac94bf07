"""Instances: they make a cluster answer."""

from datetime import date

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws
from tests.contract.harness.fact import NO_SOURCE, fact
from tests.contract.harness.needs import Effort, Need
from tests.contract.harness.place import ENGINE, refused


@fact(
    "The first instance of a cluster is its writer; the cluster's endpoint names the cluster, the "
    "instance's the instance.",
    source="Aurora user guide, Amazon Aurora endpoint connections",
    since=FIRST,
    needs=[Need.SERVED],
)
def the_first_instance_writes(aws: Aws) -> None:
    cluster = aws.home.cluster(aws.has(Need.SERVED))

    (member,) = cluster["DBClusterMembers"]
    instance = aws.home.instance(member["DBInstanceIdentifier"])

    assert member["IsClusterWriter"]
    assert cluster["Endpoint"].startswith(f"{aws.has(Need.SERVED)}.cluster-")
    assert cluster["ReaderEndpoint"].startswith(f"{aws.has(Need.SERVED)}.cluster-ro-")
    assert instance["Endpoint"]["Address"].startswith(f"{member['DBInstanceIdentifier']}.")
    assert instance["DBClusterIdentifier"] == aws.has(Need.SERVED)


@fact(
    "An account with a cluster has the role AWSServiceRoleForRDS: RDS makes it with the first "
    "cluster, of an account that never had one, in the name of whoever makes the cluster.",
    source="Aurora user guide, Using service-linked roles for Amazon Aurora",
    since=date(2026, 11, 28),
    needs=[Need.CLUSTER],
    risk=7,
    relied_on_by="The first restore in an account that never had a cluster: the step that restores "
    "may make this role, and no other.",
)
def rds_makes_a_role_of_its_own(aws: Aws) -> None:
    iam = aws.home.client("iam")
    roles = [
        role["RoleName"]
        for page in iam.get_paginator("list_roles").paginate(PathPrefix="/aws-service-role/")
        for role in page["Roles"]
    ]
    cluster = aws.home.cluster(aws.has(Need.CLUSTER))

    assert cluster["Status"]
    assert "AWSServiceRoleForRDS" in roles


@fact(
    "An instance that is not there is DBInstanceNotFound, without `Fault`; one that is there is "
    "DBInstanceAlreadyExists for another of its name.",
    source="botocore: errors of DescribeDBInstances and CreateDBInstance",
    since=FIRST,
    needs=[Need.SERVED],
)
def codes_of_instances_have_no_fault(aws: Aws) -> None:
    (member,) = aws.home.cluster(aws.has(Need.SERVED))["DBClusterMembers"]

    with refused("DBInstanceNotFound"):
        aws.home.instance(aws.home.run.new_name("nothing"))
    with refused("DBInstanceAlreadyExists"):
        aws.home.create_instance(
            aws.has(Need.SERVED), DBInstanceIdentifier=member["DBInstanceIdentifier"]
        )


@fact(
    "An instance is refused in a cluster of another engine, and in one that is not there "
    "(DBClusterNotFoundFault).",
    source="botocore: errors of CreateDBInstance; which code for the engine: " + NO_SOURCE,
    since=FIRST,
    needs=[Need.CLUSTER],
)
def an_instance_fits_its_cluster(aws: Aws) -> None:
    with refused("InvalidParameterCombination", "InvalidParameterValue"):
        aws.home.create_instance(aws.has(Need.CLUSTER), Engine="aurora-mysql")
    with refused("DBClusterNotFoundFault"):
        aws.home.create_instance(aws.home.run.new_name("nothing"))


@fact(
    "An instance's parameter group that is not there is DBParameterGroupNotFound.",
    source="botocore: errors of CreateDBInstance",
    since=FIRST,
    needs=[Need.CLUSTER],
)
def a_parameter_group_must_be_there(aws: Aws) -> None:
    aws.home.settled(aws.has(Need.CLUSTER))

    with refused("DBParameterGroupNotFound"):
        aws.home.create_instance(
            aws.has(Need.CLUSTER), DBParameterGroupName=aws.home.run.new_name("nothing")
        )


@fact(
    "A db.serverless instance is refused in a cluster without a scaling configuration.",
    source="Aurora user guide, Creating a DB cluster that uses Aurora Serverless v2; which code: "
    + NO_SOURCE,
    since=FIRST,
    needs=[Need.CLUSTER],
)
def a_serverless_instance_needs_scaling(aws: Aws) -> None:
    codes = ("InvalidDBClusterStateFault", "InvalidParameterCombination", "InvalidParameterValue")
    with refused(*codes):
        aws.home.create_instance(aws.has(Need.CLUSTER), DBInstanceClass="db.serverless")


@fact(
    "DescribeOrderableDBInstanceOptions lists a class that can be ordered, and answers an empty "
    "list, no error, for one that cannot; creating an instance of that class is refused.",
    source="botocore: DescribeOrderableDBInstanceOptions (it has no errors)",
    since=date(2026, 11, 25),
    needs=[Need.CLUSTER],
)
def orderable_classes_are_listed(aws: Aws) -> None:
    version = aws.home.cluster(aws.has(Need.CLUSTER))["EngineVersion"]

    def listed(instance_class: str) -> list[str]:
        options = aws.home.rds.describe_orderable_db_instance_options(
            Engine=ENGINE, EngineVersion=version, DBInstanceClass=instance_class
        )["OrderableDBInstanceOptions"]
        return sorted({option["DBInstanceClass"] for option in options})

    assert listed(aws.home.run.instance_class) == [aws.home.run.instance_class]
    assert listed("db.m1.small") == []
    with refused("InvalidParameterCombination", "InvalidParameterValue"):
        aws.home.create_instance(aws.has(Need.CLUSTER), DBInstanceClass="db.m1.small")


@fact(
    "An instance of a cluster has no final snapshot of its own: InvalidParameterCombination.",
    source="Aurora user guide, Deleting a DB instance from an Aurora DB cluster",
    since=FIRST,
    needs=[Need.SERVED],
)
def an_instance_has_no_final_snapshot(aws: Aws) -> None:
    (member,) = aws.home.cluster(aws.has(Need.SERVED))["DBClusterMembers"]

    with refused("InvalidParameterCombination", "InvalidParameterValue"):
        aws.home.rds.delete_db_instance(
            DBInstanceIdentifier=member["DBInstanceIdentifier"],
            SkipFinalSnapshot=False,
            FinalDBSnapshotIdentifier=aws.home.run.new_name("final"),
        )


@fact(
    "The API deletes the last instance of a cluster although the cluster is protected against "
    "deletion. While the instance is `deleting`, it is not deleted again (InvalidDBInstanceState).",
    source="Aurora user guide, Deleting Aurora DB clusters and DB instances",
    since=FIRST,
    effort=Effort.INSTANCE,
    needs=[Need.CLUSTER],
)
def protection_does_not_hold_instances(aws: Aws) -> None:
    cluster = aws.home.has_cluster("protected", DeletionProtection=True)
    instance = aws.home.has_instance(cluster)

    aws.home.rds.delete_db_instance(DBInstanceIdentifier=instance)
    status = aws.home.instance(instance)["DBInstanceStatus"]
    with refused("InvalidDBInstanceState"):
        aws.home.rds.delete_db_instance(DBInstanceIdentifier=instance)

    assert status == "deleting"
    aws.home.wait_until_gone(lambda: aws.home.instance(instance), "DBInstanceNotFound")
    assert aws.home.cluster(cluster)["DBClusterMembers"] == []


@fact(
    "When the writer is deleted, a reader becomes the writer.",
    source="Aurora user guide, High availability for Amazon Aurora",
    since=FIRST,
    effort=Effort.INSTANCE,
    needs=[Need.SERVED],
)
def a_reader_takes_over(aws: Aws) -> None:
    cluster = aws.has(Need.SERVED)
    (member,) = aws.home.cluster(cluster)["DBClusterMembers"]
    writer, reader = member["DBInstanceIdentifier"], aws.home.has_instance(cluster, "reader")

    def writers() -> list[str]:
        members = aws.home.cluster(cluster)["DBClusterMembers"]
        return [each["DBInstanceIdentifier"] for each in members if each["IsClusterWriter"]]

    before = writers()
    aws.home.rds.delete_db_instance(DBInstanceIdentifier=writer)
    aws.home.wait_until_gone(lambda: aws.home.instance(writer), "DBInstanceNotFound")

    assert before == [writer]
    aws.home.run.wait_until("a reader has taken over", lambda: writers() == [reader])
    aws.home.settled(cluster)
