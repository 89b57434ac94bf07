"""The permissions that calls of RDS require: in RDS itself, in KMS, and for tagging.

RDS asks for everything that a call names, and uses keys with its caller's permissions.
"""

from collections.abc import Mapping
from typing import Any

from local.aurora.model.region import Region
from local.aurora.model.resources import Snapshot
from local.aurora.rules.errors import Fault
from local.aurora.rules.keys import KEY_ACTIONS
from local.aurora.rules.own_role import service_linked_role
from local.calls import Call
from local.iam.conditions import Context
from local.iam.required_permissions import RequiredPermission
from local.iam.sessions import role_of

_KEY_READING = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey")

# What a describing call lists: the kind of resource, and the parameters that name one.
_LISTED = {
    "DescribeDBClusters": {"cluster": "DBClusterIdentifier"},
    "DescribeDBClusterAutomatedBackups": {
        "cluster-auto-backup": "DbClusterResourceId",
        "cluster": "DBClusterIdentifier",
    },
    "DescribeDBInstances": {"db": "DBInstanceIdentifier"},
    "DescribeDBClusterSnapshots": {
        "cluster-snapshot": "DBClusterSnapshotIdentifier",
        "cluster": "DBClusterIdentifier",
    },
    "DescribeBlueGreenDeployments": {"deployment": "BlueGreenDeploymentIdentifier"},
    "DescribeIntegrations": {"integration": "IntegrationIdentifier"},
    "DescribeDBSubnetGroups": {"subgrp": "DBSubnetGroupName"},
    "DescribeDBClusterParameterGroups": {"cluster-pg": "DBClusterParameterGroupName"},
    "DescribeDBParameterGroups": {"pg": "DBParameterGroupName"},
}


def required_by_rds(call: Call, account_id: str) -> list[RequiredPermission] | None:
    """Everything that a call of RDS requires; `None` if the call is unknown."""
    return _RdsCall(call, account_id).required()


class _RdsCall:
    def __init__(self, call: Call, account_id: str) -> None:
        self._action = call.action
        self._parameters: Mapping[str, Any] = call.parameters
        self._place = Region(account_id, call.region)
        self._tagging = {
            f"aws:RequestTag/{key}": value for key, value in _tags(call.parameters).items()
        }

    def required(self) -> list[RequiredPermission] | None:
        if self._action in _LISTED:
            return self._describe(_LISTED[self._action])
        match self._action:
            case "CopyDBClusterSnapshot":
                return self._copy()
            case "ModifyDBClusterSnapshotAttribute" | "DeleteDBClusterSnapshot":
                return [self._rds(self._named("cluster-snapshot", "DBClusterSnapshotIdentifier"))]
            case "RestoreDBClusterFromSnapshot":
                return self._restore()
            case "CreateDBInstance":
                return self._create_instance()
            case "ModifyDBCluster":
                return self._modify()
            case "DeleteDBCluster":
                return self._delete()
            case "StopDBCluster" | "StartDBCluster":
                return [self._rds(self._named("cluster", "DBClusterIdentifier"))]
            case "DeleteDBInstance" | "RebootDBInstance":
                return [self._rds(self._named("db", "DBInstanceIdentifier"))]
            case "AddTagsToResource":
                return [self._rds(self._parameters["ResourceName"], self._tagging)]
            case "StartExportTask":
                return self._export()
        return None

    def _describe(self, kinds: Mapping[str, str]) -> list[RequiredPermission]:
        """Of the first kind what is named, or all; of the others only what is named."""
        named = {kind: self._parameters.get(parameter) for kind, parameter in kinds.items()}
        first = next(iter(kinds))
        return [
            self._rds(self._arn(kind, identifier or "*"))
            for kind, identifier in named.items()
            if identifier or kind == first
        ]

    def _copy(self) -> list[RequiredPermission]:
        source = self._arn(
            "cluster-snapshot", self._parameters["SourceDBClusterSnapshotIdentifier"]
        )
        target = self._named("cluster-snapshot", "TargetDBClusterSnapshotIdentifier")
        return [
            self._rds(source, self._tagging),
            self._rds(target, self._tagging),
            *self._tag(target),
            *self._asked_for_in_the_source(source),
            *self._keys_of_copy(source),
        ]

    def _asked_for_in_the_source(self, source: str) -> list[RequiredPermission]:
        """What a copy across regions requires in the source's, by its `PreSignedUrl`.

        It is a request of the same call, with its target and its tags; GovCloud alone reads it, by
        botocore's model. Nobody has seen how it is judged.
        """
        region = source.split(":")[3]
        if region == self._place.name:
            return []
        name = self._parameters["TargetDBClusterSnapshotIdentifier"].lower()
        there = f"arn:aws:rds:{region}:{self._place.account_id}:cluster-snapshot:{name}"
        return [self._rds(there, self._tagging), *self._tag(there)]

    def _keys_of_copy(self, source: str) -> list[RequiredPermission]:
        snapshot = self._snapshot(source)
        if snapshot is None or snapshot.kms_key_id is None:
            return []
        named = self._parameters.get("KmsKeyId")
        return [
            *_through_rds(snapshot.kms_key_id, snapshot.region, KEY_ACTIONS),
            *(self._key(named, KEY_ACTIONS) if named else []),
        ]

    def _restore(self) -> list[RequiredPermission]:
        source = self._arn("cluster-snapshot", self._parameters["SnapshotIdentifier"])
        cluster = self._named("cluster", "DBClusterIdentifier")
        snapshot = self._snapshot(source)
        key = snapshot.kms_key_id if snapshot else None
        becoming: str | None = self._parameters.get("KmsKeyId", key)
        return [
            *self._own_role(),
            self._rds(cluster, self._tagging),
            *self._tag(cluster),
            self._rds(source),
            self._rds(self._arn("og", "default:aurora-postgresql")),
            *self._rds_of("subgrp", "DBSubnetGroupName"),
            *self._rds_of("cluster-pg", "DBClusterParameterGroupName"),
            *(_through_rds(key, self._place.name, _KEY_READING) if key else []),
            *(self._key(becoming, KEY_ACTIONS) if becoming else []),
        ]

    def _own_role(self) -> list[RequiredPermission]:
        """Of an account that never had a cluster: that RDS may make the role of its own."""
        arn = service_linked_role(self._place.account_id)
        if role_of(arn):
            return []
        return [
            RequiredPermission(
                "iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": "rds.amazonaws.com"}
            )
        ]

    def _create_instance(self) -> list[RequiredPermission]:
        instance = self._named("db", "DBInstanceIdentifier")
        group = self._parameters.get("DBParameterGroupName", "default.aurora-postgresql")
        return [
            self._rds(instance, self._tagging),
            *self._tag(instance),
            self._rds(self._named("cluster", "DBClusterIdentifier"), self._tagging),
            self._rds(self._arn("pg", group)),
            self._rds(self._arn("og", "default:aurora-postgresql")),
            *self._rds_of("subgrp", "DBSubnetGroupName"),
        ]

    def _modify(self) -> list[RequiredPermission]:
        required = [self._rds(self._named("cluster", "DBClusterIdentifier"))]
        if self._parameters.get("ManageMasterUserPassword") == "true":
            # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
            region, account_id = self._place.name, self._place.account_id
            place = f"{region}:{account_id}"
            secret = f"arn:aws:secretsmanager:{place}:secret:rds!cluster-0a1b2c-000000"
            key = f"arn:aws:kms:{place}:key/of-secrets-manager"
            required += [
                RequiredPermission("secretsmanager:CreateSecret", secret),
                RequiredPermission("secretsmanager:TagResource", secret),
                RequiredPermission("kms:DescribeKey", key),
            ]
        return required

    def _delete(self) -> list[RequiredPermission]:
        cluster = self._named("cluster", "DBClusterIdentifier")
        required = [self._rds(cluster)]
        if final := self._parameters.get("FinalDBSnapshotIdentifier"):
            # Since 2025 RDS asks for making and tagging the final snapshot, too.
            snapshot = self._arn("cluster-snapshot", final)
            required += [
                self._rds(snapshot),
                RequiredPermission("rds:CreateDBClusterSnapshot", cluster, self._tags_of(cluster)),
                RequiredPermission("rds:CreateDBClusterSnapshot", snapshot),
                RequiredPermission("rds:AddTagsToResource", snapshot),
            ]
        return required

    def _export(self) -> list[RequiredPermission]:
        return [
            self._rds(self._parameters["SourceArn"]),
            RequiredPermission(
                "iam:PassRole",
                self._parameters["IamRoleArn"],
                {"iam:PassedToService": "export.rds.amazonaws.com"},
            ),
            # The grant for the export is retired at its end (Aurora user guide, exporting to S3).
            *self._key(self._parameters["KmsKeyId"], (*KEY_ACTIONS, "kms:RetireGrant")),
        ]

    def _rds(self, arn: str, context: Context | None = None) -> RequiredPermission:
        """The action itself on one of the resources that it is about."""
        return RequiredPermission(
            f"rds:{self._action}", arn, self._tags_of(arn) | dict(context or {})
        )

    def _rds_of(self, kind: str, parameter: str) -> list[RequiredPermission]:
        return [self._rds(self._named(kind, parameter))] if parameter in self._parameters else []

    def _tag(self, arn: str) -> list[RequiredPermission]:
        """Tags of a call are put on by `AddTagsToResource`, which has to be allowed as well."""
        return (
            [RequiredPermission("rds:AddTagsToResource", arn, self._tagging)]
            if self._tagging
            else []
        )

    def _key(self, key: str, actions: tuple[str, ...]) -> list[RequiredPermission]:
        """Use of a key, which may be given by an alias; none at all if there is no such key."""
        try:
            arn = self._place.key_arn(key)
        except Fault:
            return []  # as RDS will say
        return _through_rds(arn, self._place.name, actions)

    def _named(self, kind: str, parameter: str) -> str:
        return self._arn(kind, self._parameters[parameter])

    def _arn(self, kind: str, identifier: str) -> str:
        if identifier.startswith("arn:"):
            return identifier
        return (
            f"arn:aws:rds:{self._place.name}:{self._place.account_id}:{kind}:{identifier.lower()}"
        )

    def _snapshot(self, arn: str) -> Snapshot | None:
        return Region.of(arn).snapshots.get(arn.split(":", 6)[-1])

    def _tags_of(self, arn: str) -> dict[str, str]:
        """The tags that a resource has by now; those that are shared come without."""
        region, (kind, identifier) = Region.of(arn), arn.split(":", 6)[5:]
        kept: Mapping[str, Any] = {
            "cluster": region.clusters,
            "db": region.instances,
            "cluster-snapshot": region.snapshots,
        }.get(kind, {})
        resource = kept.get(identifier)
        if resource is None or region.account_id != self._place.account_id:
            return {}
        return {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in resource.get_tags()}


def _through_rds(key_arn: str, region: str, actions: tuple[str, ...]) -> list[RequiredPermission]:
    """Use of a key by RDS for its caller; the grants that it makes are for AWS itself."""
    context = {"kms:ViaService": f"rds.{region}.amazonaws.com"}
    for_aws = context | {"kms:GrantIsForAWSResource": "true"}
    return [
        RequiredPermission(action, key_arn, for_aws if action == "kms:CreateGrant" else context)
        for action in actions
    ]


def _tags(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a call, which the protocol sends as `Tags.Tag.1.Key` and `Tags.Tag.1.Value`."""
    keys = [name for name in parameters if name.startswith("Tags.") and name.endswith(".Key")]
    return {parameters[name]: parameters[name.removesuffix("Key") + "Value"] for name in keys}
