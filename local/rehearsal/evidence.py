"""The proof of a restore: what a user would try, tried."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

import psycopg2
from psycopg2.errors import InsufficientPrivilege

from local.functions.functions import ACCOUNT
from local.rehearsal.availability import Server, Watch, servers
from local.rehearsal.production import LOGINS, MASTER, USERS, Endpoint, endpoint_of, fingerprints
from local.rehearsal.scene import Scene


class Evidence(NamedTuple):
    """Something that must be true of a finished restore, and whether it is."""

    claim: str
    holds: bool
    detail: str = ""


def evidence(scene: Scene, cluster_id: str, region: str) -> Iterator[Evidence]:
    """Try everything that the restore promised; nothing is taken from the pipeline's word."""
    restored = endpoint_of(scene.cloud, cluster_id, region)
    for user, template in USERS.items():
        yield _connects(restored, user, template, scene.passwords[user])
    yield from _same_data(scene, restored)
    reader, writer = _user("read_only"), _user("read_write")
    write = "DELETE FROM customers"
    yield _tried(scene, restored, reader, write, allowed=False)
    yield _tried(scene, restored, writer, write, allowed=True)
    yield _tried(scene, restored, writer, "CREATE TABLE mine ()", allowed=False)
    yield _tried(scene, restored, _user("owner"), "CREATE TABLE mine ()", allowed=True)
    for login in (*LOGINS, MASTER):
        yield _refused(restored, login, scene.production.passwords[login])
    yield _production_answers(scene)
    yield from _nothing_left(scene, region)


def evidence_of_swap(scene: Scene, watch: Watch) -> Iterator[Evidence]:
    """Look at what became of the old cluster, and who served as long as it was watched."""
    seen, target = servers(watch.looks), watch.cluster_id
    # With `swap` the new one is stopped and started for its certificate, and serves twice.
    handed_over = list(dict.fromkeys(server for server in seen if server is not Server.NOBODY))
    went_back = Server.OLD in seen[seen.index(Server.NEW) :] if Server.NEW in seen else False
    yield Evidence(
        f"{target} was served by the old cluster, then by the new one",
        handed_over == [Server.OLD, Server.NEW] and not went_back and seen[-1] is Server.NEW,
        ", ".join(seen) if went_back else "",
    )
    rds = scene.cloud.client("rds", region_name=watch.region)
    clusters = rds.describe_db_clusters()["DBClusters"]
    names = [cluster["DBClusterIdentifier"] for cluster in clusters]
    is_gone = watch.old not in [cluster["DbClusterResourceId"] for cluster in clusters]
    yield Evidence(
        f"the old cluster is gone, and {target} the only one in {watch.region}",
        is_gone and names == [target],
        "" if names == [target] else ", ".join(names),
    )
    manual = rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    finals = [each for each in manual if each["DbClusterResourceId"] == watch.old]
    yield Evidence(
        "its final snapshot is there",
        [snapshot["Status"] for snapshot in finals] == ["available"],
        ", ".join(snapshot["DBClusterSnapshotIdentifier"] for snapshot in finals),
    )


def _user(template: str) -> str:
    return next(name for name, theirs in USERS.items() if theirs == template)


def _connects(endpoint: Endpoint, user: str, template: str, password: str) -> Evidence:
    claim = f"{user} ({template}) connects, certificate verified"
    return _works(claim, lambda: endpoint.connect(user, password).close())


def _works(claim: str, attempt: Callable[[], None]) -> Evidence:
    try:
        attempt()
    except psycopg2.Error as error:
        return Evidence(claim, False, str(error).strip())
    return Evidence(claim, True)


def _same_data(scene: Scene, restored: Endpoint) -> Iterator[Evidence]:
    reader = _user("read_only")
    with closing(restored.connect(reader, scene.passwords[reader])) as copy:
        actual = fingerprints(copy)
    owner = LOGINS[0]
    with closing(
        scene.production.endpoint.connect(owner, scene.production.passwords[owner])
    ) as original:
        expected = fingerprints(original)
    for table in sorted(expected | actual):
        rows, _ = expected.get(table, (0, 0))
        claim = f"{table}: {rows:,} rows, the same as in production"
        yield Evidence(claim, expected.get(table) == actual.get(table))


def _tried(
    scene: Scene, endpoint: Endpoint, user: str, statement: str, *, allowed: bool
) -> Evidence:
    """Whether a statement is permitted; what it does is rolled back."""
    claim = f"{user} {'may' if allowed else 'may not'}: {statement}"
    with closing(endpoint.connect(user, scene.passwords[user])) as opened:
        try:
            with opened.cursor() as cursor:
                cursor.execute(statement)
        except InsufficientPrivilege:
            return Evidence(claim, not allowed)
        finally:
            opened.rollback()
    return Evidence(claim, allowed)


def _refused(endpoint: Endpoint, login: str, password: str) -> Evidence:
    claim = f"production's login {login} is refused"
    try:
        endpoint.connect(login, password).close()
    except psycopg2.OperationalError as refusal:
        _, _, reason = str(refusal).partition("FATAL:")
        return Evidence(claim, bool(reason), "" if reason else str(refusal))
    return Evidence(claim, False, "it was let in")


def _production_answers(scene: Scene) -> Evidence:
    login = LOGINS[0]
    return _works(
        "production still answers to its own logins",
        lambda: scene.production.endpoint.connect(login, scene.production.passwords[login]).close(),
    )


def _nothing_left(scene: Scene, region: str) -> Iterator[Evidence]:
    copies = _copies(scene, region, ACCOUNT)
    yield Evidence("no temporary snapshot is left", not copies, ", ".join(copies))
    if (source := scene.production.account_id) != ACCOUNT:
        copies = _copies(scene, region, source)
        yield Evidence(f"nor is one in account {source}", not copies, ", ".join(copies))
    locks = scene.locks()
    yield Evidence("the lock is released", not locks, ", ".join(locks))


def _copies(scene: Scene, region: str, account_id: str) -> list[str]:
    rds = scene.cloud.client("rds", region_name=region, account_id=account_id)
    manual = rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    names = [str(snapshot["DBClusterSnapshotIdentifier"]) for snapshot in manual]
    return [name for name in names if "-copy-" in name]
