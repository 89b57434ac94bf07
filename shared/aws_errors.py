"""The one table that turns AWS's errors into ours, and the one place that applies it.

Codes are compared, not exception names: they differ for RDS (`SnapshotQuotaExceeded` is the code
of `SnapshotQuotaExceededFault`). A code that is not in the table is terminal and loud.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from shared import errors
from shared.errors import RestoreError

if TYPE_CHECKING:
    from botocore.model import OperationModel

_CODES: dict[type[RestoreError], str] = {
    errors.Throttled: """
        Throttling ThrottlingException ThrottledException RequestLimitExceeded RequestThrottled
        TooManyRequestsException ProvisionedThroughputExceededException KMSThrottling
        KmsThrottlingException SlowDown RequestThrottledException BandwidthLimitExceeded
        LimitExceededException PriorRequestNotComplete EC2ThrottledException
    """,
    errors.AwsUnreachable: """
        InternalFailure InternalError InternalServerError InternalServiceError
        InternalServiceException KMSInternalException DependencyTimeoutException
        ServiceUnavailable ServiceUnavailableException RequestTimeout RequestTimeoutException
        BadDigest IDPCommunicationError RequestExpired
    """,
    errors.StateConflict: """
        ConditionalCheckFailedException TransactionConflictException TransactionCanceledException
        TransactionInProgressException IdempotentParameterMismatchException
        ReplicatedWriteConflictException
    """,
    # Something exists that the check just before did not show: the next check decides about it.
    errors.ResourceBusy: """
        DBClusterAlreadyExistsFault DBClusterSnapshotAlreadyExistsFault DBInstanceAlreadyExists
        DBSnapshotAlreadyExists ExportTaskAlreadyExists InsufficientDBClusterCapacityFault
        InsufficientDBInstanceCapacity InsufficientStorageClusterCapacity
        InvalidDBClusterEndpointStateFault InvalidDBClusterSnapshotStateFault
        InvalidDBClusterStateFault InvalidDBInstanceState InvalidDBSecurityGroupState
        InvalidDBSnapshotState InvalidDBSubnetGroupStateFault InvalidExportSourceState
    """,
    errors.KeyNotAccessible: """
        DecryptionFailure DisabledException InvalidArnException InvalidKeyUsageException
        KMSAccessDenied KMSDisabled KMSInvalidState KMSInvalidStateException
        KMSKeyNotAccessibleFault KMSNotFound KMSOptInRequired KmsAccessDeniedException
        KmsInvalidStateException NotFoundException
    """,
    errors.QuotaExceeded: """
        DBClusterAutomatedBackupQuotaExceededFault DBClusterQuotaExceededFault
        DBClusterRoleQuotaExceeded DBInstanceAutomatedBackupQuotaExceeded InstanceQuotaExceeded
        SharedSnapshotQuotaExceeded SnapshotQuotaExceeded StorageQuotaExceeded
        TenantDatabaseQuotaExceeded
    """,
    # An answer to a HEAD has no body; its status is all the code there is.
    errors.ConfigurationError: """
        404 AuthorizationNotFound BackupPolicyNotFoundFault CertificateNotFound
        DBCapacityReservationNotFound InvalidDBCapacityReservationState
        DBClusterParameterGroupNotFound DBParameterGroupNotFound DBSecurityGroupNotFound
        DBSubnetGroupDoesNotCoverEnoughAZs DBSubnetGroupNotFoundFault DomainNotFoundFault
        EndpointDisabled GlobalClusterNotFoundFault IamRoleMissingPermissions IamRoleNotFound
        InvalidGroup.NotFound InvalidGroupId.Malformed InvalidParameter
        InvalidParameterException InvalidRequestException InvalidS3BucketFault InvalidSecurity
        InvalidSubnet InvalidVPCNetworkStateFault NetworkTypeNotSupported NoSuchBucket NotFound
        OptInRequired OptionGroupNotFoundFault ParameterValueInvalid PlatformApplicationDisabled
        ProvisionedIopsNotAvailableInAZFault RegionDisabledException ResourceNotFoundException
        StorageTypeNotAvailableFault StorageTypeNotSupported VpcEncryptionControlViolationException
    """,
    errors.TargetProtected: "InvalidGlobalClusterStateFault",
    errors.SnapshotNotFound: "DBClusterSnapshotNotFoundFault DBSnapshotNotFound",
    errors.RestoreFailed: """
        DBClusterNotFoundFault DBInstanceNotFound InvalidParameterCombination
        InvalidParameterValue InvalidRestoreFault
    """,
    errors.ExportFailed: "ExportTaskNotFound",
    # In no model and no guide, but in answers that many have logged.
    errors.ExportQuotaReached: "ExportTaskLimitReachedFault",
    errors.InternalError: """
        ExecutionDoesNotExist InvalidArn InvalidExportOnly ValidationError ValidationException
    """,
    errors.AccessDenied: """
        403 AccessDenied AccessDeniedException AuthFailure AuthorizationError ExpiredToken
        ExpiredTokenException InvalidClientTokenId SignatureDoesNotMatch UnauthorizedOperation
        UnrecognizedClientException
    """,
}

ERROR_BY_CODE: dict[str, type[RestoreError]] = {
    code: error for error, codes in _CODES.items() for code in codes.split()
}

# How the answers of a service begin and end, by its protocol, errors too. (The examples of the API
# references of RDS and EC2; never compared on an account.)
_ENDS = {
    "json": (b"{", b"}"),
    "query": (b"<", b"Response>"),
    "ec2": (b"<", b"Response>"),
}
_COPIES_UNDER_WAY = re.compile(r"across regions|concurrent|in progress", re.IGNORECASE)


@contextmanager
def named_errors(doing: str) -> Iterator[None]:
    """Raise AWS's errors inside the block as ours; `doing` says what was tried."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        code, message = str(said.get("Code", "")), str(said.get("Message", ""))
        status = int(error.response["ResponseMetadata"].get("HTTPStatusCode", 0))
        name = _name(code, message, status)
        raise name(f"{doing}: AWS answered {code}: {message}") from error
    except (
        botocore_errors.ConnectionError,
        botocore_errors.HTTPClientError,
        ResponseParserError,
    ) as error:
        raise errors.AwsUnreachable(
            f"{doing}: no answer from AWS ({type(error).__name__})."
        ) from error


def check_answer(
    response_dict: Mapping[str, Any], operation_model: "OperationModel", **_: object
) -> None:
    """Raise `ResponseParserError` for what is no answer of the service; botocore parses the rest.

    A proxy's page with status 200 is an empty answer to botocore: of DynamoDB, an item that is not
    there, or a write that was made. Every client calls this before it parses.
    """
    service = operation_model.service_model
    # Before 2025 botocore knew one protocol of each. https://github.com/boto/botocore/pull/3376
    protocol = getattr(service, "resolved_protocol", None) or service.metadata["protocol"]
    if protocol not in _ENDS:
        return
    first, last = _ENDS[protocol]
    body: bytes = response_dict["body"].strip()
    is_whole = body.startswith(first) and body.endswith(last)
    # An error in JSON may be in the headers alone.
    if not is_whole and "x-amzn-errortype" not in response_dict["headers"]:
        raise ResponseParserError(f"HTTP status {response_dict['status_code']}")


def _name(code: str, message: str, http_status: int) -> type[RestoreError]:
    # One code for two quotas. The copies under way ("Cannot copy more than 5 snapshots across
    # regions") pass by waiting, the manual snapshots ("Cannot create more than 100 manual
    # snapshots") do not. https://github.com/pbudzon/aws-maintenance/issues/19 and /12
    if code == "SnapshotQuotaExceeded" and _COPIES_UNDER_WAY.search(message):
        return errors.CopyQuotaReached
    if code in ERROR_BY_CODE:
        return ERROR_BY_CODE[code]
    is_server_error = http_status >= 500 or not code
    return errors.AwsUnreachable if is_server_error else errors.UnexpectedAwsError
