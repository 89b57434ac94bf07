"""An account in a region, with words for what facts do there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from botocore.exceptions import ClientError

from tests.contract.harness.run import Run

ENGINE = "aurora-postgresql"
USERNAME = "contract"
_SAYS_NOTHING = {
    *("AccessDenied", "AccessDeniedException", "ExpiredToken", "UnauthorizedOperation"),
    *("Throttling", "ThrottlingException", "RequestLimitExceeded", "InternalFailure"),
    *("ServiceUnavailable", "OptInRequired", "SignatureDoesNotMatch", "ExpiredTokenException"),
}


class Connect(Protocol):
    """Makes a client of an account in a region, as boto3's sessions do."""

    def __call__(self, service: str, *, region_name: str) -> Any: ...


class Place:
    """An account in a region. Answers of RDS are returned without their envelope."""

    def __init__(self, run: Run, connect: Connect, account_id: str, region: str) -> None:
        self.run = run
        self.account_id = account_id
        self.region = region
        self.answers: dict[str, Any] = {}
        """The last answer to each action, errors too, since somebody emptied it."""
        self._connect = connect
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service, whose answers are noted."""
        if service not in self._clients:
            client = self._connect(service, region_name=self.region)
            client.meta.events.register("after-call", self._note)
            self._clients[service] = client
        return self._clients[service]

    @property
    def rds(self) -> Any:
        return self.client("rds")

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _note(self, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        answer = parsed.get("Error") or {
            key: value for key, value in parsed.items() if key != "ResponseMetadata"
        }
        self.answers[f"{model.service_model.service_name}:{model.name}"] = answer

    def create_cluster(self, word: str = "cluster", **changes: Any) -> str:
        """Begin to make a cluster; returns its identifier. `None` leaves a parameter out."""
        request = {
            "DBClusterIdentifier": self.run.new_name(word),
            "Engine": ENGINE,
            "MasterUsername": USERNAME,
            "MasterUserPassword": self.run.password,
            "CopyTagsToSnapshot": True,
            "Tags": self.run.tags,
            **self.run.network.of_cluster,
            **changes,
        }
        created = self.rds.create_db_cluster(**_given(request))["DBCluster"]
        return str(created["DBClusterIdentifier"])

    def has_cluster(self, word: str = "cluster", **changes: Any) -> str:
        """Make a cluster, and wait for it."""
        return self.settled(self.create_cluster(word, **changes))

    def restore(self, snapshot: str, word: str = "restored", **changes: Any) -> str:
        """Begin to restore a cluster; returns its identifier."""
        request = {
            "DBClusterIdentifier": self.run.new_name(word),
            "SnapshotIdentifier": snapshot,
            "Engine": ENGINE,
            "CopyTagsToSnapshot": True,
            "Tags": self.run.tags,
            **self.run.network.of_cluster,
            **changes,
        }
        restored = self.rds.restore_db_cluster_from_snapshot(**_given(request))["DBCluster"]
        return str(restored["DBClusterIdentifier"])

    def create_instance(self, cluster: str, word: str = "instance", **changes: Any) -> str:
        """Begin to make an instance of the smallest class; returns its identifier."""
        request = {
            "DBInstanceIdentifier": self.run.new_name(word),
            "DBClusterIdentifier": cluster,
            "DBInstanceClass": self.run.instance_class,
            "Engine": ENGINE,
            "PubliclyAccessible": self.run.network.is_public,
            "Tags": self.run.tags,
            **changes,
        }
        created = self.rds.create_db_instance(**_given(request))["DBInstance"]
        return str(created["DBInstanceIdentifier"])

    def has_instance(self, cluster: str, word: str = "instance", **changes: Any) -> str:
        """Make an instance, and wait for it."""
        identifier = self.create_instance(cluster, word, **changes)
        self.wait_for_status(identifier, lambda: self.instance(identifier)["DBInstanceStatus"])
        return identifier

    def take_snapshot(self, cluster: str, word: str = "snapshot", **changes: Any) -> str:
        """Begin to take a snapshot; returns its identifier."""
        request = {
            "DBClusterSnapshotIdentifier": self.run.new_name(word),
            "DBClusterIdentifier": cluster,
            "Tags": self.run.tags,
            **changes,
        }
        taken = self.rds.create_db_cluster_snapshot(**_given(request))["DBClusterSnapshot"]
        return str(taken["DBClusterSnapshotIdentifier"])

    def has_snapshot(self, cluster: str, word: str = "snapshot", **changes: Any) -> str:
        """Take a snapshot, and wait for it."""
        return self.finished(self.take_snapshot(cluster, word, **changes))

    def copy(self, source: str, word: str = "copy", **changes: Any) -> str:
        """Begin to copy a snapshot to here; returns the copy's identifier."""
        request = {
            "SourceDBClusterSnapshotIdentifier": source,
            "TargetDBClusterSnapshotIdentifier": self.run.new_name(word),
            "Tags": self.run.tags,
            **changes,
        }
        copied = self.rds.copy_db_cluster_snapshot(**_given(request))["DBClusterSnapshot"]
        return str(copied["DBClusterSnapshotIdentifier"])

    def modify(self, cluster: str, **changes: Any) -> Any:
        """Change a cluster at once."""
        return self.rds.modify_db_cluster(
            DBClusterIdentifier=cluster, **{"ApplyImmediately": True} | changes
        )["DBCluster"]

    def rename(self, old: str, word: str = "renamed") -> str:
        """Rename a cluster, and wait until only the new name leads to it; returns the new one."""
        new = self.run.new_name(word)
        named_new = [{"Name": "db-cluster-id", "Values": [new]}]
        self.modify(old, NewDBClusterIdentifier=new)
        self.wait_until_gone(lambda: self.cluster(old), "DBClusterNotFoundFault")
        # Neither name may lead to it for a moment.
        self.run.wait_until(
            f"{new} is there",
            lambda: bool(self.rds.describe_db_clusters(Filters=named_new)["DBClusters"]),
        )
        return self.settled(new)

    def cluster(self, identifier: str) -> Any:
        (found,) = self.rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"]
        return found

    def instance(self, identifier: str) -> Any:
        answer = self.rds.describe_db_instances(DBInstanceIdentifier=identifier)
        (found,) = answer["DBInstances"]
        return found

    def snapshot(self, identifier: str, **question: Any) -> Any:
        answer = self.rds.describe_db_cluster_snapshots(
            DBClusterSnapshotIdentifier=identifier, **question
        )
        (found,) = answer["DBClusterSnapshots"]
        return found

    def snapshot_arn(self, identifier: str) -> str:
        return str(self.snapshot(identifier)["DBClusterSnapshotArn"])

    def automated_snapshot(self, cluster: str) -> str:
        """Wait for the first snapshot that RDS takes by itself; returns its identifier."""
        if self.run.nightly:
            self.run.nightly(self.account_id, self.region, cluster)
        found: list[str] = []

        def is_there() -> bool:
            listed = self.rds.describe_db_cluster_snapshots(
                DBClusterIdentifier=cluster, SnapshotType="automated"
            )["DBClusterSnapshots"]
            found.extend(
                each["DBClusterSnapshotIdentifier"]
                for each in listed
                if each["Status"] == "available"
            )
            return bool(found)

        self.run.wait_until("RDS has taken an automated snapshot", is_there)
        return found[0]

    def delete_cluster(self, identifier: str) -> None:
        """Begin to delete a cluster without keeping anything."""
        self.rds.delete_db_cluster(DBClusterIdentifier=identifier, SkipFinalSnapshot=True)

    def settled(self, cluster: str) -> str:
        """Wait until a cluster is available and has no change before it; returns its identifier."""

        def is_settled() -> bool:
            described = self.cluster(cluster)
            is_available = described["Status"] == "available"
            return is_available and not described.get("PendingModifiedValues")

        self.run.wait_until(f"{cluster} is settled", is_settled)
        return cluster

    def finished(self, snapshot: str) -> str:
        """Wait until a snapshot is available; returns its identifier."""
        self.wait_for_status(snapshot, lambda: self.snapshot(snapshot)["Status"])
        return snapshot

    def wait_for_status(
        self, what: str, status_of: Callable[[], str], wanted: str = "available"
    ) -> None:
        self.run.wait_until(f"{what} is {wanted}", lambda: status_of() == wanted)

    def wait_until_gone(self, describe: Callable[[], object], code: str) -> None:
        """Wait until describing something is answered with this code."""

        def is_gone() -> bool:
            try:
                describe()
            except ClientError as error:
                if error.response["Error"]["Code"] == code:
                    return True
                raise
            return False

        self.run.wait_until(f"Nothing but {code}", is_gone)


@contextmanager
def refused(*codes: str) -> Iterator[dict[str, Any]]:
    """Expect AWS to refuse a call with one of these codes; gives the answer after the block.

    What any call may be refused with, for lack of permission or capacity, says nothing of a fact.
    """
    answer: dict[str, Any] = {}
    try:
        yield answer
    except ClientError as error:
        answer.update(error.response)
        code = error.response["Error"]["Code"]
        if code in _SAYS_NOTHING:
            raise
        assert code in codes, f"refused with {code}, not with {' or '.join(codes)}"
    else:
        raise AssertionError(f"accepted, not refused with {' or '.join(codes)}")


def _given(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if value is not None}
