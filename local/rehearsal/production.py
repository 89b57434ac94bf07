"""A production cluster to restore from: encrypted, with data, customers and logins of its own."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg2
from moto.ec2.models import ec2_backends
from psycopg2.extensions import connection
from psycopg2.extras import execute_values
from psycopg2.sql import SQL, Identifier

from local.aurora.model.limits import Durations
from local.cloud import LocalCloud
from local.functions.functions import ACCOUNT

CLUSTER = "aurora-prod"
REGION = "us-east-1"
DATABASE = "shop"
MASTER = "postgres"
LOGINS = ("shop_app", "shop_reporting")

ADMIN_SECRET = "aurora-restore/admin"
USERS_SECRET = "aurora-restore/users"
SUBNET_GROUP = "aurora"
EXPORT_BUCKET = "aurora-restore-exports"
USERS = {"staging_app": "read_write", "staging_reader": "read_only", "staging_owner": "owner"}

_FIRST_NAMES = ("Ada", "Bela", "Chidi", "Dara", "Emre", "Farah", "Goro", "Hana", "Ines", "Jun")
_LAST_NAMES = ("Almeida", "Brandt", "Castro", "Dubois", "Eriksen", "Fischer", "Gupta", "Haddad")
_CITIES = ("Lisbon", "Oslo", "Nairobi", "Osaka", "Quito", "Riga", "Tunis")
_CUSTOMERS = """
    CREATE TABLE customers (
        id integer PRIMARY KEY, name text NOT NULL, email text NOT NULL, city text NOT NULL
    )
"""


@dataclass(frozen=True)
class Endpoint:
    """Where a cluster answers."""

    host: str
    port: int

    def connect(self, username: str, password: str, database: str = DATABASE) -> connection:
        """Connect as a user of AWS would, with the certificate verified."""
        return psycopg2.connect(
            host=self.host,
            port=self.port,
            user=username,
            password=password,
            dbname=database,
            sslmode="verify-full",
        )


@dataclass(frozen=True)
class Production:
    """What the people who run production know about it."""

    endpoint: Endpoint
    passwords: dict[str, str]
    """By user name: the master user's and the logins'."""
    snapshot_arn: str
    account_id: str = ACCOUNT


@contextmanager
def at_once(cloud: LocalCloud) -> Iterator[None]:
    """Let what is started inside the block be done by the next call of the API."""
    durations = cloud.aurora.durations
    usual = replace(durations)
    vars(durations).update(vars(Durations.none()))
    try:
        yield
    finally:
        vars(durations).update(vars(usual))


def make_production(
    cloud: LocalCloud,
    *,
    scale: int,
    customers: int = 2_000,
    account_id: str = ACCOUNT,
    is_encrypted: bool = True,
) -> Production:
    """Make the cluster with pgbench tables at `scale`, fill it, and take its automated snapshot."""
    passwords = {name: secrets.token_urlsafe(16) for name in (MASTER, *LOGINS)}
    key = make_key(cloud, account_id) if is_encrypted else None
    rds = cloud.client("rds", region_name=REGION, account_id=account_id)
    with at_once(cloud):
        rds.create_db_cluster(
            DBClusterIdentifier=CLUSTER,
            Engine="aurora-postgresql",
            DatabaseName=DATABASE,
            MasterUsername=MASTER,
            MasterUserPassword=passwords[MASTER],
            **({"StorageEncrypted": True, "KmsKeyId": key} if key else {}),
        )
        rds.create_db_instance(
            DBInstanceIdentifier=f"{CLUSTER}-1",
            DBClusterIdentifier=CLUSTER,
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
        )
        cloud.aurora.advance()
        endpoint = endpoint_of(cloud, CLUSTER, REGION, account_id)
        _make_logins(endpoint, passwords)
        if scale:
            volume = cloud.aurora.volume_of(REGION, CLUSTER, account_id=account_id)
            app = LOGINS[0]
            assert volume is not None
            cloud.databases.pgbench(volume, scale, DATABASE, app, passwords[app])
        _make_customers(endpoint, passwords, customers)
        snapshot = cloud.aurora.take_automated_snapshot(REGION, CLUSTER, account_id=account_id)
    return Production(endpoint, passwords, snapshot, account_id)


def make_key(cloud: LocalCloud, account_id: str) -> str:
    """Make the key that production is encrypted under, which no other account may use."""
    kms = cloud.client("kms", region_name=REGION, account_id=account_id)
    key = str(kms.create_key(Description="Production's data")["KeyMetadata"]["Arn"])
    kms.create_alias(AliasName="alias/production", TargetKeyId=key)
    return key


def live_on(cloud: LocalCloud, production: Production, *, customers: int) -> str:
    """Let so many customers join production; returns the ARN of its next automated snapshot."""
    with _as_app(production.endpoint, production.passwords) as cursor:
        _add_customers(cursor, customers)
    account_id = production.account_id
    return cloud.aurora.take_automated_snapshot(REGION, CLUSTER, account_id=account_id)


def make_surroundings(cloud: LocalCloud) -> dict[str, str]:
    """Make what a deployment expects to find; returns the passwords of the users, by name."""
    passwords = {name: secrets.token_urlsafe(16) for name in USERS}
    users = [
        {
            "username": name,
            "password": passwords[name],
            "template": template,
            "databases": [DATABASE],
        }
        for name, template in USERS.items()
    ]
    admin = {"username": MASTER, "password": secrets.token_urlsafe(16)}
    store = cloud.client("secretsmanager")
    store.create_secret(Name=ADMIN_SECRET, SecretString=json.dumps(admin))
    store.create_secret(Name=USERS_SECRET, SecretString=json.dumps({"users": users}))
    make_subnet_group(cloud)
    make_export_bucket(cloud, cloud.environment["AWS_DEFAULT_REGION"])
    return passwords


def make_subnet_group(cloud: LocalCloud) -> None:
    """Make the subnet group that the local deployment restores into."""
    rds = cloud.client("rds")
    # A client of EC2 takes longer to make than all else that is made here.
    subnets = ec2_backends[ACCOUNT][rds.meta.region_name].describe_subnets()
    rds.create_db_subnet_group(
        DBSubnetGroupName=SUBNET_GROUP,
        DBSubnetGroupDescription="Where restored clusters go",
        SubnetIds=[subnet.id for subnet in subnets],
    )


def make_export_bucket(cloud: LocalCloud, region: str) -> None:
    """Make the bucket that the local deployment exports to."""
    cloud.client("s3", region_name=region).create_bucket(
        Bucket=EXPORT_BUCKET, CreateBucketConfiguration={"LocationConstraint": region}
    )


def make_cluster(
    cloud: LocalCloud,
    cluster_id: str,
    region: str,
    password: str,
    *,
    instances: int = 1,
    instance_name: str | None = None,
    instance_tags: Mapping[str, str] | None = None,
    **settings: Any,
) -> None:
    """Make an empty cluster, available at once, such as one that is to be replaced.

    Its instances are called `<cluster>-old-1` and so on, unless they have another name.
    """
    tags = [{"Key": key, "Value": value} for key, value in (instance_tags or {}).items()]
    rds = cloud.client("rds", region_name=region)
    settings = {"Engine": "aurora-postgresql", "MasterUsername": MASTER, **settings}
    with at_once(cloud):
        rds.create_db_cluster(
            DBClusterIdentifier=cluster_id, MasterUserPassword=password, **settings
        )
        for number in range(1, instances + 1):
            rds.create_db_instance(
                DBInstanceIdentifier=f"{instance_name or cluster_id + '-old'}-{number}",
                Tags=tags,
                DBClusterIdentifier=cluster_id,
                DBInstanceClass="db.r6g.large",
                Engine=settings["Engine"],
            )
        cloud.aurora.settle()


def endpoint_of(
    cloud: LocalCloud, cluster_id: str, region: str, account_id: str = ACCOUNT
) -> Endpoint:
    """Where a cluster answers now."""
    rds = cloud.client("rds", region_name=region, account_id=account_id)
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"]
    return Endpoint(cluster["Endpoint"], cluster["Port"])


def fingerprints(open_connection: connection) -> dict[str, tuple[int, int]]:
    """Rows and checksum of every table of the public schema, whatever order the rows lie in."""
    with open_connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]
        return {table: _fingerprint(cursor, table) for table in tables}


def _fingerprint(cursor: Any, table: str) -> tuple[int, int]:
    cursor.execute(
        SQL("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {} t").format(
            Identifier("public", table)
        )
    )
    rows, checksum = cursor.fetchone()
    return int(rows), int(checksum)


def _make_logins(endpoint: Endpoint, passwords: dict[str, str]) -> None:
    with closing(endpoint.connect(MASTER, passwords[MASTER])) as opened, opened:
        for name in LOGINS:
            with opened.cursor() as cursor:
                role = SQL("CREATE ROLE {} LOGIN PASSWORD %s").format(Identifier(name))
                cursor.execute(role, (passwords[name],))
        with opened.cursor() as cursor:
            cursor.execute(
                SQL("GRANT CREATE, USAGE ON SCHEMA public TO {}").format(Identifier(LOGINS[0]))
            )


def _make_customers(endpoint: Endpoint, passwords: dict[str, str], count: int) -> None:
    with _as_app(endpoint, passwords) as cursor:
        cursor.execute(_CUSTOMERS)
        _add_customers(cursor, count)
        cursor.execute(SQL("GRANT SELECT ON customers TO {}").format(Identifier(LOGINS[1])))


@contextmanager
def _as_app(endpoint: Endpoint, passwords: dict[str, str]) -> Iterator[Any]:
    """A transaction of production's own application."""
    app = LOGINS[0]
    with (
        closing(endpoint.connect(app, passwords[app])) as opened,
        opened,
        opened.cursor() as cursor,
    ):
        yield cursor


def _add_customers(cursor: Any, count: int) -> None:
    cursor.execute("SELECT coalesce(max(id), 0) FROM customers")
    (last,) = cursor.fetchone()
    rows = [_customer(number) for number in range(last + 1, last + count + 1)]
    execute_values(cursor, "INSERT INTO customers VALUES %s", rows, page_size=1_000)


def _customer(number: int) -> tuple[int, str, str, str]:
    first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last = _LAST_NAMES[number // len(_FIRST_NAMES) % len(_LAST_NAMES)]
    email = f"{first}.{last}.{number}@example.com".lower()
    return number, f"{first} {last}", email, _CITIES[number % len(_CITIES)]
