"""The permissions that calls of the emulated services require.

From the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/) and the services' own guides.
Where these are silent, a call requires more rather than less.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from moto.kms.models import kms_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends

from local.calls import Call
from local.iam.required_permissions import RequiredBy, RequiredPermission

_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def _arn(call: Call, account_id: str, resource: str) -> str:
    return f"arn:aws:{call.service}:{call.region}:{account_id}:{resource}"


def _dynamodb(call: Call, account_id: str) -> list[RequiredPermission] | None:
    parameters = call.parameters
    if call.action == "TransactWriteItems":
        return [
            _on_table(call, account_id, _TRANSACTION[operation], item)
            for write in parameters["TransactItems"]
            for operation, item in write.items()
        ]
    if call.action == "ExportTableToPointInTime":
        return list(_export(parameters))
    return [_on_table(call, account_id, call.action, parameters)]


def _export(parameters: Mapping[str, Any]) -> Iterator[RequiredPermission]:
    """DynamoDB writes an export in the name of whoever asks for it, whose role must allow both."""
    yield RequiredPermission("dynamodb:ExportTableToPointInTime", parameters["TableArn"])
    written = f"arn:aws:s3:::{parameters['S3Bucket']}/{parameters['S3Prefix']}/AWSDynamoDB/"
    for action in ("AbortMultipartUpload", "PutObject", "PutObjectAcl"):
        yield RequiredPermission(f"s3:{action}", written)


def _on_table(
    call: Call, account_id: str, action: str, parameters: Mapping[str, Any]
) -> RequiredPermission:
    table = f"table/{parameters['TableName'].rsplit('/', 1)[-1]}"
    if index := parameters.get("IndexName"):
        table += f"/index/{index}"
    item = parameters.get("Key") or parameters.get("Item") or {}
    leading = tuple(value["S"] for name, value in item.items() if name == "operation_id")
    context = {"dynamodb:LeadingKeys": leading} if leading else {}
    return RequiredPermission(f"dynamodb:{action}", _arn(call, account_id, table), context)


def _secretsmanager(call: Call, account_id: str) -> list[RequiredPermission] | None:
    if call.action != "GetSecretValue":
        return None
    named = call.parameters["SecretId"]
    secret = secretsmanager_backends[account_id][call.region].secrets.get(named)
    if secret is None:
        by_name = _arn(call, account_id, f"secret:{named}-000000")
        arn = named if named.startswith("arn:") else by_name
        return [RequiredPermission("secretsmanager:GetSecretValue", arn)]
    reading = RequiredPermission("secretsmanager:GetSecretValue", secret.arn)
    key = _own_key(secret.kms_key_id, call.region, account_id)
    if key is None:
        return [reading]
    context = {
        "kms:ViaService": f"secretsmanager.{call.region}.amazonaws.com",
        "kms:EncryptionContext:SecretARN": secret.arn,
    }
    return [reading, RequiredPermission("kms:Decrypt", key, context)]


def _sns(call: Call, account_id: str) -> list[RequiredPermission] | None:
    if call.action != "Publish":
        return None
    arn = call.parameters["TopicArn"]
    topic = sns_backends[account_id][call.region].topics.get(arn)
    publishing = RequiredPermission("sns:Publish", arn)
    key = _own_key(topic.kms_master_key_id, call.region, account_id) if topic else None
    if key is None:
        return [publishing]
    via_sns = {"kms:ViaService": f"sns.{call.region}.amazonaws.com"}
    encrypting = [
        RequiredPermission(action, key, via_sns)
        for action in ("kms:GenerateDataKey", "kms:Decrypt")
    ]
    return [publishing, *encrypting]


def _kms(call: Call, account_id: str) -> list[RequiredPermission] | None:
    key = _key_arn(call.parameters["KeyId"], call.region, account_id)
    return [RequiredPermission(f"kms:{call.action}", key)]


def _own_key(key: str | None, region: str, account_id: str) -> str | None:
    """The ARN of an account's own key; the policy of AWS's keys lets in whoever uses the service.

    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
    """
    if not key:
        return None
    arn = _key_arn(key, region, account_id)
    existing = kms_backends[account_id][region].keys.get(arn.rsplit("/", 1)[-1])
    is_of_aws = existing is None or any(
        alias.startswith("alias/aws/") for alias in existing.aliases
    )
    return None if is_of_aws else arn


def _key_arn(key: str, region: str, account_id: str) -> str:
    """The ARN of a key that may be given by id, ARN or alias; IAM knows a key by its id alone."""
    if key.startswith("arn:"):
        _, _, _, region, account_id, key = key.split(":", 5)
    if key.startswith("alias/"):
        key = kms_backends[account_id][region].get_key_id_from_alias(key) or key
    return f"arn:aws:kms:{region}:{account_id}:key/{key.removeprefix('key/')}"


def _states(call: Call, account_id: str) -> list[RequiredPermission] | None:  # noqa: ARG001
    return [RequiredPermission(f"states:{call.action}", call.parameters["executionArn"])]


def _sts(call: Call, account_id: str) -> list[RequiredPermission] | None:  # noqa: ARG001
    if call.action != "AssumeRole":
        return None
    return [RequiredPermission("sts:AssumeRole", call.parameters["RoleArn"])]


def _s3(call: Call, account_id: str) -> list[RequiredPermission] | None:  # noqa: ARG001
    if call.action != "HeadBucket":
        return None
    return [RequiredPermission("s3:ListBucket", f"arn:aws:s3:::{call.parameters['Bucket']}")]


def _sqs(call: Call, account_id: str) -> list[RequiredPermission] | None:
    queue = call.parameters["QueueUrl"].rsplit("/", 1)[-1]
    return [RequiredPermission(f"sqs:{call.action}", _arn(call, account_id, queue))]


REQUIRED_BY: Mapping[str, RequiredBy] = {
    "dynamodb": _dynamodb,
    "kms": _kms,
    "s3": _s3,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "states": _states,
    "sts": _sts,
}
