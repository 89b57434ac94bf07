"""PostgreSQL as Aurora runs it: certificates, the master user, roles, restored data."""

from contextlib import AbstractContextManager
from datetime import date

import psycopg2
import psycopg2.errors

from tests.contract.facts import FIRST
from tests.contract.harness.aws import Aws, Session, Unreachable
from tests.contract.harness.fact import NO_SOURCE, fact
from tests.contract.harness.needs import Effort, Need
from tests.contract.harness.place import ENGINE
from tests.contract.harness.run import Undecided

_ROLES = "Aurora user guide, Understanding the rds_superuser role"
_ON_SERVED = [Need.SERVED, Need.CONNECTION]


def _served(aws: Aws) -> AbstractContextManager[Session]:
    return aws.session_on(aws.has(Need.SERVED))


@fact(
    "The cluster's endpoint and the instance's have certificates for their names, signed by the "
    "authority of RDS's bundle: `verify-full` holds.",
    source="Aurora user guide, Using SSL/TLS to encrypt a connection to a DB cluster",
    since=FIRST,
    needs=_ON_SERVED,
)
def certificates_name_the_endpoints(aws: Aws) -> None:
    cluster = aws.home.cluster(aws.has(Need.SERVED))
    (member,) = cluster["DBClusterMembers"]
    instance = aws.home.instance(member["DBInstanceIdentifier"])

    for host in (cluster["Endpoint"], instance["Endpoint"]["Address"]):
        with aws.session(host, cluster["Port"]) as execute:
            assert execute("SELECT 1") == [(1,)]


@fact(
    "aurora_db_instance_identifier() is the identifier of the instance that a session is on.",
    source="Aurora user guide, aurora_db_instance_identifier",
    since=date(2026, 11, 28),
    needs=_ON_SERVED,
)
def a_session_knows_its_instance(aws: Aws) -> None:
    (member,) = aws.home.cluster(aws.has(Need.SERVED))["DBClusterMembers"]

    with _served(aws) as execute:
        assert execute("SELECT aurora_db_instance_identifier()") == [
            (member["DBInstanceIdentifier"],)
        ]


@fact(
    "A wrong password is refused with SQLSTATE 28P01; psycopg2 has only its text.",
    source="PostgreSQL, Appendix A; that psycopg2 has only the text: its issue 682",
    since=FIRST,
    needs=_ON_SERVED,
)
def a_wrong_password_is_refused(aws: Aws) -> None:
    refusal = _refusal(aws, aws.has(Need.SERVED), password="wrong")

    assert "password authentication failed" in refusal


@fact(
    "The master user is no superuser, may create databases and roles, and has rds_superuser with "
    "ADMIN.",
    source=f"{_ROLES}; with ADMIN: {NO_SOURCE}",
    since=FIRST,
    needs=_ON_SERVED,
    risk=5,
    relied_on_by="Setting up users: the statements are those that such a master user may execute.",
)
def the_master_user_is_no_superuser(aws: Aws) -> None:
    with _served(aws) as execute:
        ((is_superuser, creates_databases, creates_roles),) = execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        memberships = execute(
            "SELECT admin_option FROM pg_auth_members WHERE roleid = 'rds_superuser'::regrole"
            " AND member = current_user::regrole"
        )

    assert (is_superuser, creates_databases, creates_roles) == (False, True, True)
    assert memberships == [(True,)]


@fact(
    "Aurora's own roles are there: rdsadmin, a superuser, rds_superuser, rds_iam, rds_password and "
    "rds_replication, which cannot log in; and its database rdsadmin.",
    source=_ROLES,
    since=FIRST,
    needs=_ON_SERVED,
)
def aurora_has_roles_of_its_own(aws: Aws) -> None:
    wanted = ["rds_iam", "rds_password", "rds_replication", "rds_superuser"]

    with _served(aws) as execute:
        closed = execute(
            "SELECT rolname FROM pg_roles WHERE NOT rolcanlogin AND rolname = ANY (%s)"
            " ORDER BY rolname",
            wanted,
        )
        powers = execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'rdsadmin'")
        databases = execute("SELECT 1 FROM pg_database WHERE datname = 'rdsadmin'")

    assert [name for (name,) in closed] == wanted
    assert powers == [(True,)]
    assert databases == [(1,)]


@fact(
    "Since PostgreSQL 16 the master user has ADMIN on the roles that it creates, and so can alter "
    "them and set a password as a SCRAM verifier; the role logs in with the password itself.",
    source="PostgreSQL 16, CREATE ROLE and createrole_self_grant",
    since=FIRST,
    needs=_ON_SERVED,
    risk=5,
    relied_on_by="Setting up users: the roles that it makes, and their passwords.",
)
def the_master_user_alters_roles_that_it_creates(aws: Aws) -> None:
    name, password = f"contract_{aws.home.run.name}_role", "a password of ours"

    with _served(aws) as execute:
        execute(f"CREATE ROLE {name} LOGIN")
        execute(f"ALTER ROLE {name} VALID UNTIL 'infinity'")
        execute(f"ALTER ROLE {name} PASSWORD %s", execute.verifier(name, password))
        cluster = aws.home.cluster(aws.has(Need.SERVED))
        with aws.session(
            cluster["Endpoint"], cluster["Port"], user=name, password=password
        ) as theirs:
            assert theirs("SELECT current_user") == [(name,)]
        execute(f"DROP ROLE {name}")


@fact(
    "After an upgrade from 15 to 16 the master user has no ADMIN on the roles that it created "
    "before, and cannot alter them (42501).",
    source="PostgreSQL 16, release notes, on CREATEROLE; that RDS's upgrade adds no such "
    f"membership: {NO_SOURCE}",
    since=None,
    effort=Effort.DAYLIGHT,
    needs=[Need.CONNECTION],
    risk=5,
    relied_on_by="Setting up users of a cluster that was upgraded: a role that cannot be locked "
    "stops the restore.",
)
def roles_from_before_an_upgrade_are_not_altered(aws: Aws) -> None:
    old, new = _upgrade_to_16(aws)
    cluster, name = aws.home.has_cluster("upgraded", EngineVersion=old), "contract_before"
    instance = aws.home.has_instance(cluster)
    with aws.session_on(cluster) as execute:
        execute(f"CREATE ROLE {name}")

    aws.home.modify(cluster, EngineVersion=new, AllowMajorVersionUpgrade=True)
    aws.home.run.wait_until(
        f"{cluster} is upgraded", lambda: bool(aws.home.cluster(cluster)["EngineVersion"] == new)
    )
    aws.home.settled(cluster)
    aws.home.wait_for_status(instance, lambda: aws.home.instance(instance)["DBInstanceStatus"])

    with aws.session_on(cluster) as execute:
        memberships = execute(
            "SELECT admin_option, grantor::regrole::text FROM pg_auth_members"
            " WHERE roleid = %s::regrole AND member = current_user::regrole",
            name,
        )
        refusal = _sqlstate(execute, f"ALTER ROLE {name} NOLOGIN")
    aws.note("memberships in the role", memberships)
    aws.note("SQLSTATE of ALTER ROLE", refusal)
    assert (memberships, refusal) == ([], "42501")


@fact(
    "The master user reads no table of somebody else just because of who it is (42501), and can "
    "neither become rdsadmin nor alter it.",
    source=NO_SOURCE,
    since=FIRST,
    needs=_ON_SERVED,
    risk=5,
    relied_on_by="Setting up users: what is not allowed is found out by trying, and reported.",
)
def the_master_user_is_not_almighty(aws: Aws) -> None:
    name = f"contract_{aws.home.run.name}_owner"
    with _served(aws) as execute:
        execute(f"CREATE ROLE {name}")
        execute(f"GRANT {name} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE")
        execute(f"CREATE SCHEMA {name} AUTHORIZATION {name}")
        execute(f"SET ROLE {name}")
        execute(f"CREATE TABLE {name}.secret ()")
        execute("RESET ROLE")

        refusals = [
            _sqlstate(execute, statement)
            for statement in (
                f"SELECT FROM {name}.secret",
                "SET ROLE rdsadmin",
                "ALTER ROLE rdsadmin NOLOGIN",
            )
        ]
        execute(f"SET ROLE {name}")
        execute(f"DROP SCHEMA {name} CASCADE")
        execute("RESET ROLE")
        execute(f"DROP ROLE {name}")

    assert refusals == ["42501"] * 3


@fact(
    "Since 14.7 and 15.2 membership in rds_superuser opens no database: where PUBLIC has lost "
    "CONNECT, the master user is refused without it.",
    source=f"PostgreSQL, Privileges; {_ROLES}; that there is no exception: {NO_SOURCE}",
    since=date(2026, 11, 28),
    needs=_ON_SERVED,
    risk=6,
    relied_on_by="Setting up users: the master user first gives itself CONNECT where it can act "
    "for the owner; a database that stays closed is an error or a warning.",
)
def rds_superuser_opens_no_database(aws: Aws) -> None:
    owner = database = f"contract_{aws.home.run.name}_closed"
    with _served(aws) as execute:
        execute(f"CREATE ROLE {owner}")
        execute(f"GRANT {owner} TO CURRENT_USER")
        execute(f"CREATE DATABASE {database} OWNER {owner}")
        execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
        execute(f"REVOKE {owner} FROM CURRENT_USER")

        refusal = _refusal(aws, aws.has(Need.SERVED), database=database)
        execute(f"GRANT {owner} TO CURRENT_USER")
        execute(f"DROP DATABASE {database}")
        execute(f"DROP ROLE {owner}")

    assert "CONNECT privilege" in refusal


@fact(
    "A reboot of an instance ends its sessions.",
    source="Aurora user guide, Rebooting a DB instance within an Aurora cluster",
    since=date(2026, 11, 28),
    effort=Effort.CHANGE,
    needs=_ON_SERVED,
    risk=6,
    relied_on_by="Every swap: the old cluster's writer is rebooted, so that nobody goes on working "
    "in a cluster that is about to be replaced.",
)
def a_reboot_ends_sessions(aws: Aws) -> None:
    (member,) = aws.home.cluster(aws.has(Need.SERVED))["DBClusterMembers"]
    instance = member["DBInstanceIdentifier"]

    with _served(aws) as execute:
        aws.home.rds.reboot_db_instance(DBInstanceIdentifier=instance)
        aws.home.run.wait_until("the session has ended", lambda: _has_ended(execute))
    aws.home.wait_for_status(instance, lambda: aws.home.instance(instance)["DBInstanceStatus"])

    with _served(aws) as execute:
        assert execute("SELECT 1") == [(1,)]


@fact(
    "A restored cluster answers to nobody before it has a writer. Then its roles, passwords and "
    "data are the snapshot's, until a new master password is in force.",
    source="botocore: RestoreDBClusterFromSnapshot; Aurora user guide, Restoring from a DB cluster "
    "snapshot",
    since=FIRST,
    effort=Effort.DAYLIGHT,
    needs=[Need.ENCRYPTED, Need.CONNECTION],
    risk=7,
    relied_on_by="The order of a restore: first an instance, then the new master password, then "
    "the users.",
)
def a_restored_cluster_has_the_roles_of_its_snapshot(aws: Aws) -> None:
    cluster = aws.home.settled(aws.home.restore(aws.has(Need.ENCRYPTED)))
    refusal = _refusal(aws, cluster)
    aws.home.has_instance(cluster, "restored")
    new_password = f"{aws.home.run.password}-new"
    assert refusal

    with aws.session_on(cluster) as execute:
        assert execute("SELECT 1 FROM pg_roles WHERE rolname = 'rds_superuser'") == [(1,)]
    aws.home.modify(cluster, MasterUserPassword=new_password)
    aws.home.settled(cluster)

    with aws.session_on(cluster, password=new_password) as execute:
        assert execute("SELECT 1") == [(1,)]


@fact(
    "After a rename the certificate has the old name until the cluster is stopped and started: "
    "until then, `verify-full` fails at the new endpoint.",
    source="Aurora user guide, Modifying an Amazon Aurora DB cluster: with SSL endpoints, stop and "
    "restart the cluster after changing its identifier",
    since=date(2026, 11, 28),
    effort=Effort.DAYLIGHT,
    needs=[Need.CONNECTION],
    risk=1,
    relied_on_by="Every swap: the renamed cluster is stopped and started, for some eight minutes, "
    "if its certificate has the old name.",
)
def a_certificate_keeps_the_old_name_after_a_rename(aws: Aws) -> None:
    old = aws.home.has_cluster("before")
    instance = aws.home.has_instance(old)
    new = aws.home.rename(old)

    before = _has_certificate(aws, new)
    aws.home.rds.reboot_db_instance(DBInstanceIdentifier=instance)
    aws.home.wait_for_status(instance, lambda: aws.home.instance(instance)["DBInstanceStatus"])
    after_reboot = _has_certificate(aws, new)
    aws.home.rds.stop_db_cluster(DBClusterIdentifier=new)
    aws.home.wait_for_status(new, lambda: str(aws.home.cluster(new)["Status"]), "stopped")
    aws.home.rds.start_db_cluster(DBClusterIdentifier=new)
    aws.home.settled(new)
    aws.home.wait_for_status(instance, lambda: aws.home.instance(instance)["DBInstanceStatus"])
    after_start = _has_certificate(aws, new)

    aws.note("certificate has the new name", [before, after_reboot, after_start])
    assert [before, after_reboot, after_start] == [False, False, True]


def _refusal(aws: Aws, cluster: str, **how: str) -> str:
    """Why a login at a cluster's endpoint fails; empty when it does not."""
    try:
        with aws.session_on(cluster, **how):
            return ""
    except (psycopg2.OperationalError, Unreachable) as error:
        return str(error)


def _has_certificate(aws: Aws, cluster: str) -> bool:
    """Whether the endpoint's certificate is for the endpoint's name."""
    refusal = _refusal(aws, cluster)
    if refusal and "certificate" not in refusal:
        raise Undecided(refusal)
    return not refusal


def _upgrade_to_16(aws: Aws) -> tuple[str, str]:
    """A version 15 that RDS offers, and a version 16 that it can be upgraded to."""
    offered = aws.home.rds.describe_db_engine_versions(Engine=ENGINE)["DBEngineVersions"]
    for version in reversed(offered):
        targets = [each["EngineVersion"] for each in version["ValidUpgradeTarget"]]
        to_16 = [target for target in targets if target.startswith("16.")]
        if version["EngineVersion"].startswith("15.") and to_16:
            return version["EngineVersion"], to_16[-1]
    raise Undecided("RDS offers no upgrade from 15 to 16.")


def _sqlstate(execute: Session, statement: str) -> str | None:
    try:
        execute(statement)
    except psycopg2.Error as error:
        return error.pgcode
    return None


def _has_ended(execute: Session) -> bool:
    """Whether a session answers no more."""
    try:
        execute("SELECT 1")
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        return True
    return False
