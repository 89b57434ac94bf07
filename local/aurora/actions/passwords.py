"""Master passwords: changed in stages, and kept in a secret when RDS manages them."""

import json
import secrets
from uuid import uuid4

from local.aurora.model.region import Region
from local.aurora.model.resources import Cluster
from local.aurora.model.simulation import Simulation
from local.aurora.rules.errors import invalid_combination
from local.aurora.rules.parameters import Parameters, legal_password

SECRETS_KEY = "alias/aws/secretsmanager"


class MasterPasswords:
    """A new password is pending, is then being reset, and only then opens the database."""

    def __init__(self, simulation: Simulation) -> None:
        self._timeline = simulation.timeline
        self._storage = simulation.storage

    def check(self, cluster: Cluster, parameters: Parameters) -> None:
        """Refuse contradictory wishes before anything changes."""
        manages = parameters.get("ManageMasterUserPassword")
        is_managed = cluster.master_user_secret is not None
        if "MasterUserPassword" in parameters:
            legal_password(parameters["MasterUserPassword"])
            if manages or (is_managed and manages is None):
                raise invalid_combination(
                    "MasterUserPassword cannot be given while RDS manages it."
                )
        elif manages is False and is_managed:
            raise invalid_combination("RDS stops managing a password only for a new one.")
        if key := parameters.get("MasterUserSecretKmsKeyId"):
            Region(cluster.account_id, cluster.region).key_arn(key)

    def change(self, region: Region, cluster: Cluster, parameters: Parameters) -> None:
        """Start what a checked request wants of the master password, if anything."""
        if parameters.get("ManageMasterUserPassword"):
            if cluster.master_user_secret is None:
                key = parameters.get("MasterUserSecretKmsKeyId")
                password = self.create_secret(region, cluster, key)
                self._start(cluster, password)
                self._start_secret(region, cluster, password)
        elif "MasterUserPassword" in parameters:
            self.delete_secret(region, cluster)
            self._start(cluster, parameters["MasterUserPassword"])

    def create_secret(self, region: Region, cluster: Cluster, key: str | None) -> str:
        """Begin making a secret for a new password, and return it; the secret is empty yet."""
        password = secrets.token_urlsafe(24)
        key_arn = region.key_arn(key or SECRETS_KEY)
        secret = region.secrets.create_managed_secret(
            service_name="rds",
            secret_id=f"rds!cluster-{uuid4()}",
            description=f"The master user's password of {cluster.arn}",
            tags=[{"Key": "aws:rds:primaryDBClusterArn", "Value": cluster.arn}],
            kms_key_id=key_arn,
        )
        cluster.master_user_secret = {
            "SecretArn": secret.arn,
            "SecretStatus": "creating",
            "KmsKeyId": key_arn,
        }
        return password

    def activate_secret(self, region: Region, cluster: Cluster, password: str) -> None:
        """Let the secret say what the database knows, or will know."""
        if cluster.master_user_secret is not None:
            content = {"username": cluster.master_username, "password": password}
            region.secrets.put_secret_value(
                secret_id=cluster.master_user_secret["SecretArn"],
                secret_string=json.dumps(content),
                secret_binary=None,
                client_request_token=str(uuid4()),
                version_stages=["AWSCURRENT"],
            )
            cluster.master_user_secret["SecretStatus"] = "active"

    def _start_secret(self, region: Region, cluster: Cluster, password: str) -> None:
        """The secret takes its own time, whatever the cluster's status says meanwhile."""
        secret = cluster.master_user_secret

        def finish() -> None:
            if cluster.master_user_secret is secret:
                self.activate_secret(region, cluster, password)

        self._timeline.start("secret", cluster, finish)

    def delete_secret(self, region: Region, cluster: Cluster) -> None:
        if cluster.master_user_secret is not None:
            region.secrets.delete_secret(
                cluster.master_user_secret["SecretArn"],
                recovery_window_in_days=None,
                force_delete_without_recovery=True,
            )
            cluster.master_user_secret = None

    def _start(self, cluster: Cluster, password: str) -> None:
        is_pending = cluster.new_password is not None
        cluster.new_password = password
        cluster.pending_modified_values["MasterUserPassword"] = "****"
        if not is_pending:
            self._timeline.start("pending", cluster, lambda: self._reset(cluster))

    def _reset(self, cluster: Cluster) -> None:
        if cluster.status != "available":
            self._timeline.start("pending", cluster, lambda: self._reset(cluster))
            return
        cluster.status = "resetting-master-credentials"
        self._timeline.start("password", cluster, lambda: self._take_effect(cluster))

    def _take_effect(self, cluster: Cluster) -> None:
        assert cluster.new_password is not None
        self._storage.set_password(cluster, cluster.new_password)
        cluster.new_password = None
        del cluster.pending_modified_values["MasterUserPassword"]
        cluster.status = "available"
